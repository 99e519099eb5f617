"""Applications of people who are gone."""

from uuid import uuid4

import pytest
from factories import ADMIN, make_application, make_vendor

from shared.contracts.user import UserErased
from shared.testing import deliver
from vendor_service.actions import applications
from vendor_service.models import Application
from vendor_service.subscriptions import SUBSCRIPTIONS

pytestmark = pytest.mark.django_db


def test_applications_go_and_nobody_elses() -> None:
    ada, eve = uuid4(), uuid4()
    rejected = make_application(ada)
    applications.reject(application_id=rejected.id, admin_id=ADMIN, reason="No.")
    for user_id in (ada, eve):
        make_application(user_id)

    deliver(UserErased(user_id=ada), SUBSCRIPTIONS)

    assert [found.user_id for found in Application.objects.all()] == [eve]


def test_one_that_became_a_shop_stays_without_what_leads_to_the_person() -> None:
    ada = uuid4()
    vendor = make_vendor(ada, phone="+44 20 7946 0000", website="https://ada.example")

    deliver(UserErased(user_id=ada), SUBSCRIPTIONS)

    kept = Application.objects.get()
    assert kept.id == vendor.application_id
    assert (kept.contact_email, kept.phone, kept.website) == ("erased@erased.invalid", "", "")
