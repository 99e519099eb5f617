"""What is Chapa's own: its pages, its words, and that its other side exists only in development."""

import json
from typing import Any

import httpx
import pytest
from django.test import Client
from django.utils import timezone
from factories import asked, refund_of, take
from stages import ChapaStage, everything_is_due

from payment_service.actions import payments, refunds, simulator, webhooks
from payment_service.clients import ChargeRequest, chapa
from payment_service.errors import ProviderAway
from payment_service.models import Payment, SimulatedCharge, WebhookEvent
from payment_service.subscriptions import SUBSCRIPTIONS
from shared.context import new_id
from shared.contracts.payment import CancelPayment, PaymentActionRequired
from shared.messages import MoneyData
from shared.money import Money
from shared.testing import deliver, published

pytestmark = pytest.mark.django_db(transaction=True)
CHAPA = chapa.Chapa()


@pytest.fixture
def stage(live_server: Any, settings: Any) -> ChapaStage:
    settings.PAYMENT_METHODS = ["chapa"]
    settings.PUBLIC_URL = live_server.url
    return ChapaStage(settings, live_server.url)


def request(amount: Money) -> ChargeRequest:
    return ChargeRequest(new_id(), amount, "", "N-1001", timezone.now())


def answers(monkeypatch: pytest.MonkeyPatch, *given: tuple[int, Any] | type[Exception]) -> list[httpx.Request]:
    """Chapa says this, one after another; answers what it was asked."""
    seen, left = [], list(given)

    def answer(asked: httpx.Request) -> httpx.Response:
        seen.append(asked)
        one = left.pop(0)
        if isinstance(one, type):
            raise one("lost")
        return httpx.Response(one[0], text=one[1] if isinstance(one[1], str) else json.dumps(one[1]))

    client = httpx.Client(transport=httpx.MockTransport(answer))
    monkeypatch.setattr(chapa, "_http", lambda: client)
    return seen


def success(**data: Any) -> dict[str, Any]:
    return {"message": "well", "status": "success", "data": data}


def refused(message: str) -> dict[str, Any]:
    return {"message": message, "status": "failed", "data": None}


