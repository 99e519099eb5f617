"""Stripe, by its own library: payment intents, refunds, signed webhooks.

A charge takes two calls: an intent is made, which moves no money, and then confirmed. So a charge whose answer was lost
can be cancelled: the intent is made again with the same key, which is the same intent, and is cancelled.
"""

import logging
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, TypeVar
from uuid import UUID

import stripe
from django.conf import settings

from payment_service.clients.events import read_event
from payment_service.clients.port import Charge, ChargeRequest, Record, RecordPage, Transfer
from payment_service.errors import BadSignature, ProviderAway
from shared.money import EXPONENTS, Money, MoneyError

log = logging.getLogger("nexus.payments")
logging.getLogger("stripe").setLevel(logging.WARNING)  # what it says of each request is more than ours should keep
stripe.enable_telemetry = False

CURRENCIES = frozenset(EXPONENTS) - {"IQD", "UGX"}
"""Stripe's minor units are ISO's for these. Dinars of Iraq it does not take, and shillings of Uganda it counts in
hundredths that do not exist: nobody shall be charged a hundred times too much.
"""
TOLERANCE_SECONDS = 300
SIGNATURE_HEADER = "Stripe-Signature"
PRIVATE = {"billing_details", "payment_method_details", "shipping", "receipt_email", "receipt_url", "client_secret"}
"""What is not kept of a webhook: people's names and addresses, digits of cards, and a secret that opens the payment."""
_UNSPOKEN = {"card_declined", "generic_decline", "fraudulent", "lost_card", "stolen_card", "merchant_blacklist", ""}
"""Stripe asks not to tell buyers of these more than that the card was declined."""

_REFUSED = (stripe.CardError, stripe.InvalidRequestError)
"""Answers by which nothing happened, and nothing will."""
T = TypeVar("T")


class Stripe:
    """Implements clients.port.Provider and KeepsRecords: its balance transactions, which are its own ledger."""

    listed = frozenset({"charge", "refund"})

    def charge(self, request: ChargeRequest) -> Charge:
        if not _can_be_said(request.amount):
            return Charge("", "declined", "amount_not_taken")
        try:
            intent = _made(request)
        except _REFUSED as error:
            return Charge("", "declined", _code_of(error))
        return self._confirmed(intent.id)

    def _confirmed(self, reference: str) -> Charge:
        """Without a key of ours: an intent is charged once anyhow, and by the same key Stripe would say again that it
        failed inside, for a day.
        """
        params: Any = {"return_url": settings.PAYMENT_RETURN_URL}
        try:
            return _charge(_asked(lambda: _client().v1.payment_intents.confirm(reference, params)))
        except stripe.CardError as error:
            return Charge(reference, "declined", _code_of(error))
        except stripe.InvalidRequestError as error:  # it was cancelled meanwhile, is confirmed, or cannot be
            found = _found(reference)
            refused = Charge(reference, "declined", _code_of(error))
            return refused if found.status == "requires_confirmation" else _charge(found)

    def look_up(self, reference: str) -> Charge:
        return _charge(_found(reference))

    def cancel(self, request: ChargeRequest, reference: str) -> Charge:
        """The intent that is made here only to be cancelled keeps the key from being charged ever after."""
        try:
            reference = reference or _made(request).id
        except _REFUSED:
            return Charge("", "cancelled")
        try:
            return _charge(_asked(lambda: _client().v1.payment_intents.cancel(reference)))
        except stripe.InvalidRequestError:  # it was taken, or has been cancelled
            return self.look_up(reference)

    def refund(self, *, key: UUID, reference: str, amount: Money) -> Transfer:
        if not _can_be_said(amount):
            return Transfer("", False, "amount_not_taken")
        try:
            refund = _refund_of(reference, key) or _refunded(reference, key, amount)
        except _REFUSED as error:
            return Transfer("", False, _code_of(error))
        done = refund.status in {"succeeded", "pending"}  # pending: Stripe has it, the bank not yet
        return Transfer(refund.id, done, "" if done else str(refund.status or "refused"))

    def pay_out(self, *, key: UUID, vendor_id: UUID, amount: Money) -> Transfer:
        return Transfer("", False, "payouts_are_off")

    def event_of(self, *, body: bytes, headers: Mapping[str, str]) -> tuple[str, dict[str, Any]]:
        check_signature(body, headers.get(SIGNATURE_HEADER, ""))
        try:
            event = read_event(body)
            return str(event["id"])[:200], _without(event, PRIVATE)
        except KeyError:
            raise BadSignature("The event cannot be read.") from None

    def charge_in(self, event: dict[str, Any]) -> str:
        """Events are about an intent, or about a charge or refund of one."""
        data = event.get("data")
        about = data.get("object") if isinstance(data, dict) else None
        if not isinstance(about, dict):
            return ""
        reference = about.get("id") if about.get("object") == "payment_intent" else about.get("payment_intent")
        return reference if isinstance(reference, str) else ""

    def records(self, *, since: datetime, until: datetime, after: str) -> RecordPage:
        days = {"gte": int(since.timestamp()), "lt": int(until.timestamp())}
        params: Any = {"created": days, "limit": 100, "expand": ["data.source"]}
        if after:
            params["starting_after"] = after
        try:
            page = _asked(lambda: _client().v1.balance_transactions.list(params))
        except _REFUSED as error:
            raise ProviderAway(f"Stripe does not list: {_code_of(error)}.") from None
        lines = [one for one in page.data if one.reporting_category in _KINDS]
        told = [record for one in lines if (record := _record(one))]
        if skipped := len(lines) - len(told):
            log.warning("%s rows of Stripe's list are skipped: their currency is not traded here", skipped)
        return RecordPage(told, page.data[-1].id if page.has_more and page.data else "")


