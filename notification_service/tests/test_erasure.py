"""Whom nobody knows any more."""

import json
from pathlib import Path

import pytest
from django.apps import apps
from django.forms.models import model_to_dict
from factories import ADA, BUYER, GUEST, code, hear, mails, make_people, order_confirmed, phone_code

from notification_service.actions.deliveries import send_mails
from notification_service.models import Delivery, Notification, Preference, Recipient
from shared.contracts.user import UserErased

pytestmark = pytest.mark.django_db


def everything() -> str:
    models = apps.get_app_config("notification_service").get_models()
    return json.dumps([model_to_dict(row) for model in models for row in model._default_manager.all()], default=str)


def test_who_is_erased_is_nobodys_recipient(mail: Path) -> None:
    make_people()
    Preference.objects.create(user_id=ADA, group="orders")
    hear(order_confirmed())
    hear(order_confirmed(GUEST))
    hear(code())
    send_mails()
    before = everything()

    for _ in range(2):
        hear(UserErased(user_id=ADA))

    assert BUYER.email in before
    assert BUYER.email not in everything()
    assert not Recipient.objects.filter(user_id=ADA).exists()
    assert not Notification.objects.filter(user_id=ADA).exists()
    assert not Preference.objects.filter(user_id=ADA).exists()
    assert Delivery.objects.filter(user_id=ADA, status="sent", address__startswith="erased-").count() == 2
    assert Delivery.objects.filter(address=GUEST.email).exclude(body="").exists()


def test_what_still_waits_is_not_sent(mail: Path) -> None:
    hear(code())
    hear(phone_code())

    hear(UserErased(user_id=ADA))
    send_mails()

    assert mails(mail) == []
    assert not Delivery.objects.exists()
