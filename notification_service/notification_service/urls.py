"""Every path of the service."""

from drf_spectacular.views import SpectacularJSONAPIView

from notification_service.api import deliveries, evidence, inbox, simulator
from shared import admin, health
from shared.http import path

handler400 = "shared.http.bad_request"
handler404 = "shared.http.not_found"
handler500 = "shared.http.server_error"

urlpatterns = [
    *health.urlpatterns,
    admin.pages(),
    path("internal/openapi.json", SpectacularJSONAPIView.as_view()),
    *evidence.paths,
    path("simulator/sms/2010-04-01/Accounts/<str:account>/Messages.json", simulator.MessagesView.as_view()),
    path("api/v1/notifications", inbox.InboxView.as_view()),
    path("api/v1/notifications/unread-count", inbox.UnreadView.as_view()),
    path("api/v1/notifications/read-all", inbox.ReadAllView.as_view()),
    path("api/v1/notifications/<uuid:notification>/read", inbox.ReadView.as_view()),
    path("api/v1/notification-preferences", inbox.PreferencesView.as_view()),
    path("api/v1/admin/notification-deliveries", deliveries.DeliveriesView.as_view()),
    path("api/v1/admin/notification-deliveries/<uuid:delivery>", deliveries.DeliveryView.as_view()),
    path("api/v1/admin/notification-deliveries/<uuid:delivery>/resend", deliveries.ResendView.as_view()),
]