@lru_cache(maxsize=1)
def _client() -> stripe.StripeClient:
    """Tries once: who asks again, and when, is the worker's to say."""
    http = stripe.RequestsClient(timeout=settings.PROVIDER_TIMEOUT_SECONDS)
    addresses: Any = {"api": settings.STRIPE_URL} if settings.STRIPE_URL else {}
    key = settings.STRIPE_SECRET_KEY
    return stripe.StripeClient(key, base_addresses=addresses, http_client=http, max_network_retries=0)


def _asked(question: Callable[[], T]) -> T:
    """Raises ProviderAway where it is not known what happened, or where asking later may help: no answer, 5xx, 409 (the
    same key is being handled), 429, and keys that Stripe does not accept. A refusal is raised as it is.
    """
    try:
        return question()
    except _REFUSED:
        raise
    except (stripe.StripeError, ValueError) as error:
        raise ProviderAway(f"Stripe does not answer: {type(error).__name__}.") from None


def _made(request: ChargeRequest) -> stripe.PaymentIntent:
    """The intent of this key. Raises one of _REFUSED."""
    params: Any = {
        "amount": request.amount.minor,
        "currency": request.amount.currency.lower(),
        "description": request.description,
        "metadata": {"payment_id": str(request.key)},
        "payment_method_types": ["card"],
        **_paid_with(request.token),
    }
    options: Any = {"idempotency_key": str(request.key)}
    return _asked(lambda: _client().v1.payment_intents.create(params, options))


def _found(reference: str) -> stripe.PaymentIntent:
    try:
        return _asked(lambda: _client().v1.payment_intents.retrieve(reference))
    except stripe.InvalidRequestError as error:
        raise ProviderAway(f"Stripe does not know {reference}: {_code_of(error)}.") from None


def _refund_of(reference: str, key: UUID) -> stripe.Refund | None:
    """The one that was made with this key: Stripe forgets keys after a day, and a refund is asked for longer."""
    params: Any = {"payment_intent": reference, "limit": 100}
    made = _asked(lambda: _client().v1.refunds.list(params))
    return next((one for one in made.data if getattr(one.metadata, "refund_id", "") == str(key)), None)


def _refunded(reference: str, key: UUID, amount: Money) -> stripe.Refund:
    params: Any = {"payment_intent": reference, "amount": amount.minor, "metadata": {"refund_id": str(key)}}
    options: Any = {"idempotency_key": str(key)}
    return _asked(lambda: _client().v1.refunds.create(params, options))


def _paid_with(token: str) -> dict[str, Any]:
    """Stripe.js gives a payment method (`pm_…`), or in older pages a token (`tok_…`)."""
    if token.startswith("tok_"):
        return {"payment_method_data": {"type": "card", "card": {"token": token}}}
    return {"payment_method": token}


