"""What the auditor has others tell again, under another message id, changes nothing where it had been heard."""

from collections.abc import Callable
from uuid import UUID

import pytest
from factories import confirmed, hear, payment_taken, place, stock_reserved
from sending_back import bought, received, settle_refunds

from order_service import checkout
from order_service.models import Order, Refund
from shared.contracts.order import OrderRefunded
from shared.contracts.payment import PaymentRefunded, PaymentTaken, RefundPayment, StoreCreditChanged
from shared.contracts.user import UserChanged, UserErased
from shared.contracts.vendor import VendorChanged
from shared.messages import Message, MoneyData
from shared.testing import kept, published

pytestmark = pytest.mark.django_db

ADA = UUID(int=0xADA)


def part_refunded(order: Order) -> PaymentRefunded:
    """An admin at the payment service gave one dollar back."""
    amount = MoneyData(minor=100, currency="USD")
    return PaymentRefunded(payment_id=order.payment_id, order_id=order.id, refund_id=ADA, amount=amount)


def taken_and_refunded_in_part() -> PaymentTaken:
    order = confirmed()
    hear(part_refunded(order))
    return payment_taken(order)


def taken_refunded_in_part_and_cancelled() -> PaymentTaken:
    order = confirmed()
    hear(part_refunded(order))
    checkout.cancel_order(order_id=order.id, reason="cancelled_by_buyer")
    return payment_taken(order)


def taken_too_late() -> PaymentTaken:
    order = place()
    hear(stock_reserved(order))
    checkout.cancel_order(order_id=order.id, reason="cancelled_by_buyer")
    taken = payment_taken(order)
    hear(taken)
    return taken


def refunded_for_a_return() -> PaymentRefunded:
    order = bought()
    received(order)
    settle_refunds(order)
    refund = Refund.objects.get()
    amount = MoneyData(minor=refund.amount, currency="USD")
    return PaymentRefunded(payment_id=order.payment_id, order_id=order.id, refund_id=refund.id, amount=amount)


def refunded_by_an_admin() -> PaymentRefunded:
    told = part_refunded(confirmed())
    hear(told)
    return told


def credited() -> StoreCreditChanged:
    told = StoreCreditChanged(user_id=ADA, currency="USD", available=5, version=5)
    hear(told)
    return told


def known() -> UserChanged:
    told = UserChanged(user_id=ADA, email="ada@example.com", first_name="Ada", last_name="B", version=3)
    hear(told)
    return told


def erased() -> UserErased:
    known()
    confirmed(user_id=ADA)
    hear(UserErased(user_id=ADA))
    return UserErased(user_id=ADA)


def on_terms() -> VendorChanged:
    told = VendorChanged(
        vendor_id=ADA, owner_id=ADA, name="Ada's", slug="adas", status="active", contact_email="ada@example.com",
        country="GB", payout_currency="USD", commission_basis_points=1, version=3,
    )  # fmt: skip
    hear(told)
    return told


@pytest.mark.parametrize(
    "heard",
    [
        taken_and_refunded_in_part, taken_refunded_in_part_and_cancelled, taken_too_late, refunded_for_a_return,
        refunded_by_an_admin, credited, known, erased, on_terms,
    ],
)  # fmt: skip
def test_what_is_told_again_changes_nothing(heard: Callable[[], Message]) -> None:
    told = heard()
    before, asked = kept("updated_at"), published(RefundPayment)

    hear(told)

    assert kept("updated_at") == before
    assert published(RefundPayment) == asked


def test_a_refund_that_is_told_again_is_told_on_as_it_was() -> None:
    """Whoever missed it hears of it; everybody else counts a refund once."""
    hear(refunded_for_a_return())

    first, again = published(OrderRefunded)
    assert first == again
    assert first.refunded_at == Refund.objects.get().done_at
