"""payment_service: takes money, gives it back, and keeps the ledger of whose it is."""

from datetime import date, datetime
from decimal import Decimal
from typing import ClassVar, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from shared.messages import Command, Event, MoneyData


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Split(_Part):
    """A vendor order's share of a payment, in minor units of its currency.

    gross = items − discount + shipping + the tax that is added to them; `tax` is that and what prices contain. The
    vendor is owed gross − tax − commission − commission_tax.
    `commission` is below zero where the platform pays more of a discount than it earns; `commission_tax`, the tax on
    what it charges for its service, never is.
    """

    vendor_order_id: UUID
    vendor_id: UUID
    gross: int
    tax: int
    commission: int
    commission_tax: int = 0


class CryptoDue(_Part):
    """What is to be sent on a chain: `amount` of a coin, or of the `token` at that contract, which is what is missing
    of `expected`; `seen` has come and waits for so many `confirmations`. Amounts are decimal texts. `uri` is EIP-681.
    """

    chain_id: int
    address: str
    symbol: str
    token: str = ""
    expected: str
    amount: str
    seen: str
    confirmations: int
    uri: str


class NextAction(_Part):
    """What the buyer must do: `redirect` to `url`, a page that says it; `crypto` says the same."""

    kind: Literal["redirect"]
    url: str
    expires_at: datetime
    crypto: CryptoDue | None = None


class TakePayment(Command):
    """Take the sum of the splits once. `payment_id` is made by order and is the provider's idempotency key.

    Up to `store_credit` minor units come from the buyer's store credit, the rest from the provider; if it is `exact`,
    less store credit than that means a decline.
    """

    type = "payment.take_payment.v1"
    key = "order_id"
    asked_by: ClassVar[tuple[str, ...]] = ("order",)
    payment_id: UUID
    order_id: UUID
    order_number: str
    user_id: UUID | None
    amount: MoneyData
    method: str
    token: str
    splits: tuple[Split, ...]
    expires_at: datetime
    store_credit: int = 0
    store_credit_exact: bool = False


class CancelPayment(Command):
    """Take nothing for this order any more. What was taken all the same is told as PaymentTaken and then refunded."""

    type = "payment.cancel_payment.v1"
    key = "order_id"
    asked_by: ClassVar[tuple[str, ...]] = ("order",)
    payment_id: UUID
    order_id: UUID


class RefundPayment(Command):
    """Give back the sum of the splits, taken from the vendors' shares that the splits name."""

    type = "payment.refund_payment.v1"
    key = "order_id"
    asked_by: ClassVar[tuple[str, ...]] = ("order",)
    refund_id: UUID
    payment_id: UUID
    order_id: UUID
    return_id: UUID | None = None
    reason: str
    amount: MoneyData
    splits: tuple[Split, ...]


class PaymentTaken(Event):
    """`store_credit` minor units of the amount were the buyer's store credit."""

    type = "payment.payment_taken.v1"
    key = "order_id"
    payment_id: UUID
    order_id: UUID
    amount: MoneyData
    taken_at: datetime
    store_credit: int = 0


class PaymentDeclined(Event):
    """`reason`: declined, insufficient_funds, insufficient_store_credit, expired, cancelled, abandoned, unknown_method,
    currency_not_taken, wrong_amount (what came is on its way back), or a provider's own.
    """

    type = "payment.payment_declined.v1"
    key = "order_id"
    payment_id: UUID
    order_id: UUID
    reason: str


class PaymentActionRequired(Event):
    type = "payment.payment_action_required.v1"
    key = "order_id"
    payment_id: UUID
    order_id: UUID
    next_action: NextAction


class PaymentRefunded(Event):
    """`store_credit` minor units of the amount became store credit again."""

    type = "payment.payment_refunded.v1"
    key = "order_id"
    refund_id: UUID
    payment_id: UUID
    order_id: UUID
    return_id: UUID | None = None
    amount: MoneyData
    splits: tuple[Split, ...] = ()
    store_credit: int = 0


class RefundFailed(Event):
    type = "payment.refund_failed.v1"
    key = "order_id"
    refund_id: UUID
    payment_id: UUID
    order_id: UUID
    reason: str


class StoreCreditChanged(Event):
    """What a buyer can spend in one currency, as the ledger has it; without what is held for open payments."""

    type = "payment.store_credit_changed.v1"
    key = "user_id"
    user_id: UUID
    currency: str
    available: int
    version: int


class VendorBalanceChanged(Event):
    """A vendor's balance in one currency, as the ledger has it."""

    type = "payment.vendor_balance_changed.v1"
    key = "vendor_id"
    vendor_id: UUID
    currency: str
    pending: int
    available: int
    version: int


class PayOut(Command):
    """Pay a vendor from its available balance. Answered by PayoutPaid or PayoutRefused.

    `member_id` is the account of the member who asked for it, who may not approve it.
    """

    type = "payment.pay_out.v1"
    key = "vendor_id"
    asked_by: ClassVar[tuple[str, ...]] = ("vendor",)
    payout_id: UUID
    vendor_id: UUID
    amount: MoneyData
    member_id: UUID | None = None


class PayoutAccountData(_Part):
    """Where a vendor wants its money: an `iban` (with or without `bic`), a `local` account (`account_number` at
    `bank_code`), or an `address` on an EVM chain (kind `evm`).
    """

    kind: Literal["iban", "local", "evm"]
    holder_name: str = ""
    iban: str = ""
    bic: str = ""
    account_number: str = ""
    bank_code: str = ""
    address: str = ""


class KeepPayoutAccount(Command):
    """Pay this vendor there, from `usable_from` on; None: nowhere any more. A command, so that nobody else hears it."""

    type = "payment.keep_payout_account.v1"
    key = "vendor_id"
    sensitive = True
    asked_by: ClassVar[tuple[str, ...]] = ("vendor",)
    vendor_id: UUID
    account: PayoutAccountData | None
    usable_from: datetime
    version: int


class PayoutStarted(Event):
    """Of a payout run: nobody asked for it. Followed by PayoutPaid, PayoutRefused or PayoutReturned."""

    type = "payment.payout_started.v1"
    key = "vendor_id"
    payout_id: UUID
    vendor_id: UUID
    amount: MoneyData


class PayoutPaid(Event):
    type = "payment.payout_paid.v1"
    key = "vendor_id"
    payout_id: UUID
    vendor_id: UUID
    amount: MoneyData
    paid_at: datetime


class PayoutRefused(Event):
    type = "payment.payout_refused.v1"
    key = "vendor_id"
    payout_id: UUID
    vendor_id: UUID
    reason: str


class PayoutReturned(Event):
    """The vendor's bank did not take it, before or after PayoutPaid; the sum is available again."""

    type = "payment.payout_returned.v1"
    key = "vendor_id"
    payout_id: UUID
    vendor_id: UUID
    amount: MoneyData
    reason: str


class ExchangeRate(_Part):
    """One unit of the base is worth `rate` units of `currency`."""

    currency: str
    rate: Decimal


class ExchangeRatesPublished(Event):
    """All rates of a day; the highest version counts, and what it does not name has no rate any more."""

    type = "payment.exchange_rates_published.v1"
    key = "base"
    base: str
    day: date
    rates: tuple[ExchangeRate, ...]
    version: int
