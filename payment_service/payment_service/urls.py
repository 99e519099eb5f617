"""Every path of the service."""

from drf_spectacular.views import SpectacularJSONAPIView

from payment_service.api import ledger, payments, rates, simulator
from shared import admin, health
from shared.http import path

handler400 = "shared.http.bad_request"
handler404 = "shared.http.not_found"
handler500 = "shared.http.server_error"

urlpatterns = [
    *health.urlpatterns,
    admin.pages(),
    path("internal/openapi.json", SpectacularJSONAPIView.as_view()),
    path("api/v1/payments", payments.PaymentsView.as_view()),
    path("api/v1/payments/<uuid:payment>", payments.PaymentView.as_view()),
    path("api/v1/payments/<uuid:payment>/refunds", payments.RefundsView.as_view()),
    path("api/v1/payment-methods", payments.MethodsView.as_view()),
    path("api/v1/exchange-rates", rates.RatesView.as_view()),
    path("api/v1/payment-webhooks/<slug:provider>", payments.WebhookView.as_view()),
    path("api/v1/admin/financials", ledger.FinancialsView.as_view()),
    path("api/v1/admin/ledger", ledger.LedgerView.as_view()),
    path("api/v1/admin/ledger/trial-balance", ledger.TrialBalanceView.as_view()),
    path("api/v1/admin/payouts", ledger.PayoutsView.as_view()),
    path("simulator/pay/<uuid:charge>", simulator.HostedPage.as_view()),
    path("simulator/v1/charges", simulator.ChargesView.as_view()),
    path("simulator/v1/charges/<uuid:charge>", simulator.ChargeView.as_view()),
    path("simulator/v1/cancellations", simulator.CancellationsView.as_view()),
    path("simulator/v1/refunds", simulator.RefundsView.as_view()),
    path("simulator/v1/payouts", simulator.PayoutsView.as_view()),
]
