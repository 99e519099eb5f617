import threading
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from shared.idempotency import forget_old_answers
from shared.models import IdempotencyKey, WorkerReport
from shared.testing import body, client_as

pytestmark = pytest.mark.django_db(transaction=True)

NOTES = "/api/v1/notes"


def post(text: str, key: str, client: APIClient | None = None):
    return (client or APIClient()).post(NOTES, {"text": text, "copies": 1}, headers={"Idempotency-Key": key})


def test_a_repetition_gets_the_same_bytes_and_no_second_effect() -> None:
    first, second = post("once", "k"), post("once", "k")

    assert (first.status_code, second.status_code) == (201, 201)
    assert second.content == first.content
    assert (second["Location"], second["Idempotent-Replayed"]) == (first["Location"], "true")
    assert WorkerReport.objects.count() == 1


def test_the_same_key_with_another_body_is_422() -> None:
    post("once", "k")

    assert body(post("other", "k"))["code"] == "idempotency_key_reused"


def test_keys_of_different_callers_do_not_meet() -> None:
    one, other = client_as("customer", user_id=uuid4()), client_as("customer", user_id=uuid4())

    assert [post("mine", "k", one).status_code, post("yours", "k", other).status_code] == [201, 201]


def test_guests_are_told_apart_by_their_carts_and_their_links() -> None:
    ada = uuid4()
    post("mine", "k", client_as("customer", user_id=ada))
    proofs = [("", ""), ("", "one"), ("", "other"), ("", str(ada)), ("?token=link", "")]

    guests = [
        APIClient().post(
            NOTES + query,
            {"text": f"of {query}{cart}"[:20], "copies": 1},
            headers={"Idempotency-Key": "k", **({"X-Cart-Token": cart} if cart else {})},
        )
        for query, cart in proofs
    ]

    assert [guest.status_code for guest in guests] == [201] * 5


def test_a_refusal_is_replayed_and_its_effects_rolled_back() -> None:
    first, second = post("conflict", "k"), post("conflict", "k")

    assert (first.status_code, second.status_code) == (409, 409)
    assert second.content == first.content
    assert second["Content-Type"] == "application/problem+json"
    assert WorkerReport.objects.count() == 0


def test_a_fault_of_ours_stores_nothing() -> None:
    client = Client(raise_request_exception=False)
    for text in ("bug", "outage"):
        client.post(NOTES, {"text": text, "copies": 1}, "application/json", headers={"Idempotency-Key": "k"})

    assert (IdempotencyKey.objects.count(), WorkerReport.objects.count()) == (0, 0)


def test_who_is_told_to_come_again_may_come_again_with_the_same_key() -> None:
    response = post("crowd", "k")

    assert (response.status_code, response["Retry-After"]) == (429, "1")
    assert (IdempotencyKey.objects.count(), WorkerReport.objects.count()) == (0, 0)


def test_parallel_repetitions_have_one_effect() -> None:
    barrier, answers = threading.Barrier(10), []

    def repeat() -> None:
        client = APIClient()
        barrier.wait()
        answers.append(post("once", "k", client).status_code)
        connection.close()

    threads = [threading.Thread(target=repeat) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert set(answers) <= {201, 409}
    assert 201 in answers
    assert WorkerReport.objects.count() == 1


@pytest.mark.parametrize("key", ["", "x" * 201, "käse"])
def test_a_key_that_is_needed_must_be_usable(key: str) -> None:
    response = APIClient().post("/api/v1/strict-notes", {}, headers={"Idempotency-Key": key})

    assert response.status_code == 400
    assert body(response)["errors"].keys() == {"Idempotency-Key"}


def test_answers_that_are_not_replayed_any_more_are_forgotten(settings: Any) -> None:
    post("old", "k")
    IdempotencyKey.objects.update(created_at=timezone.now() - settings.IDEMPOTENCY_KEEP)
    post("new", "other")

    assert forget_old_answers() == 1

    assert IdempotencyKey.objects.count() == 1
