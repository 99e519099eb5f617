"""Every path of the service."""

from drf_spectacular.views import SpectacularJSONAPIView

from payment_service.api import (
    bank_files,
    crypto,
    gift_cards,
    ledger,
    payments,
    payout_runs,
    rates,
    reconciliations,
    simulated_chapa,
    simulator,
    statements,
    store_credit,
)
from shared import admin, health
from shared.http import path

handler400 = "shared.http.bad_request"
handler404 = "shared.http.not_found"
handler500 = "shared.http.server_error"

urlpatterns = [
    *health.urlpatterns,
    admin.pages(),
    path("internal/openapi.json", SpectacularJSONAPIView.as_view()),
    path("internal/statements", statements.InternalStatementsView.as_view()),
    path("api/v1/payments", payments.PaymentsView.as_view()),
    path("api/v1/payments/<uuid:payment>", payments.PaymentView.as_view()),
    path("api/v1/payments/<uuid:payment>/refunds", payments.RefundsView.as_view()),
    path("api/v1/payment-methods", payments.MethodsView.as_view()),
    path("api/v1/gift-cards", gift_cards.GiftCardsView.as_view()),
    path("api/v1/gift-cards/redeem", gift_cards.RedeemView.as_view()),
    path("api/v1/gift-cards/<uuid:gift_card>", gift_cards.GiftCardView.as_view()),
    path("api/v1/gift-cards/<uuid:gift_card>/disable", gift_cards.DisableView.as_view()),
    path("api/v1/store-credit", store_credit.StoreCreditView.as_view()),
    path("api/v1/store-credit/movements", store_credit.MovementsView.as_view()),
    path("api/v1/admin/store-credit", store_credit.GrantsView.as_view()),
    path("api/v1/admin/store-credit/<uuid:user>", store_credit.CreditOfView.as_view()),
    path("api/v1/exchange-rates", rates.RatesView.as_view()),
    path("api/v1/payment-webhooks/<slug:provider>", payments.WebhookView.as_view()),
    path("api/v1/admin/financials", ledger.FinancialsView.as_view()),
    path("api/v1/admin/ledger", ledger.LedgerView.as_view()),
    path("api/v1/admin/ledger/trial-balance", ledger.TrialBalanceView.as_view()),
    path("api/v1/admin/payouts", ledger.PayoutsView.as_view()),
    path("api/v1/admin/payouts/<uuid:payout>/approve", payout_runs.ApprovePayoutView.as_view()),
    path("api/v1/admin/payouts/<uuid:payout>/reject", payout_runs.RejectPayoutView.as_view()),
    path("api/v1/admin/payouts/<uuid:payout>/return", bank_files.ReturnView.as_view()),
    path("api/v1/admin/payout-runs", payout_runs.PayoutRunsView.as_view()),
    path("api/v1/admin/payout-runs/<uuid:payout_run>", payout_runs.PayoutRunView.as_view()),
    path("api/v1/admin/payout-runs/<uuid:payout_run>/items", payout_runs.PayoutItemsView.as_view()),
    path("api/v1/admin/payout-runs/<uuid:payout_run>/bank-file", bank_files.BankFileView.as_view()),
    path("api/v1/admin/payout-runs/<uuid:payout_run>/executed", bank_files.ExecutedView.as_view()),
    path("api/v1/admin/payout-runs/<uuid:payout_run>/approve", payout_runs.ApproveRunView.as_view()),
    path("api/v1/admin/payout-runs/<uuid:payout_run>/cancel", payout_runs.CancelRunView.as_view()),
    path("api/v1/admin/crypto-transfers", crypto.TransfersView.as_view()),
    path("api/v1/admin/crypto-transfers/unsigned", crypto.UnsignedView.as_view()),
    path("api/v1/admin/crypto-transfers/<uuid:crypto_transfer>", crypto.TransferView.as_view()),
    path("api/v1/admin/crypto-transfers/<uuid:crypto_transfer>/transaction", crypto.HandInView.as_view()),
    path("api/v1/admin/crypto-charges", crypto.ChargesView.as_view()),
    path("api/v1/admin/coin-prices", crypto.PricesView.as_view()),
    path("api/v1/admin/reconciliations", reconciliations.ReconciliationsView.as_view()),
    path("api/v1/admin/reconciliations/<uuid:reconciliation>", reconciliations.ReconciliationView.as_view()),
    path("api/v1/admin/reconciliations/<uuid:reconciliation>/differences", reconciliations.DifferencesView.as_view()),
    path("crypto/pay/<uuid:payment>", crypto.PayPage.as_view()),
    path("simulator/pay/<uuid:charge>", simulator.HostedPage.as_view()),
    path("simulator/v1/charges", simulator.ChargesView.as_view()),
    path("simulator/v1/charges/<uuid:charge>", simulator.ChargeView.as_view()),
    path("simulator/v1/cancellations", simulator.CancellationsView.as_view()),
    path("simulator/v1/refunds", simulator.RefundsView.as_view()),
    path("simulator/v1/payouts", simulator.PayoutsView.as_view()),
    path("simulator/chapa/v1/transaction/initialize", simulated_chapa.InitializeView.as_view()),
    path("simulator/chapa/v1/transaction/verify/<str:tx_ref>", simulated_chapa.VerifyView.as_view()),
    path("simulator/chapa/v1/transaction/cancel/<str:tx_ref>", simulated_chapa.CancelView.as_view()),
    path("simulator/chapa/v1/refund/<str:reference>", simulated_chapa.RefundView.as_view()),
]
