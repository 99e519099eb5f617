"""A phone becomes the account's by a code in a text message."""

from typing import Any

import pytest
from conftest import Register, as_user
from django.conf import LazySettings
from django.db import IntegrityError
from rest_framework.test import APIClient

from shared.contracts.user import PhoneCodeIssued, UserChanged
from shared.models import OutboxMessage
from shared.testing import body, published
from user_service.models import User

pytestmark = pytest.mark.django_db

SEND, VERIFY, REMOVE = "/api/v1/auth/phone/send", "/api/v1/auth/phone/verify", "/api/v1/users/me/phone"
PHONE = "+447400123456"


@pytest.fixture
def ada(make_account: Register) -> APIClient:
    return as_user(make_account()["access"])


def send(client: APIClient, phone: Any = PHONE):
    return client.post(SEND, {"phone": phone})


def last_code() -> str:
    return str(published(PhoneCodeIssued)[-1].code)


def verify(client: APIClient, code: Any, phone: Any = PHONE):
    return client.post(VERIFY, {"phone": phone, "code": code})


def wrong_one() -> str:
    return "000000" if last_code() != "000000" else "111111"


def test_a_phone_is_proved_by_the_code_that_was_sent_to_it(ada: APIClient) -> None:
    sent = send(ada, "+44 (7400) 123-456")
    told = published(PhoneCodeIssued)[-1]
    answer = verify(ada, told.code)

    assert (sent.status_code, told.phone, len(told.code)) == (202, PHONE, 6)
    assert (answer.status_code, body(answer)["phone"]) == (200, PHONE)
    assert body(ada.get("/api/v1/users/me"))["phone"] == PHONE


def test_nothing_is_kept_of_a_phone_that_is_not_proved(ada: APIClient) -> None:
    send(ada)

    assert verify(ada, wrong_one()).status_code == 400
    assert User.objects.get().phone is None


def test_a_code_is_never_shown_and_is_erased_when_it_has_left(ada: APIClient) -> None:
    sent = send(ada)

    assert last_code() not in sent.content.decode()
    assert OutboxMessage.objects.get(type=PhoneCodeIssued.type).sensitive


def test_a_code_works_once(ada: APIClient) -> None:
    send(ada)
    code = last_code()

    assert [verify(ada, code).status_code for _ in range(2)] == [200, 400]


def test_a_code_is_void_after_five_wrong_tries(ada: APIClient) -> None:
    send(ada)
    wrong = [verify(ada, wrong_one()).status_code for _ in range(5)]

    assert wrong == [400] * 5
    assert verify(ada, last_code()).status_code == 400


def test_a_code_proves_nothing_for_another_account_or_number(ada: APIClient, make_account: Register) -> None:
    eve = as_user(make_account("eve@example.com")["access"])
    send(ada)
    code = last_code()

    assert verify(eve, code).status_code == 400
    assert verify(ada, code, "+447400123457").status_code == 400
    assert verify(ada, code).status_code == 200


@pytest.mark.parametrize(
    "phone",
    ["", "07400123456", "+44", "+4474001234567890", "+999123456789", "+447400123456;ext=5", "tel:+447400123456", None,
     "+44740\x0012345", 447400123456, ["+447400123456"], "+" + "4" * 500, "+１４１５５５５２６７１", "+449098790879",
     "+448001111111"],
)  # fmt: skip
def test_what_is_no_persons_number_is_refused(phone: Any, ada: APIClient) -> None:
    answers = [send(ada, phone), verify(ada, "123456", phone)]

    assert [(answer.status_code, list(body(answer)["errors"])) for answer in answers] == [(400, ["phone"])] * 2
    assert published(PhoneCodeIssued) == []


def test_messages_are_counted_per_account(ada: APIClient, settings: LazySettings) -> None:
    settings.CODES_PER_HOUR = 2

    answers = [send(ada, f"+44740012345{number}") for number in range(3)]

    assert [answer.status_code for answer in answers] == [202, 202, 429]
    assert body(answers[2])["code"] == "too_many_codes"
    assert int(answers[2]["Retry-After"]) > 0


def test_messages_are_counted_per_number_whoever_asks(make_account: Register, settings: LazySettings) -> None:
    clients = [as_user(make_account(f"{name}@example.com")["access"]) for name in ("a", "b", "c")]
    settings.CODES_PER_HOUR = 2

    assert [send(client).status_code for client in clients] == [202, 202, 429]
    assert len(published(PhoneCodeIssued)) == 2


def test_a_phone_is_replaced_and_removed_and_each_change_told_once(ada: APIClient) -> None:
    before = len(published(UserChanged))
    for phone in (PHONE, "+14155552671"):
        send(ada, phone)
        verify(ada, last_code(), phone)

    removed = [ada.delete(REMOVE).status_code for _ in range(2)]

    assert removed == [204, 204]
    assert body(ada.get("/api/v1/users/me"))["phone"] is None
    assert len(published(UserChanged)) == before + 3


def test_the_profile_itself_cannot_change_the_phone(ada: APIClient) -> None:
    assert set(body(ada.patch("/api/v1/users/me", {"phone": PHONE}))["errors"]) == {"phone"}


def test_guests_have_no_phone() -> None:
    guest = APIClient()

    assert {send(guest).status_code, verify(guest, "123456").status_code, guest.delete(REMOVE).status_code} == {401}


def test_without_redis_codes_wait(ada: APIClient, settings: LazySettings) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"

    assert send(ada).status_code == 503
    assert published(PhoneCodeIssued) == []


def test_the_database_keeps_other_spellings_out(ada: APIClient) -> None:
    with pytest.raises(IntegrityError):
        User.objects.update(phone="07400 123456")