def test_the_page_is_opened_as_chapa_wants_it(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    settings.CHAPA_SECRET_KEY = "CHASECK_TEST-1"
    seen = answers(monkeypatch, (200, success(checkout_url="https://checkout.chapa.co/checkout/payment/x")))
    wanted = request(Money(10_050, "ETB"))

    charge = CHAPA.charge(wanted)

    (asked_,) = seen
    assert (asked_.method, asked_.url.path) == ("POST", "/v1/transaction/initialize")
    assert asked_.headers["Authorization"] == "Bearer CHASECK_TEST-1"
    body = json.loads(asked_.content)
    assert (body["amount"], body["currency"], body["tx_ref"]) == ("100.50", "ETB", str(wanted.key))
    assert len(body["customization"]["title"]) <= 16
    assert (charge.status, charge.url) == ("requires_action", "https://checkout.chapa.co/checkout/payment/x")


@pytest.mark.parametrize("amount", ["100.5", "100.50", 100.5, "100.500"])
def test_an_amount_is_read_without_a_float(monkeypatch: pytest.MonkeyPatch, amount: Any) -> None:
    answers(monkeypatch, (200, success(status="success", amount=amount, currency="ETB")))

    assert CHAPA.look_up("x").taken == Money(10_050, "ETB")


@pytest.mark.parametrize(
    "answer",
    [
        (200, {"message": "Payment not paid yet", "status": "null", "data": None}),
        (404, refused("Invalid transaction or Transaction not found")),
        (200, success(status="pending")),
        (200, success()),
    ],
)
def test_what_is_not_paid_yet_is_pending(monkeypatch: pytest.MonkeyPatch, answer: Any) -> None:
    answers(monkeypatch, answer)

    assert CHAPA.look_up("x").status == "pending"


@pytest.mark.parametrize(
    "answer",
    [
        (500, ""), (429, "{}"), (401, refused("Invalid API Key")), (200, "<html>"), (200, "[]"), httpx.ReadTimeout,
        (200, success(status="success", amount="1", currency="XXX")), (200, success(status="success", amount="NaN")),
        (200, success(status="success", amount=None, currency="ETB")),
    ],
)  # fmt: skip
def test_what_says_nothing_is_asked_again(monkeypatch: pytest.MonkeyPatch, answer: Any) -> None:
    answers(monkeypatch, answer)

    with pytest.raises(ProviderAway):
        CHAPA.look_up("x")


def test_a_page_without_an_address_is_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    answers(monkeypatch, (200, success()))

    with pytest.raises(ProviderAway):
        CHAPA.charge(request(Money(100, "ETB")))


def test_what_chapa_does_not_take_is_declined(monkeypatch: pytest.MonkeyPatch) -> None:
    answers(monkeypatch, (400, refused("Invalid currency, currency is not supported")))

    assert CHAPA.charge(request(Money(100, "ETB"))).status == "declined"


def test_a_refund_goes_by_chapas_own_reference(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = answers(monkeypatch, (200, success(status="success", reference="APezQ1KKswbb")), (200, success()))
    key = new_id()

    transfer = CHAPA.refund(key=key, reference="ours", amount=Money(250, "ETB"))

    body = json.loads(seen[1].content)
    assert (seen[0].url.path, seen[1].url.path) == ("/v1/transaction/verify/ours", "/v1/refund/APezQ1KKswbb")
    assert (transfer.done, body["amount"], body["reference"]) == (True, "2.50", str(key))


def test_a_refund_that_chapa_refuses_has_failed(stage: ChapaStage) -> None:
    message = take(method="chapa", amount=MoneyData(minor=10_000, currency="ETB"))
    payment = asked(message)
    stage.pays(payment)

    transfer = CHAPA.refund(key=new_id(), reference=str(payment.id), amount=Money(10_001, "ETB"))

    assert (transfer.done, stage.refunded()) == (False, 0)


def test_a_page_whose_address_was_lost_is_closed_and_another_is_opened(stage: ChapaStage) -> None:
    wanted = request(Money(100, "ETB"))
    lost = CHAPA.charge(wanted)

    charge = CHAPA.charge(wanted)

    assert (lost.reference, charge.reference) == (str(wanted.key), f"{wanted.key}-2")
    assert SimulatedCharge.objects.get(key=lost.reference).status == "cancelled"
    assert SimulatedCharge.objects.get(key=charge.reference).status == "requires_action"


def test_what_was_paid_on_a_page_whose_address_was_lost_is_the_payment(stage: ChapaStage) -> None:
    wanted = request(Money(100, "ETB"))
    CHAPA.charge(wanted)
    SimulatedCharge.objects.update(status="succeeded")

    charge = CHAPA.charge(wanted)

    assert (charge.reference, charge.status, charge.taken) == (str(wanted.key), "succeeded", Money(100, "ETB"))


def test_chapas_other_side_tells_what_happened_and_is_believed(stage: ChapaStage, live_server: Any) -> None:
    stage.settings.CHAPA_WEBHOOK_URL = f"{live_server.url}/api/v1/payment-webhooks/chapa"
    payment = asked(take(method="chapa", amount=MoneyData(minor=10_000, currency="ETB")))
    page = published(PaymentActionRequired)[0].next_action.url.removeprefix(live_server.url)
    assert b"100.00 ETB" in Client().get(page).content

    Client().post(page, {"decision": "pay"})
    simulator.send_webhooks()
    webhooks.act_on_webhooks()

    payment.refresh_from_db()
    assert payment.status == "taken"
    assert WebhookEvent.objects.get().payload["event"] == "charge.success"


def test_a_refund_after_a_second_page_is_of_that_page(stage: ChapaStage) -> None:
    message = take(method="chapa", amount=MoneyData(minor=10_000, currency="ETB"))
    deliver(message, SUBSCRIPTIONS)
    CHAPA.charge(ChargeRequest(message.payment_id, Money(10_000, "ETB"), "", "N-1001", timezone.now()))
    payments.ask_providers()
    payment = Payment.objects.get()
    stage.pays(payment)
    everything_is_due(Payment)
    payments.ask_providers()

    deliver(refund_of(message, amount=message.amount), SUBSCRIPTIONS)
    refunds.ask_for_refunds()

    assert payment.provider_reference == f"{payment.id}-2"
    assert stage.refunded() == 10_000


def test_the_signature_of_the_bare_secret_signs_nothing(stage: ChapaStage) -> None:
    body = b'{"event": "charge.success"}'
    bare = chapa.sign(b"hook", secret="hook")

    assert stage.post(body, {"Chapa-Signature": bare, "x-chapa-signature": bare}) == 400
    assert stage.post(body, {"Chapa-Signature": chapa.sign(body, secret="hook")}) == 204


def test_people_are_not_kept(stage: ChapaStage) -> None:
    assert stage.send({"event": "charge.success", "tx_ref": "x", "email": "ada@example.com", "mobile": "09"}) == 204
    assert WebhookEvent.objects.get().payload == {"event": "charge.success", "tx_ref": "x"}


def fake(method: str, path: str, key: str = "CHASECK_TEST-1", body: Any = None) -> Any:
    headers = {"Authorization": f"Bearer {key}"}
    return getattr(Client(), method)(f"/simulator/chapa/v1/{path}", body, "application/json", headers=headers)


def test_chapas_other_side_is_absent_where_it_is_not_wanted(stage: ChapaStage) -> None:
    stage.settings.CHAPA_FAKE = False

    assert fake("post", "transaction/initialize", body={}).status_code == 404


def test_chapas_other_side_asks_for_its_key(stage: ChapaStage) -> None:
    assert fake("post", "transaction/initialize", key="no", body={}).status_code == 401


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "Required attribute: amount, currency, tx_ref"),
        ({"amount": "1", "currency": "EUR", "tx_ref": "x"}, "Invalid currency, currency is not supported"),
        ({"amount": "0.001", "currency": "ETB", "tx_ref": "x"}, "ETB has 2 digits after the point"),
    ],
)
def test_chapas_other_side_refuses_in_chapas_words(stage: ChapaStage, body: Any, message: str) -> None:
    answer = fake("post", "transaction/initialize", body=body)

    assert (answer.status_code, answer.json()) == (400, {"message": message, "status": "failed", "data": None})


def test_a_cancellation_of_what_chapa_never_saw_needs_no_charge(stage: ChapaStage) -> None:
    message = take(method="chapa", amount=MoneyData(minor=10_000, currency="ETB"))
    stage.away()
    asked(message)
    deliver(CancelPayment(payment_id=message.payment_id, order_id=message.order_id), SUBSCRIPTIONS)
    stage.back()

    payments.ask_providers()

    assert (Payment.objects.get().status, SimulatedCharge.objects.count()) == ("declined", 0)
