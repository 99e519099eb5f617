"""Over HTTP: who sees which payment, the admin's books, webhooks that nobody can forge."""

import json
import time
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from factories import asked, hear, pay_out, released, split, take

from payment_service.actions import payouts
from payment_service.clients.simulator import sign
from payment_service.models import WebhookEvent
from shared.testing import body, client_as

pytestmark = pytest.mark.django_db(transaction=True)
HOOK = "/api/v1/payment-webhooks/simulator"


@pytest.fixture
def paid(provider: Any) -> Any:
    message = take()
    asked(message)
    return message


def without_id(problem: Any) -> Any:
    return {key: value for key, value in body(problem).items() if key != "request_id"}


def test_a_buyer_sees_the_own_payment(paid: Any) -> None:
    client = client_as("customer", user_id=paid.user_id)

    seen = body(client.get(f"/api/v1/payments/{paid.payment_id}"))
    listed = body(client.get("/api/v1/payments"))["results"]

    assert (seen["status"], seen["amount"]) == ("taken", {"amount": "100.00", "currency": "USD"})
    assert (seen["order_id"], seen["refunds"]) == (str(paid.order_id), [])
    assert [one["id"] for one in listed] == [seen["id"]]
    assert "token" not in seen


def test_another_buyers_payment_is_as_good_as_absent(paid: Any) -> None:
    client = client_as("customer")

    theirs, absent = client.get(f"/api/v1/payments/{paid.payment_id}"), client.get(f"/api/v1/payments/{uuid4()}")

    assert (theirs.status_code, without_id(theirs)) == (404, without_id(absent))
    assert body(client.get("/api/v1/payments"))["results"] == []


def test_a_guest_sees_no_payment(paid: Any) -> None:
    assert client_as().get(f"/api/v1/payments/{paid.payment_id}").status_code == 401


@pytest.mark.parametrize("path", ["financials", "ledger", "ledger/trial-balance", "payouts"])
def test_the_books_are_for_admins(path: str) -> None:
    assert client_as().get(f"/api/v1/admin/{path}").status_code == 401
    assert client_as("customer").get(f"/api/v1/admin/{path}").status_code == 403
    assert client_as("admin").get(f"/api/v1/admin/{path}").status_code == 200


def test_financials_add_up_with_the_ledger(provider: Any) -> None:
    message = take(split())
    asked(message)
    released(message)
    hear(pay_out(1_500))
    payouts.ask_for_payouts()
    admin = client_as("admin")

    money = body(admin.get("/api/v1/admin/financials"))["currencies"][0]
    balance = body(admin.get("/api/v1/admin/ledger/trial-balance"))["currencies"][0]
    entries = body(admin.get("/api/v1/admin/ledger"))["results"]

    amounts = {name: value["amount"] for name, value in money.items() if name != "currency"}
    assert amounts == {
        "taken": "60.00", "refunded": "0.00", "commission": "5.00",
        "commission_tax": "0.00", "tax": "10.00", "vendors_pending": "0.00",
        "vendors_available": "30.00", "payouts_in_transit": "0.00", "paid_out": "15.00", "at_provider": "45.00",
        "gift_cards": "0.00", "store_credit": "0.00", "given_away": "0.00",
        "unclaimed": "0.00",
    }  # fmt: skip
    assert balance["difference"] == {"amount": "0.00", "currency": "USD"}
    assert [entry["kind"] for entry in entries] == ["payout_paid", "payout", "release", "payment"]


@pytest.mark.parametrize("query", ["kind=theft", "reference=x", "cursor=cD14eXo=", "cursor=cD0lMDA=", "unknown=1"])
def test_odd_questions_about_the_ledger_are_refused(query: str) -> None:
    assert client_as("admin").get(f"/api/v1/admin/ledger?{query}").status_code in {400, 404}


@pytest.mark.parametrize(
    "wanted",
    [
        {"reason": ""},
        {"reason": "x", "amount": "5"},
        {"reason": "x", "amount": {"amount": "0.001", "currency": "USD"}},
        {"reason": "x", "amount": {"amount": "NaN", "currency": "USD"}},
        {"reason": "x", "status": "done"},
        {"reason": "\x00"},
        [],
    ],
)
def test_odd_refunds_are_refused(paid: Any, wanted: Any) -> None:
    path = f"/api/v1/payments/{paid.payment_id}/refunds"

    assert client_as("admin").post(path, wanted, HTTP_IDEMPOTENCY_KEY=str(uuid4())).status_code == 400


def test_methods_to_pay_with_are_public() -> None:
    (method,) = body(client_as().get("/api/v1/payment-methods"))["results"]

    assert (method["code"], method["name"]) == ("simulator", "Simulated card")
    assert {"USD", "JPY", "KWD"} <= set(method["currencies"])


# ── Webhooks ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def hook(content: bytes, signature: str, path: str = HOOK) -> int:
    return Client().post(path, content, "application/json", headers={"Simulator-Signature": signature}).status_code


def signed(settings: Any, content: bytes, *, seconds: int = 0, secret: str | None = None) -> str:
    return sign(content, secret=secret or settings.SIMULATOR_WEBHOOK_SECRETS[0], at=int(time.time()) + seconds)


EVENT = json.dumps({"id": "evt_1", "type": "charge.succeeded", "charge": str(uuid4())}).encode()


def test_a_signed_webhook_is_stored_and_a_repetition_is_harmless(settings: Any) -> None:
    assert hook(EVENT, signed(settings, EVENT)) == 204
    assert hook(EVENT, signed(settings, EVENT)) == 204
    assert WebhookEvent.objects.count() == 1


@pytest.mark.parametrize("seconds", [-301, 302])
def test_an_old_or_future_signature_is_refused(settings: Any, seconds: int) -> None:
    assert hook(EVENT, signed(settings, EVENT, seconds=seconds)) == 400


def test_both_active_secrets_are_accepted(settings: Any) -> None:
    settings.SIMULATOR_WEBHOOK_SECRETS = ["new", "old"]

    assert hook(EVENT, signed(settings, EVENT, secret="old")) == 204
    assert hook(EVENT, signed(settings, EVENT, secret="older")) == 400


@pytest.mark.parametrize("signature", ["", "t=1", "t=,v1=", "t=99999999999999999,v1=x", "v1=x", "t=é,v1=x"])
def test_a_forged_webhook_is_refused(signature: str) -> None:
    assert hook(EVENT, signature) == 400
    assert WebhookEvent.objects.count() == 0


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b"\xff", b'"x"'])
def test_a_signed_webhook_without_sense_is_refused(settings: Any, content: bytes) -> None:
    assert hook(content, signed(settings, content)) == 400


def test_a_webhook_of_a_provider_nobody_knows_is_not_found(settings: Any) -> None:
    assert hook(EVENT, signed(settings, EVENT), "/api/v1/payment-webhooks/barter") == 404


def test_the_simulators_api_asks_for_its_key() -> None:
    assert Client().get(f"/simulator/v1/charges/{uuid4()}").status_code == 401


def test_a_hosted_page_that_does_not_exist_says_so() -> None:
    assert Client().get(f"/simulator/pay/{uuid4()}").status_code == 404
    assert Client().post(f"/simulator/pay/{uuid4()}", {"decision": "pay"}).status_code == 404
