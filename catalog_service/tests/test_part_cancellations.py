"""What a vendor does not send of an order is back on its shelf, once."""

from datetime import timedelta
from uuid import UUID

import pytest
from django.utils import timezone
from factories import ask, cancelled, confirmed, hear, make_location, make_variant, place_elsewhere
from ledger import levels

from catalog_service.actions.reservations import expire_holds
from catalog_service.models import Reservation, StockLevel, Variant
from shared.contracts.catalog import OfferChanged, ReserveStock
from shared.contracts.order import Buyer, CancelledItem, VendorOrderCancelled
from shared.errors import Retry
from shared.testing import published

pytestmark = pytest.mark.django_db


def sold(*lines: tuple[Variant, int]) -> ReserveStock:
    asked = ask(*lines)
    hear(asked)
    hear(confirmed(asked.order_id))
    return asked


def part_cancelled(asked: ReserveStock, line: int = 0, quantity: int = 1, *, restock: bool = True):
    wanted = asked.lines[line]
    item = CancelledItem(line_id=wanted.line_id, variant_id=wanted.variant_id, quantity=quantity, restock=restock)
    return VendorOrderCancelled(
        order_id=asked.order_id, number="N-1", buyer=Buyer(email="a@b.example", name="Ada"),
        vendor_order_id=UUID(int=1), vendor_id=UUID(int=2), items=(item,), reason="sold out", complete=False,
    )  # fmt: skip


def test_what_is_not_sent_is_on_hand_again() -> None:
    variant = make_variant(stock=10)
    asked = sold((variant, 3))

    hear(part_cancelled(asked, quantity=2))

    assert levels(variant) == (9, 0)
    assert published(OfferChanged)[-1].available == 9


def test_the_rest_is_given_back_once_when_the_order_is_cancelled_afterwards() -> None:
    variant, other = make_variant(stock=10), make_variant(stock=5)
    asked = sold((variant, 3), (other, 1))

    hear(part_cancelled(asked, quantity=3))
    hear(cancelled(asked.order_id))
    hear(part_cancelled(asked, quantity=3))

    assert (levels(variant), levels(other)) == ((10, 0), (5, 0))
    assert Reservation.objects.get().status == "released"


def test_what_was_lost_or_broken_stays_gone_even_when_the_order_is_cancelled() -> None:
    variant = make_variant(stock=10)
    asked = sold((variant, 3))

    hear(part_cancelled(asked, quantity=2, restock=False))
    hear(cancelled(asked.order_id))

    assert levels(variant) == (8, 0)


def test_it_comes_back_piece_by_piece_and_the_rest_with_the_order() -> None:
    variant = make_variant(stock=10)
    asked = sold((variant, 5))

    hear(part_cancelled(asked, quantity=1))
    hear(part_cancelled(asked, quantity=2))
    hear(cancelled(asked.order_id))

    assert levels(variant) == (10, 0)


def test_it_goes_back_to_where_it_was_taken_from() -> None:
    variant = make_variant(stock=5)
    location = place_elsewhere(variant, 4, make_location(variant.vendor_id))
    asked = sold((variant, 5))

    hear(part_cancelled(asked, quantity=4))

    assert StockLevel.objects.get(variant=variant, location=location).on_hand == 4
    hear(cancelled(asked.order_id))
    assert levels(variant) == (5, 0)


def test_it_waits_for_the_sale() -> None:
    asked = ask((make_variant(stock=10), 3))
    hear(asked)

    with pytest.raises(Retry):
        hear(part_cancelled(asked))


@pytest.mark.parametrize("quantity", [2, 3])
def test_what_is_not_sent_is_not_sold_when_its_hold_ran_out_and_the_confirmation_comes_last(quantity: int) -> None:
    variant = make_variant(stock=10)
    asked = ask((variant, 3))
    hear(asked)
    Reservation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    expire_holds()

    hear(part_cancelled(asked, quantity=quantity))
    hear(confirmed(asked.order_id))

    assert levels(variant) == (7 + quantity, 0)
