"""What is Stripe's own: minor units, tokens, reasons, and what its answers mean."""

import json
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import fake_stripe
import pytest
import stripe as library
from django.utils import timezone
from factories import asked, take
from stages import StripeStage

from payment_service.clients import ChargeRequest, stripe
from payment_service.errors import ProviderAway
from payment_service.models import WebhookEvent
from shared.context import new_id
from shared.money import EXPONENTS, Money

pytestmark = pytest.mark.django_db(transaction=True)
STRIPE = stripe.Stripe()


@pytest.fixture
def stage(stripe_url: str, settings: Any) -> StripeStage:
    settings.PAYMENT_METHODS = ["stripe"]
    return StripeStage(settings, stripe_url)


def request(amount: Money, token: str = "pm_card_visa", key: UUID | None = None) -> ChargeRequest:
    return ChargeRequest(key or new_id(), amount, token, "N-1001", timezone.now())


@pytest.mark.parametrize("amount", [Money(500, "JPY"), Money(1_000, "USD"), Money(5_120, "KWD")], ids=str)
def test_amounts_are_said_in_the_currencys_own_minor_units(stage: StripeStage, amount: Money) -> None:
    charge = STRIPE.charge(request(amount))

    assert (charge.status, charge.taken, stage.charged()) == ("succeeded", amount, [amount.minor])


def test_a_last_digit_that_stripe_does_not_take_is_declined_and_never_rounded(stage: StripeStage) -> None:
    charge = STRIPE.charge(request(Money(5_124, "KWD")))
    transfer = STRIPE.refund(key=new_id(), reference="pi_x", amount=Money(5_124, "KWD"))

    assert (charge.status, charge.reason) == ("declined", "amount_not_taken")
    assert (transfer.done, transfer.reason) == (False, "amount_not_taken")
    assert fake_stripe.resources.store == {}


def test_only_currencies_that_stripe_counts_as_iso_does_are_taken() -> None:
    assert set(EXPONENTS) - stripe.CURRENCIES == {"IQD", "UGX"}


def test_a_token_of_older_pages_is_taken(stage: StripeStage) -> None:
    assert STRIPE.charge(request(Money(100, "USD"), "tok_visa")).status == "succeeded"


def test_a_token_that_stripe_does_not_know_is_a_decline(stage: StripeStage) -> None:
    payment = asked(take(method="stripe", token="ok"))

    assert payment.status == "declined"
    assert payment.reason


def test_the_same_key_is_the_same_charge(stage: StripeStage) -> None:
    wanted = request(Money(100, "USD"))

    first, second = STRIPE.charge(wanted), STRIPE.charge(wanted)

    assert first == second
    assert stage.charged() == [100]


def test_a_key_that_was_cancelled_before_it_was_seen_is_never_charged(stage: StripeStage) -> None:
    wanted = request(Money(100, "USD"))

    assert STRIPE.cancel(wanted, "").status == "cancelled"
    assert STRIPE.charge(wanted).status == "cancelled"
    assert stage.charged() == []


@pytest.mark.parametrize("cancels", [False, True])
def test_a_confirmation_that_failed_inside_stripe_is_tried_again(stage: StripeStage, cancels: bool) -> None:
    wanted = request(Money(100, "USD"))
    fake_stripe.broken.append("/confirm")
    with pytest.raises(ProviderAway):
        STRIPE.charge(wanted)

    charge = STRIPE.cancel(wanted, "") if cancels else STRIPE.charge(wanted)

    assert (charge.status, stage.charged()) == (("cancelled", []) if cancels else ("succeeded", [100]))


def test_a_decline_whose_answer_was_lost_is_a_decline(stage: StripeStage) -> None:
    wanted = request(Money(100, "USD"), stage.declined)
    fake_stripe.lost.append("/confirm")
    with pytest.raises(ProviderAway):
        STRIPE.charge(wanted)

    assert STRIPE.charge(wanted).status == "declined"


