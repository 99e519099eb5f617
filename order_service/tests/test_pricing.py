"""Any cart at any rates, against a model of fractions that knows nothing of the code it checks."""

from fractions import Fraction
from math import floor
from uuid import UUID

import pytest
from factories import make_cart, make_line
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from order_service.actions.promotions import Terms, create_promotion
from order_service.models import Promotion, ShippingRate, TaxRate, VendorTerms
from order_service.queries.quotes import Quote, QuotedLine, QuotedPart, quote
from shared.money import Money

pytestmark = pytest.mark.django_db
ANY = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

CURRENCIES = st.sampled_from(["JPY", "USD", "KWD"])
RATES = st.integers(0, 10_000)
LINES = st.lists(st.tuples(st.integers(1, 20), st.integers(0, 10**7), st.integers(0, 3)), min_size=1, max_size=8)
Line = tuple[int, int, int]
"""Quantity, price, vendor."""
PAYERS = st.sampled_from(["platform", "vendor"])


@st.composite
def promised(draw: st.DrawFn) -> list[Terms]:
    """One of each kind at most, in any order, for all vendors or one."""
    kinds = draw(st.lists(st.sampled_from(Promotion.Kind.values), unique=True))
    return [
        Terms(
            kind=kind,
            basis_points=draw(RATES),
            amount=Money(draw(st.integers(1, 10**8)), "USD") if kind == "amount" else None,
            buy_quantity=draw(st.integers(1, 4)),
            get_quantity=draw(st.integers(1, 3)),
            vendors=draw(st.sampled_from([(), (UUID(int=1),)])),
            paid_by=draw(PAYERS),
            priority=draw(st.integers(-2, 2)),
        )
        for kind in kinds
    ]


def half_up(exact: Fraction) -> int:
    return floor(exact + Fraction(1, 2))


def tax_of(paid: int, rate: Fraction, *, inclusive: bool) -> int:
    return half_up(paid - paid / (1 + rate)) if inclusive else half_up(paid * rate)


def price(
    lines: list[Line], currency: str, promised: list[Terms], tax: int, commission: int, *, inclusive: bool
) -> Quote:
    TaxRate.objects.filter(country="GB").update(basis_points=tax, inclusive=inclusive)
    Promotion.objects.all().delete()
    for terms in promised:
        create_promotion(terms=terms)
    Promotion.objects.filter(kind="amount").update(currency=currency)
    VendorTerms.objects.all().delete()
    VendorTerms.objects.bulk_create(
        VendorTerms(vendor_id=UUID(int=vendor), name="V", commission_basis_points=commission, version=1)
        for vendor in range(4)
    )
    cart = make_cart(
        *(make_line(quantity=n, unit_price=Money(each, currency), vendor_id=UUID(int=of)) for n, each, of in lines)
    )
    return quote(cart=cart, country="GB", method=None, coupon_code=None, buyer_key="ada")


@given(lines=LINES, currency=CURRENCIES, promised=promised(), tax=RATES, commission=RATES, inclusive=st.booleans())
@ANY
def test_every_quote_is_what_the_plain_model_says(lines, currency, promised, tax, commission, inclusive) -> None:
    quoted = price(lines, currency, promised, tax, commission, inclusive=inclusive)

    rate = Fraction(tax, 10_000)
    for part in quoted.parts:
        for line in part.lines:
            check_line(line, rate, inclusive)
        check_part(part, rate, Fraction(commission, 10_000), inclusive)
    assert sum(line.line_total for part in quoted.parts for line in part.lines) == sum(n * each for n, each, _ in lines)
    for whole in ("items", "discount", "shipping", "tax", "tax_included", "total"):
        assert getattr(quoted, whole) == sum(getattr(part, whole) for part in quoted.parts)


def check_line(line: QuotedLine, rate: Fraction, inclusive: bool) -> None:
    reasons = [reason for reason in line.why if reason.kind == "discount"]
    assert 0 <= line.platform_discount <= line.discount <= line.line_total
    assert -sum(reason.amount for reason in reasons) == line.discount
    assert -sum(reason.amount for reason in reasons if reason.paid_by == "platform") == line.platform_discount
    expected = tax_of(line.line_total - line.discount, rate, inclusive=inclusive)
    assert (line.tax, line.tax_included) == ((0, expected) if inclusive else (expected, 0))


def check_part(part: QuotedPart, rate: Fraction, commission: Fraction, inclusive: bool) -> None:
    paid = part.items - part.discount + part.shipping
    shipping_tax = tax_of(part.shipping, rate, inclusive=inclusive)
    tax = sum(line.tax + line.tax_included for line in part.lines) + shipping_tax
    assert part.total == (paid if inclusive else paid + tax) >= 0

    sold = sum(line.line_total - line.discount + line.platform_discount - line.tax_included for line in part.lines)
    fee = half_up(sold * commission)
    assert part.commission == fee - part.platform_discount
    owed = part.total - tax - part.commission
    by_platform = part.parcel.platform_discount
    assert owed == sold - fee + part.shipping + by_platform - (shipping_tax if inclusive else 0)
    assert sum(part.fees) == fee
    assert owed >= 0


@given(net=st.integers(0, 10**9), quantity=st.integers(1, 9), currency=CURRENCIES, tax=RATES)
@ANY
def test_a_price_with_its_tax_inside_costs_as_much_as_without_and_the_tax(net, quantity, currency, tax) -> None:
    ShippingRate.objects.update(price=0)
    gross = net * quantity + tax_of(net * quantity, Fraction(tax, 10_000), inclusive=False)

    added = price([(quantity, net, 0)], currency, [], tax, 1_000, inclusive=False)
    inside = price([(1, gross, 0)], currency, [], tax, 1_000, inclusive=True)

    assert (inside.total, inside.tax_included) == (added.total, added.tax)
    assert inside.parts[0].commission == added.parts[0].commission


@given(weights=st.lists(st.integers(0, 10**7), min_size=1, max_size=12), currency=CURRENCIES, basis_points=RATES)
@ANY
def test_a_discount_is_spread_to_within_one_unit_of_each_lines_share(weights, currency, basis_points) -> None:
    promotion = Terms(kind="percentage", basis_points=basis_points)

    quoted = price([(1, weight, 0) for weight in weights], currency, [promotion], 0, 0, inclusive=False)

    assert quoted.discount == half_up(Fraction(sum(weights) * basis_points, 10_000))
    for line in quoted.parts[0].lines:
        share = Fraction(quoted.discount * line.line_total, sum(weights) or 1)
        assert abs(line.discount - share) < 1
