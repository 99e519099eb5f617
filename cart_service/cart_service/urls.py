"""Every path of the service."""

from drf_spectacular.views import SpectacularJSONAPIView

from shared import health
from shared.http import path

handler400 = "shared.http.bad_request"
handler404 = "shared.http.not_found"
handler500 = "shared.http.server_error"

urlpatterns = [
    *health.urlpatterns,
    path("internal/openapi.json", SpectacularJSONAPIView.as_view()),
]
