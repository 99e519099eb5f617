from datetime import timedelta
from uuid import UUID

import pytest
from django.utils import timezone
from factories import make_cart, make_line
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from order_service.actions.coupons import create_coupon
from order_service.errors import CouponRefused
from order_service.models import Promotion, VendorTerms
from order_service.queries.quotes import Quote, quote
from shared.errors import Invalid
from shared.money import Money

pytestmark = pytest.mark.django_db


def price(cart, *, coupon: str | None = None, country: str = "GB", method: str | None = None) -> Quote:
    return quote(cart=cart, country=country, method=method, coupon_code=coupon, buyer_key="ada")


def test_a_quote_adds_up_by_hand() -> None:
    quoted = price(make_cart(make_line(quantity=2, unit_price=Money(2_000, "USD"))))

    assert (quoted.items, quoted.shipping, quoted.tax, quoted.total) == (4_000, 500, 900, 5_400)
    assert quoted.parts[0].commission == 400


def test_commission_is_the_vendors_own_rate_on_goods_after_discount() -> None:
    VendorTerms.objects.create(vendor_id=UUID(int=0xA), name="N", commission_basis_points=1_250, version=1)
    create_coupon(code="half", kind="percentage", basis_points=5_000)

    assert price(make_cart(make_line()), coupon="HALF").parts[0].commission == 250


@given(
    lines=st.lists(st.tuples(st.integers(1, 20), st.integers(0, 10**7), st.integers(0, 5)), min_size=1, max_size=20),
    currency=st.sampled_from(["USD", "JPY", "KWD"]),
    basis_points=st.integers(0, 10_000),
    country=st.sampled_from(["GB", "US", "XX", "CH"]),
    method=st.sampled_from(["standard", "express"]),
)
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_parts_sum_to_the_whole_in_any_currency(lines, currency, basis_points, country, method) -> None:
    Promotion.objects.filter(code="ANY").delete()
    create_coupon(code="any", kind="percentage", basis_points=basis_points)
    cart = make_cart(
        *(
            make_line(quantity=quantity, unit_price=Money(minor, currency), vendor_id=UUID(int=vendor))
            for quantity, minor, vendor in lines
        )
    )

    quoted = price(cart, coupon="ANY", country=country, method=method)

    assert quoted.total == quoted.items - quoted.discount + quoted.shipping + quoted.tax
    assert quoted.total == sum(part.total for part in quoted.parts)
    assert all(0 <= line.discount <= line.line_total for part in quoted.parts for line in part.lines)
    assert all(0 <= part.commission <= part.items - part.discount for part in quoted.parts)


def test_free_shipping_and_an_amount_never_make_a_negative_total() -> None:
    create_coupon(code="ship", kind="free_shipping")
    create_coupon(code="big", kind="amount", amount=Money(10**6, "USD"))

    assert price(make_cart(), coupon="ship").shipping == 0
    assert price(make_cart(), coupon="big", country="XX").total == price(make_cart(), country="XX").shipping


@pytest.mark.parametrize(
    "coupon",
    [
        {"starts_at": timezone.now() + timedelta(days=1)},
        {"ends_at": timezone.now() - timedelta(days=1)},
        {"minimum": Money(10**6, "USD")},
        {"minimum": Money(1, "EUR")},
    ],
    ids=["early", "late", "too little", "other currency"],
)
def test_a_coupon_that_does_not_apply_says_so(coupon) -> None:
    create_coupon(code="nope", kind="percentage", basis_points=1_000, **coupon)

    with pytest.raises(CouponRefused):
        price(make_cart(), coupon="nope")


def test_an_unknown_coupon_and_an_unknown_method_are_refused() -> None:
    with pytest.raises(CouponRefused):
        price(make_cart(), coupon="WHAT")
    with pytest.raises(Invalid):
        price(make_cart(), method="teleport")