def test_a_refund_is_made_once_even_after_stripe_forgot_its_key(stage: StripeStage) -> None:
    charge, key = STRIPE.charge(request(Money(100, "USD"))), new_id()

    first = STRIPE.refund(key=key, reference=charge.reference, amount=Money(40, "USD"))
    fake_stripe.answers.clear()
    second = STRIPE.refund(key=key, reference=charge.reference, amount=Money(40, "USD"))

    assert (first, stage.refunded()) == (second, 40)


def test_a_bank_that_does_not_know_its_customer_declines(stage: StripeStage) -> None:
    payment = asked(take(method="stripe", token=stage.asks))
    stage.declines(payment)

    charge = STRIPE.look_up(payment.provider_reference)

    assert (charge.status, charge.reason) == ("declined", "authentication_failed")


@pytest.mark.parametrize(
    ("code", "decline_code", "reason"),
    [
        ("card_declined", "insufficient_funds", "insufficient_funds"),
        ("card_declined", "stolen_card", "declined"),
        ("card_declined", None, "declined"),
        ("expired_card", None, "expired_card"),
        ("x" * 60, None, "x" * 40),
    ],
)
def test_reasons_are_told_but_not_those_that_stripe_asks_to_keep(
    code: str, decline_code: str | None, reason: str
) -> None:
    body = {"error": {"code": code, "decline_code": decline_code}}

    assert stripe._code_of(library.CardError("no", None, code, json_body=body)) == reason


def test_a_refusal_without_details_is_a_refusal() -> None:
    assert stripe._code_of(library.InvalidRequestError("no", None)) == "refused"


@pytest.mark.parametrize(
    "error",
    [
        library.APIConnectionError("no"),
        library.APIError("no", http_status=500),
        library.APIError("no", http_status=409),
        library.RateLimitError("no"),
        library.IdempotencyError("no"),
        library.AuthenticationError("no"),
    ],
    ids=lambda error: f"{type(error).__name__}-{error.http_status}",
)
def test_where_nobody_knows_what_happened_stripe_is_away(error: Exception) -> None:
    def fails() -> None:
        raise error

    with pytest.raises(ProviderAway):
        stripe._asked(fails)


def test_a_key_that_stripe_does_not_know_is_not_a_decline(stage: StripeStage, settings: Any) -> None:
    settings.STRIPE_SECRET_KEY = "wrong"
    stripe._client.cache_clear()

    with pytest.raises(ProviderAway):
        STRIPE.charge(request(Money(100, "USD")))


def intent(**fields: Any) -> Any:
    return SimpleNamespace(**{"id": "pi_1", "next_action": None, "last_payment_error": None, **fields})


def test_an_amount_that_cannot_be_read_is_no_answer() -> None:
    with pytest.raises(ProviderAway):
        stripe._charge(intent(status="succeeded", amount_received=1, currency="xxx"))


@pytest.mark.parametrize("status", ["processing", "requires_capture", "requires_confirmation", "requires_action"])
def test_what_is_not_decided_is_pending(status: str) -> None:
    assert stripe._charge(intent(status=status)).status == "pending"


def test_names_addresses_and_digits_of_cards_are_not_kept(stage: StripeStage) -> None:
    about = {
        "object": "charge",
        "payment_intent": "pi_1",
        "billing_details": {"name": "Ada"},
        "payment_method_details": {"card": {"last4": "4242"}},
        "refunds": [{"receipt_email": "ada@example.com", "id": "re_1"}],
    }
    event = {"id": "evt_1", "object": "event", "type": "charge.succeeded", "data": {"object": about}}

    assert stage.send(event) == 204

    (kept,) = WebhookEvent.objects.all()
    assert STRIPE.charge_in(kept.payload) == "pi_1"
    assert kept.payload["data"]["object"]["refunds"] == [{"id": "re_1"}]
    assert not any(word in json.dumps(kept.payload) for word in ("Ada", "4242", "ada@"))


@pytest.mark.parametrize("event", [{}, {"data": 1}, {"data": {"object": []}}, {"data": {"object": {"id": 1}}}])
def test_an_event_about_nothing_is_about_no_charge(event: Any) -> None:
    assert STRIPE.charge_in(event) == ""
