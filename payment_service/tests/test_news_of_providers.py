"""What every provider tells, by webhooks: twice, in the wrong order, signed or not."""

import json
from typing import Any

import pytest
from factories import balances
from play import ask_again, asks_the_buyer, state, told

from payment_service.actions import webhooks
from payment_service.models import Payment, WebhookEvent
from shared.contracts.payment import (
    PaymentDeclined,
    PaymentTaken,
)
from shared.testing import published

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _who_tells(stage: Any) -> None:
    if not stage.tells:
        pytest.skip("tells nothing: it is read (test_chain.py)")


def test_the_same_news_three_times_act_once(stage: Any) -> None:
    message, payment = asks_the_buyer(stage)
    stage.pays(payment)
    (event,) = stage.news()

    told(stage, [event, event, event])
    ask_again(stage)

    assert state(message) == ("taken", "")
    assert (WebhookEvent.objects.count(), len(published(PaymentTaken))) == (1, 1)
    assert balances()["provider"] == 10_000


def test_old_news_that_come_last_change_nothing(stage: Any) -> None:
    message, payment = asks_the_buyer(stage)
    old = json.loads(json.dumps(_failed(stage, payment)))
    stage.pays(payment)

    told(stage, stage.news())
    told(stage, [old])
    ask_again(stage)

    assert state(message) == ("taken", "")
    assert published(PaymentDeclined) == []


def _failed(stage: Any, payment: Payment) -> dict[str, Any]:
    """What the provider would say of a try that did not succeed."""
    if stage.method == "stripe":
        about = {"object": "payment_intent", "id": payment.provider_reference, "status": "requires_payment_method"}
        return {"id": "evt_old", "object": "event", "type": "payment_intent.payment_failed", "data": {"object": about}}
    if stage.method == "chapa":
        return {"event": "charge.failed/cancelled", "status": "failed", "tx_ref": payment.provider_reference}
    return {"id": "old", "type": "charge.declined", "charge": payment.provider_reference}


def test_news_of_what_is_not_ours_are_kept_and_given_up(stage: Any) -> None:
    payment = Payment(provider_reference="00000000-0000-0000-0000-000000000000")

    told(stage, [_failed(stage, payment)])
    WebhookEvent.objects.update(attempts=webhooks.ATTEMPTS)
    ask_again(stage)

    assert WebhookEvent.objects.get().handled_at is not None


def news(stage: Any) -> bytes:
    return json.dumps(_failed(stage, Payment(provider_reference="x"))).encode()


def test_what_the_provider_did_not_sign_is_refused(stage: Any) -> None:
    body = news(stage)
    (name,) = stage.signed(body)

    for headers in ({}, {name: ""}, {name: "é"}, {name: "t=1,v1=x"}, {name: "t=,v1"}, stage.signed(body, secret="no")):
        assert stage.post(body, headers) == 400
    assert stage.post(body.replace(b"x", b"y"), stage.signed(body)) == 400
    assert stage.post(b"\xff", {name: "t=1,v1=x"}) == 400
    assert WebhookEvent.objects.count() == 0


@pytest.mark.parametrize("seconds", [-302, 302])
def test_an_old_or_a_future_signature_is_refused(stage: Any, seconds: int) -> None:
    if not stage.signs_times:
        pytest.skip("signs no times; what an event says is read from the provider")
    body = news(stage)

    assert stage.post(body, stage.signed(body, seconds=seconds)) == 400
    assert stage.post(body, stage.signed(body, seconds=seconds // 2)) == 204


def test_two_secrets_overlap(stage: Any) -> None:
    body = news(stage)
    stage.secrets("new", "old")

    assert [stage.post(body, stage.signed(body, secret=one)) for one in ("new", "old", "older")] == [204, 204, 400]


def test_without_a_secret_nothing_is_believed(stage: Any) -> None:
    body = news(stage)
    signed = stage.signed(body, secret="any")
    stage.secrets()

    assert stage.post(body, signed) == 400


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'"x"', b"1"])
def test_what_is_signed_but_makes_no_sense_is_refused(stage: Any, body: bytes) -> None:
    assert stage.post(body, stage.signed(body)) == 400
