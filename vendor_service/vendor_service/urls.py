"""Every path of the service."""

from drf_spectacular.views import SpectacularJSONAPIView

from shared import admin, health
from shared.http import path
from vendor_service.api import applications, payout_accounts, payouts, statements, vendors

handler400 = "shared.http.bad_request"
handler404 = "shared.http.not_found"
handler500 = "shared.http.server_error"

urlpatterns = [
    *health.urlpatterns,
    admin.pages(),
    path("internal/openapi.json", SpectacularJSONAPIView.as_view()),
    path("api/v1/vendor-applications", applications.ApplicationsView.as_view()),
    path("api/v1/vendor-applications/<uuid:application>", applications.ApplicationView.as_view()),
    path("api/v1/vendors", vendors.VendorsView.as_view()),
    path("api/v1/vendors/me", vendors.OwnVendorView.as_view()),
    path("api/v1/vendors/me/balance", payouts.BalanceView.as_view()),
    path("api/v1/vendors/me/payouts", payouts.PayoutsView.as_view()),
    path("api/v1/vendors/me/payouts/<uuid:payout>", payouts.PayoutView.as_view()),
    path("api/v1/vendors/me/payout-account", payout_accounts.PayoutAccountView.as_view()),
    path("api/v1/vendors/me/statements", statements.StatementsView.as_view()),
    path("api/v1/vendors/me/statements.csv", statements.StatementsCsvView.as_view()),
    path("api/v1/vendors/<str:vendor>", vendors.VendorView.as_view()),
    path("api/v1/admin/vendor-applications", applications.AdminApplicationsView.as_view()),
    path("api/v1/admin/vendor-applications/<uuid:application>", applications.AdminApplicationView.as_view()),
    path("api/v1/admin/vendor-applications/<uuid:application>/approve", applications.ApproveView.as_view()),
    path("api/v1/admin/vendor-applications/<uuid:application>/reject", applications.RejectView.as_view()),
    path("api/v1/admin/vendors", vendors.AdminVendorsView.as_view()),
    path("api/v1/admin/vendors/<uuid:vendor>", vendors.AdminVendorView.as_view()),
]