def _can_be_said(amount: Money) -> bool:
    """Of currencies with three digits Stripe takes no last digit but 0. Rounding would charge what nobody agreed to."""
    return amount.currency in CURRENCIES and (EXPONENTS[amount.currency] < 3 or amount.minor % 10 == 0)


def _charge(intent: stripe.PaymentIntent) -> Charge:
    match intent.status:
        case "succeeded":
            return Charge(intent.id, "succeeded", taken=_taken(intent))
        case "requires_action":
            page = _page_of(intent)
            return Charge(intent.id, "requires_action" if page else "pending", url=page)
        case "canceled":
            return Charge(intent.id, "cancelled")
        case "requires_payment_method":
            return Charge(intent.id, "declined", _spoken(_said_in(intent.last_payment_error)))
        case _:
            return Charge(intent.id, "pending")


def _taken(intent: stripe.PaymentIntent) -> Money:
    """An answer that is no amount is no answer."""
    try:
        return Money(intent.amount_received, intent.currency.upper())
    except MoneyError as error:
        raise ProviderAway(f"Stripe took a strange amount: {error}.") from None


_KINDS = {
    "charge": "charge",
    "refund": "refund",
    "refund_failure": "refund_return",
    "dispute": "dispute",
}
"""Stripe's reporting categories. What it is paid itself, and what it pays to our bank, moves nobody else's money."""


def _record(line: stripe.BalanceTransaction) -> Record | None:
    """In the currency that the buyer paid in: the line may be converted. Without its source: as the line says. None: in
    a currency that nobody trades here.
    """
    kind = _KINDS[line.reporting_category]
    source: Any = line.source
    told = line if source is None or isinstance(source, str) or kind == "dispute" else source
    if told.currency.upper() not in EXPONENTS:
        return None
    try:
        amount = Money(abs(int(getattr(told, "amount_captured", None) or told.amount)), told.currency.upper())
    except MoneyError as error:
        raise ProviderAway(f"Stripe lists a strange amount: {error}.") from None
    reference = str(getattr(source, "id", source) or line.id)
    return Record(kind, _key_of(kind, source), reference, amount, datetime.fromtimestamp(line.created, UTC))


def _key_of(kind: str, source: Any) -> str:
    """What we wrote upon it; else the intent, by which a charge is known here."""
    name = "payment_id" if kind in {"charge", "dispute"} else "refund_id"
    intent = getattr(source, "payment_intent", None) if name == "payment_id" else ""
    return str(getattr(getattr(source, "metadata", None), name, None) or getattr(intent, "id", intent) or "")


def _page_of(intent: stripe.PaymentIntent) -> str:
    """Where the buyer's bank asks for the second factor (3-D Secure)."""
    action = intent.next_action
    page = action.redirect_to_url if action and action.type == "redirect_to_url" else None
    return (page.url or "") if page else ""


def _code_of(error: stripe.CardError | stripe.InvalidRequestError) -> str:
    return _spoken(_said_in(error.error) or error.code or "refused")


def _said_in(error: object) -> str:
    """What is absent from Stripe's objects is no attribute of them."""
    return getattr(error, "decline_code", None) or getattr(error, "code", None) or ""


def _spoken(code: str) -> str:
    if code == "payment_intent_authentication_failure":
        return "authentication_failed"
    return "declined" if code in _UNSPOKEN else code[:40]


def _without(value: Any, names: set[str]) -> Any:
    if isinstance(value, dict):
        return {name: _without(one, names) for name, one in value.items() if name not in names}
    return [_without(one, names) for one in value] if isinstance(value, list) else value


def check_signature(body: bytes, header: str) -> None:
    """By the library, against every active secret, so that secrets can be changed with an overlap; a time to come it
    would not mind. Raises BadSignature.
    """
    for secret in settings.STRIPE_WEBHOOK_SECRETS:
        try:
            stripe.WebhookSignature.verify_header(body, header, secret, TOLERANCE_SECONDS)
        except (stripe.SignatureVerificationError, ValueError, TypeError):  # the last: it is not ASCII
            continue
        _refuse_the_future(header)
        return
    raise BadSignature("The signature does not match, or is too old.")


def _refuse_the_future(header: str) -> None:
    at = next(int(part[2:]) for part in header.split(",") if part.startswith("t="))
    if at - time.time() > TOLERANCE_SECONDS:
        raise BadSignature("The signature is from the future.")
