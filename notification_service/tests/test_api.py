"""The inbox, preferences, and what admins see of the mails."""

from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from factories import ADA, OWNER, cart_abandoned, code, every_event, hear, mails, make_people, order_confirmed

from notification_service.actions.deliveries import send_mails
from notification_service.models import Delivery, Notification
from shared.testing import body, client_as

pytestmark = pytest.mark.django_db
INBOX = "/api/v1/notifications"


@pytest.fixture
def ada() -> Any:
    make_people()
    hear(order_confirmed())
    hear(order_confirmed())
    return client_as("customer", user_id=ADA)


def test_an_inbox_is_read(ada: Any) -> None:
    first = body(ada.get(INBOX))["results"][0]
    assert (first["kind"], first["read"]) == ("order_confirmed", False)
    assert first["data"]["number"] == "N-1001"

    read = ada.post(f"{INBOX}/{first['id']}/read")

    assert (read.status_code, body(read)["read"]) == (200, True)
    assert body(ada.get(f"{INBOX}/unread-count")) == {"unread": 1}
    assert [row["id"] for row in body(ada.get(f"{INBOX}?unread=false"))["results"]] == [first["id"]]


def test_everything_is_read_at_once_but_only_the_own(ada: Any) -> None:
    ada.post(f"{INBOX}/read-all")

    assert body(ada.get(f"{INBOX}?unread=true"))["results"] == []
    assert Notification.objects.filter(user_id=OWNER, read_at__isnull=True).count() == 2


def test_somebody_elses_notification_is_as_good_as_absent(ada: Any) -> None:
    theirs = Notification.objects.filter(user_id=OWNER)[0]

    answers = [ada.post(f"{INBOX}/{one}/read") for one in (theirs.id, uuid4())]

    assert [answer.status_code for answer in answers] == [404, 404]
    assert body(answers[0])["detail"] == body(answers[1])["detail"]
    theirs.refresh_from_db()
    assert theirs.read_at is None


@pytest.mark.parametrize("path", [INBOX, f"{INBOX}/unread-count", "/api/v1/notification-preferences"])
def test_a_guest_has_no_inbox(path: str) -> None:
    assert client_as().get(path).status_code == 401


@pytest.mark.parametrize("query", ["unread=perhaps", "limit=0", "cursor=cD14eXo=", "other=1"])
def test_odd_questions_are_refused(ada: Any, query: str) -> None:
    assert ada.get(f"{INBOX}?{query}").status_code == 400


def test_who_wants_no_mail_gets_none_but_finds_it_in_the_inbox(ada: Any, mail: Path) -> None:
    Delivery.objects.all().delete()
    set_to = ada.put("/api/v1/notification-preferences", {"email": {"orders": False}})
    assert body(set_to)["email"] == {
        "orders": False, "selling": True, "administration": True, "wishes": True, "reminders": False,
    }  # fmt: skip

    hear(order_confirmed())
    hear(code())
    send_mails()

    assert [str(one["Subject"]) for one in mails(mail) if one["To"] == "ada@example.com"] == ["Your code for Nexus"]
    assert Notification.objects.filter(user_id=ADA).count() == 3


def test_a_cart_that_was_left_is_mailed_only_to_who_asked_for_it(ada: Any, mail: Path) -> None:
    hear(cart_abandoned())
    ada.put("/api/v1/notification-preferences", {"email": {"reminders": True}})

    hear(cart_abandoned(cart_version="8"))
    hear(cart_abandoned(cart_version="8"))
    send_mails()

    [sent] = [one for one in mails(mail) if one["Subject"] == "There is something in your cart"]
    assert "2 × Lamp  5.00 USD" in sent.get_content()
    assert Notification.objects.filter(user_id=ADA, kind="cart_left").count() == 2


def test_alerts_of_wishes_are_mailed_until_turned_off(ada: Any) -> None:
    ada.put("/api/v1/notification-preferences", {"email": {"wishes": False}})

    hear(every_event()["wish cheaper"][0])

    assert not Delivery.objects.filter(kind="wish_cheaper").exists()
    assert Notification.objects.filter(user_id=ADA, kind="wish_cheaper").exists()


@pytest.mark.parametrize("wanted", [{}, {"email": {"account": False}}, {"email": {"orders": "perhaps"}}, {"x": 1}, []])
def test_odd_preferences_are_refused(ada: Any, wanted: Any) -> None:
    assert ada.put("/api/v1/notification-preferences", wanted).status_code == 400


def test_admins_see_mails_but_no_secret() -> None:
    hear(code())
    admin, listed = client_as("admin"), "/api/v1/admin/notification-deliveries"

    row = body(admin.get(f"{listed}?to=ada@example.com&status=queued"))["results"][0]
    whole = body(admin.get(f"{listed}/{row['id']}"))

    assert (whole["to"], whole["body"]) == ("ada@example.com", None)
    assert admin.post(f"{listed}/{row['id']}/resend").status_code == 409
    assert admin.get(f"{listed}?status=lost").status_code == 400
    assert admin.get(f"{listed}/{uuid4()}").status_code == 404
    assert client_as("customer").get(listed).status_code == 403
    assert client_as("support").post(f"{listed}/{row['id']}/resend").status_code == 403
