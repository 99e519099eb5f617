"""Orders of people who are gone: the books stay, the person does not."""

from uuid import UUID

import pytest
from factories import ADDRESS, confirmed, delivered, hear, place, stock_rejected

from order_service.actions.customers import forget_erased
from order_service.actions.repairs import tell_deliveries
from order_service.models import Customer, Order
from shared.contracts.order import VendorOrderDelivered
from shared.contracts.user import UserChanged, UserErased
from shared.testing import published

pytestmark = pytest.mark.django_db

ADA, EVE = UUID(int=0xADA), UUID(int=0xE7E)
NOWHERE = {"name": "", "line1": "", "city": "", "postal_code": "", "country": "GB"}


def cancelled(user_id: UUID | None) -> Order:
    order = place(user_id=user_id)
    hear(stock_rejected(order))
    return order


def known(user_id: UUID = ADA) -> None:
    hear(UserChanged(user_id=user_id, email="ada@example.com", first_name="Ada", last_name="B", version=3))


def test_a_finished_order_is_nobodys_and_its_figures_stay() -> None:
    known()
    order = cancelled(ADA)
    before = Order.objects.values("total", "tax_total", "number", "user_id", "status").get()

    hear(UserErased(user_id=ADA))

    order.refresh_from_db()
    assert (order.email, order.buyer_name) == ("erased@erased.invalid", "erased")
    assert order.shipping_address == order.billing_address == NOWHERE
    assert Order.objects.values("total", "tax_total", "number", "user_id", "status").get() == before
    assert Customer.objects.get().email == "erased@erased.invalid"


def test_an_order_on_its_way_keeps_its_address_until_it_is_finished() -> None:
    known()
    order = confirmed(user_id=ADA)
    hear(UserErased(user_id=ADA))
    order.refresh_from_db()
    on_its_way = order.shipping_address

    nothing = forget_erased()
    Order.objects.update(status=Order.Status.DELIVERED)
    done, again = forget_erased(), forget_erased()

    order.refresh_from_db()
    assert on_its_way == ADDRESS
    assert (nothing, done, again) == (0, 1, 0)
    assert (order.email, order.shipping_address) == ("erased@erased.invalid", NOWHERE)


def test_what_is_told_of_a_forgotten_buyers_order_names_nobody() -> None:
    known()
    order = delivered(user_id=ADA)
    hear(UserErased(user_id=ADA))

    tell_deliveries([order.id])

    buyers = {(told.buyer.user_id, told.buyer.email, told.buyer.name) for told in published(VendorOrderDelivered)[2:]}
    assert buyers == {(None, "", "erased")}


def test_orders_of_others_and_of_guests_stay() -> None:
    known(EVE)
    orders = [cancelled(EVE), cancelled(None)]

    hear(UserErased(user_id=ADA))
    forget_erased()

    for order in orders:
        order.refresh_from_db()
        assert (order.email, order.shipping_address) == ("ada@example.com", ADDRESS)


def test_who_was_never_heard_of_is_erased_too() -> None:
    hear(UserErased(user_id=ADA))
    known()

    assert Customer.objects.get().email == "erased@erased.invalid"
