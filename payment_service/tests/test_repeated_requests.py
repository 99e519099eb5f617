"""A refund whose request is sent again: at the same moment, with another body, an hour later.

Longer: NEXUS_ROUNDS=100.
"""

import os
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from factories import asked, take

from payment_service.actions import refunds
from payment_service.models import Payment, Refund, SimulatedCharge
from payment_service.queries.books import broken_rules
from shared.contracts.payment import TakePayment
from shared.models import IdempotencyKey
from shared.testing import body, client_as, in_parallel

pytestmark = pytest.mark.django_db(transaction=True)
PARALLEL = int(os.environ.get("NEXUS_PARALLEL", "50"))
ROUNDS = int(os.environ.get("NEXUS_ROUNDS", "1"))
ADMIN = client_as("admin")


def ask(message: TakePayment, amount: str = "10.00", key: str = "k") -> Any:
    form = {"amount": {"amount": amount, "currency": "USD"}, "reason": "goodwill"}
    return ADMIN.post(f"/api/v1/payments/{message.payment_id}/refunds", form, headers={"Idempotency-Key": key})


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_one_refund_asked_for_many_times_at_once_is_one(provider: Any, round_: int) -> None:
    message = take()
    asked(message)

    answers = in_parallel(PARALLEL, lambda _number: ask(message))
    refunds.ask_for_refunds()

    made = {answer.content for answer in answers if answer.status_code == 201}
    others = {body(answer)["code"] for answer in answers if answer.status_code != 201}
    assert (len(made), others <= {"idempotency_key_in_use"}) == (1, True)
    assert (Refund.objects.count(), Payment.objects.get().refunded, SimulatedCharge.objects.get().refunded) == (
        1, 1_000, 1_000,
    )  # fmt: skip
    assert {ask(message).content} == made
    assert broken_rules() == []


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_refunds_with_keys_of_their_own_are_all_made_up_to_what_was_paid(provider: Any, round_: int) -> None:
    message = take()
    asked(message)

    answers = in_parallel(PARALLEL, lambda number: ask(message, "15.00", f"k-{number}"))

    codes = [body(answer).get("code") for answer in answers if answer.status_code != 201]
    assert codes == ["nothing_to_refund"] * (PARALLEL - 6)
    assert (Refund.objects.count(), Payment.objects.get().refunded) == (6, 9_000)


def test_an_hour_later_the_answer_is_the_same_to_the_byte_and_another_body_is_refused(provider: Any) -> None:
    message = take()
    asked(message)
    first = ask(message)
    refunds.ask_for_refunds()
    IdempotencyKey.objects.update(created_at=timezone.now() - timedelta(hours=1))

    again, other = ask(message), ask(message, "11.00")

    assert (again.content, again["Idempotent-Replayed"]) == (first.content, "true")
    assert (other.status_code, body(other)["code"]) == (422, "idempotency_key_reused")
    assert Payment.objects.get().refunded == 1_000
