"""Every path of the gateway's own."""

from gateway import api
from shared.http import path

handler400 = "shared.http.bad_request"
handler404 = "shared.http.not_found"
handler500 = "shared.http.server_error"

urlpatterns = [
    path("", api.home),
    path("health", api.fleet_health),
    path("health/live", api.own_health),
    path("health/ready", api.own_health),
    path("status", api.status),
    path("api/docs", api.swagger),
    path("api/redoc", api.redoc),
    path("api/events", api.event_catalogue),
    path("api/postman.json", api.postman_collection),
    path("api/v1/openapi.json", api.openapi_document),
    path("problems/<slug:code>", api.problem),
    path("admin", api.operators),
    path("admin/login", api.sign_in),
    path("admin/session", api.operator_session),
    path("admin/session/renewal", api.operator_renewal),
    path("admin/session/end", api.sign_out),
    path("admin/history", api.history),
    path("admin/<slug:service>", api.records),
    path("internal/sessions/<uuid:session_id>", api.session),
]
