"""Who is told what, how often, and in which words."""

from pathlib import Path

import pytest
from django.template.loader import get_template
from factories import (
    ADA,
    BUYER,
    FIVE,
    GRACE,
    NORTHWIND,
    OWNER,
    about_order,
    code,
    every_event,
    hear,
    mails,
    make_people,
    order_confirmed,
    part,
    phone_code,
    product_decided,
    vendor_changed,
)  # fmt: skip

from notification_service.actions.deliveries import send_mails
from notification_service.models import Delivery, Notification, Recipient, VendorContact
from notification_service.subscriptions import SUBSCRIPTIONS
from shared.context import new_id
from shared.contracts.order import OrderCancelled
from shared.contracts.user import UserChanged, UserRegistered
from shared.errors import Retry
from shared.inbox import handle
from shared.testing import envelope

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("name", every_event())
def test_an_event_tells_whom_it_concerns(name: str, mail: Path) -> None:
    make_people()
    event, addresses, inboxes = every_event()[name]

    hear(event)
    send_mails()

    sent = mails(mail)
    assert {str(one["To"]) for one in sent} == addresses
    assert len(sent) == len(addresses)
    assert set(Notification.objects.values_list("user_id", flat=True)) == inboxes
    for one in sent:
        assert one["Subject"]
        assert one.get_content().strip()
        assert "{" not in one["Subject"] + one.get_content()


@pytest.mark.parametrize("name", every_event())
def test_the_same_message_twice_tells_once(name: str) -> None:
    make_people()
    wire = envelope(every_event()[name][0])
    handle(wire, SUBSCRIPTIONS)
    told = (Delivery.objects.count(), Notification.objects.count())

    assert handle(wire, SUBSCRIPTIONS) is False

    assert (Delivery.objects.count(), Notification.objects.count()) == told


def test_one_fact_told_by_two_messages_is_told_once() -> None:
    make_people()
    event = order_confirmed()

    hear(event)
    hear(event)

    assert Delivery.objects.filter(address=BUYER.email).count() == 1
    assert Notification.objects.filter(user_id=ADA).count() == 1


def test_every_decision_about_a_product_is_news() -> None:
    make_people()

    hear(product_decided(approved=False))
    hear(product_decided(approved=False))

    assert Notification.objects.filter(user_id=OWNER, kind="product_rejected").count() == 2


def test_a_vendor_reads_its_own_lines_only(mail: Path) -> None:
    make_people()
    other = new_id()
    hear(vendor_changed(vendor_id=other, owner_id=new_id(), contact_email="hello@lumen.example"))
    hear(order_confirmed(vendor_orders=(part(), part(other, "Secret mug"))))

    send_mails()

    texts = {str(one["To"]): one.get_content() for one in mails(mail)}
    assert "Secret mug" not in texts["sales@northwind.example"]
    assert "2 × Lamp  10.00 USD" in texts["sales@northwind.example"]
    assert "Secret mug" in texts["hello@lumen.example"]
    assert "Secret mug" in texts[BUYER.email]


@pytest.mark.parametrize(
    "reason", ["out_of_stock", "unavailable", "stock_timeout", "payment_declined", "payment_expired"]
)
def test_a_cancelled_order_says_why_in_words(reason: str) -> None:
    event = OrderCancelled(**about_order(), reason=reason, total=FIVE)

    hear(event)

    text = Delivery.objects.get().body
    assert "because" in text
    assert f"because {reason.replace('_', ' ')}." not in text


def test_a_code_is_mailed_and_then_forgotten(mail: Path) -> None:
    hear(code())

    send_mails()

    assert "123456" in mails(mail)[0].get_content()
    assert Delivery.objects.get().body == ""
    assert not Notification.objects.exists()


def test_text_of_a_client_is_not_markup_and_no_second_header(mail: Path) -> None:
    make_people()
    event = product_decided()
    hear(event.model_copy(update={"name": "<b>Lamp</b>\nBcc: everybody@example.com & co"}))

    send_mails()

    sent = mails(mail)[0]
    assert sent["Subject"].startswith("<b>Lamp</b>")
    assert sent["Bcc"] is None


def test_an_event_waits_for_its_vendor() -> None:
    with pytest.raises(Retry):
        hear(product_decided())

    assert not Delivery.objects.exists()


def test_what_is_older_than_what_is_known_is_dropped() -> None:
    make_people()
    plain = {"first_name": "Ada", "last_name": "B"}
    hear(UserChanged(user_id=ADA, email="new@example.com", version=3, **plain))
    hear(UserChanged(user_id=ADA, email="old@example.com", version=2, **plain))
    hear(UserRegistered(user_id=ADA, email="first@example.com", **plain))
    hear(vendor_changed(version=3, name="Newer"))
    hear(vendor_changed(version=2, name="Older"))

    assert Recipient.objects.get(user_id=ADA).email == "new@example.com"
    assert VendorContact.objects.get(vendor_id=NORTHWIND).name == "Newer"


def test_a_disabled_admin_is_not_told() -> None:
    make_people()
    gone = {"email": "grace@example.com", "first_name": "Grace", "last_name": "A", "roles": ("admin",), "active": False}
    hear(UserChanged(user_id=GRACE, version=2, **gone))

    hear(every_event()["product submitted"][0])

    assert not Notification.objects.exists()


def test_every_template_is_used() -> None:
    folder = Path(str(get_template("notification_service/sale.txt").origin)).parent
    make_people()
    for event, _addresses, _inboxes in every_event().values():
        hear(event)
    hear(phone_code())

    told = set(Delivery.objects.values_list("kind", flat=True)) | set(
        Notification.objects.values_list("kind", flat=True)
    )
    assert {file.stem for file in folder.glob("*.txt")} == told
