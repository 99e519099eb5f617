"""State of the payment service: payments, refunds, gift cards, the ledger, payouts, and the simulator's own books."""

from payment_service.models.crypto import ChainCursor, CoinPrice, CryptoCharge, CryptoReceipt, CryptoTransfer
from payment_service.models.gift_cards import GiftCard
from payment_service.models.ledger import Account, Entry, Posting
from payment_service.models.misfits import Misfit
from payment_service.models.payments import Cancellation, Payment, Refund, WebhookEvent
from payment_service.models.payout_accounts import PayoutAccount
from payment_service.models.payout_runs import PayoutItem, PayoutRun
from payment_service.models.payouts import Payout, Release
from payment_service.models.rates import RateTable
from payment_service.models.reconciliations import BANK, Difference, Reconciliation, ReconciliationPage
from payment_service.models.simulator import SimulatedCharge, SimulatedTransfer, SimulatedWebhook
from payment_service.models.vendors import Vendor

__all__ = [
    "BANK",
    "Account",
    "Cancellation",
    "ChainCursor",
    "CoinPrice",
    "CryptoCharge",
    "CryptoReceipt",
    "CryptoTransfer",
    "Difference",
    "Entry",
    "GiftCard",
    "Misfit",
    "Payment",
    "Payout",
    "PayoutAccount",
    "PayoutItem",
    "PayoutRun",
    "Posting",
    "RateTable",
    "Reconciliation",
    "ReconciliationPage",
    "Refund",
    "Release",
    "SimulatedCharge",
    "SimulatedTransfer",
    "SimulatedWebhook",
    "Vendor",
    "WebhookEvent",
]
