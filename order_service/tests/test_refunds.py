"""What goes back beside the goods: shipping as the setting says, and what an admin gives."""

from uuid import uuid4

import pytest
from factories import VENDOR_B, delivered, part_of
from sending_back import ADA, approved, bought, decide, received, refunded

from shared.contracts.payment import RefundPayment
from shared.testing import audited, body, client_as, published

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("policy", "fault", "expected"),
    [
        ("never", True, [2_400, 2_400]),
        ("whole", False, [2_400, 3_000]),
        ("vendor_fault", False, [2_400, 2_400]),
        ("vendor_fault", True, [3_000, 2_400]),
    ],
)
def test_shipping_goes_back_as_the_setting_says(settings, policy: str, fault: bool, expected: list[int]) -> None:
    settings.SHIPPING_REFUND = policy
    order = bought()

    for _ in range(2):
        decide(approved(order, 1, vendor_fault=fault), "receive")

    assert refunded() == expected
    taxed = sum(refund.splits[0].tax for refund in published(RefundPayment))
    assert taxed == (900 if sum(expected) == order.total else 800)


def test_nothing_is_refunded_twice_after_an_admin_gave_some_back() -> None:
    order = bought()
    path = f"/api/v1/admin/orders/{order.id}/refunds"
    form = {"amount": {"amount": "40.00", "currency": "USD"}, "reason": "goodwill"}

    given = client_as("admin").post(path, form, headers={"Idempotency-Key": "g-1"})
    for _ in range(2):
        received(order)

    assert (given.status_code, body(given)["status"]) == (201, "asked")
    assert refunded() == [4_000, 1_400]
    assert sum(refunded()) == order.total


@pytest.mark.parametrize(
    ("amount", "currency"), [("54.01", "USD"), ("0.00", "USD"), ("-1.00", "USD"), ("1.00", "EUR"), ("1e3", "USD")]
)
def test_an_admin_gives_back_something_and_at_most_what_is_left(amount: str, currency: str) -> None:
    order = bought()
    form = {"amount": {"amount": amount, "currency": currency}, "reason": "goodwill"}

    refused = client_as("admin").post(
        f"/api/v1/admin/orders/{order.id}/refunds", form, headers={"Idempotency-Key": "g-1"}
    )

    assert (order.total, refused.status_code, refunded()) == (5_400, 400, [])


def test_only_admins_give_money_back_and_only_of_the_vendor_order_that_they_name() -> None:
    order = delivered(user_id=ADA)
    path = f"/api/v1/admin/orders/{order.id}/refunds"
    form = {"amount": {"amount": "10.00", "currency": "USD"}, "reason": "goodwill"}
    key = {"Idempotency-Key": "g-1"}
    own, foreign = part_of(order, VENDOR_B), uuid4()

    refused = [client_as(role).post(path, form, headers=key).status_code for role in ("customer", "vendor", "support")]
    wrong = client_as("admin").post(path, {**form, "vendor_order_id": str(foreign)}, headers=key)
    keyless = client_as("admin").post(path, form)
    done = client_as("admin").post(path, {**form, "vendor_order_id": str(own.id)}, headers={"Idempotency-Key": "g-2"})

    assert (refused, wrong.status_code, keyless.status_code, done.status_code) == ([403, 403, 403], 400, 400, 201)
    assert [split.vendor_order_id for split in published(RefundPayment)[0].splits] == [own.id]
    assert ("order.order.refund", "order") in audited()
