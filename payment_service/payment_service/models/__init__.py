"""State of the payment service: payments, refunds, gift cards, the ledger, payouts, and the simulator's own books."""

from payment_service.models.gift_cards import GiftCard
from payment_service.models.ledger import Account, Entry, Posting
from payment_service.models.misfits import Misfit
from payment_service.models.payments import Cancellation, Payment, Refund, WebhookEvent
from payment_service.models.payouts import Payout, Release
from payment_service.models.rates import RateTable
from payment_service.models.simulator import SimulatedCharge, SimulatedTransfer, SimulatedWebhook

__all__ = [
    "Account",
    "Cancellation",
    "Entry",
    "GiftCard",
    "Misfit",
    "Payment",
    "Payout",
    "Posting",
    "RateTable",
    "Refund",
    "Release",
    "SimulatedCharge",
    "SimulatedTransfer",
    "SimulatedWebhook",
    "WebhookEvent",
]
