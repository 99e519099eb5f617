"""Any cart, paid, given back bit by bit until nothing is left: at each step the parts are the whole, to the last unit.

Order's and payment's own code, from the quote to the books. All of T21: NEXUS_CARTS=10000.
"""

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from importlib import import_module
from uuid import UUID

import pytest
from django.apps import apps
from django.db import connection, transaction
from django.db.models import Sum
from django.utils import timezone
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from world import serving

from order_service.actions import giving_back
from order_service.actions import refunds as order_refunds
from order_service.actions.orders import Placing, splits_of, write_order
from order_service.actions.promotions import Terms, create_promotion
from order_service.clients import Cart, CartLine
from order_service.models import CommissionRule, Order, Promotion, ShippingRate, TaxRate, VendorOrder, VendorTerms
from order_service.queries.quotes import quote
from payment_service.actions import payments
from payment_service.actions import refunds as payment_refunds
from payment_service.actions.store_credit import grant_credit
from payment_service.clients import Charge, Transfer
from payment_service.models import Account, Payment, Posting, Refund
from payment_service.queries.books import broken_rules
from shared.context import new_id
from shared.contracts.payment import PaymentRefunded, RefundPayment, Split, TakePayment
from shared.messages import MoneyData
from shared.money import Money
from shared.testing import published

pytestmark = pytest.mark.django_db
CARTS = int(os.environ.get("NEXUS_CARTS", "40"))
ADDRESS = {"name": "Ada", "line1": "1 Row", "city": "London", "postal_code": "N1", "country": "GB"}
ADA = UUID(int=0xADA)
ANY = settings(
    max_examples=CARTS, deadline=None, database=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate]
)
RATES = st.integers(0, 10_000)
COMMISSION_TAXES = {"DE": 1_900, "GB": 2_000}


@dataclass(frozen=True)
class Sale:
    """`lines`: vendor, quantity, price. `back`: how it is given back: which vendor order, how many of each line or what
    part in per cent; by whom.
    """

    currency: str
    lines: list[tuple[int, int, int]]
    commissions: list[int]
    commission_tax: int
    """On the commission, in basis points; and the fee of each unit by a rule."""
    fee: int
    tax: int
    inclusive: bool
    discount: tuple[str, int, str] | None
    credit: int
    back: list[tuple[str, int, int]]


@st.composite
def sales(draw: st.DrawFn) -> Sale:
    vendors = draw(st.integers(1, 20))
    line = st.tuples(st.integers(0, vendors - 1), st.integers(1, 9), st.integers(0, 10**6))
    more = draw(st.lists(line, max_size=4))
    prices = draw(st.lists(st.integers(0, 10**6), min_size=vendors, max_size=vendors))
    kinds = st.tuples(st.sampled_from(["percentage", "amount"]), st.integers(1, 10_000), st.sampled_from(PAYERS))
    step = st.tuples(
        st.sampled_from(["goods", "parcel", "amount", "at payment"]), st.integers(0, 40), st.integers(1, 99)
    )
    return Sale(
        currency=draw(st.sampled_from(["JPY", "USD", "KWD"])),
        lines=[*((vendor, vendor % 3 + 1, price) for vendor, price in enumerate(prices)), *more],
        commissions=draw(st.lists(RATES, min_size=1, max_size=3)),
        commission_tax=draw(st.sampled_from([0, *COMMISSION_TAXES.values()])),
        fee=draw(st.sampled_from([0, 0, 25])),
        tax=draw(RATES),
        inclusive=draw(st.booleans()),
        discount=draw(st.none() | kinds),
        credit=draw(st.sampled_from([0, 0, 777, 10**9])),
        back=draw(st.lists(step, max_size=5)),
    )


PAYERS = ["platform", "vendor"]


@pytest.fixture(autouse=True)
def _rates(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("django.conf.settings.COMMISSION_TAX_BY_COUNTRY", COMMISSION_TAXES)
    if not ShippingRate.objects.exists():  # tests that commit leave an empty database to the next
        import_module("order_service.migrations.0010_default_rates").write(apps, None)


@given(sale=sales())
@ANY
def test_what_is_paid_is_shared_out_and_given_back_to_the_last_unit(sale: Sale) -> None:
    with transaction.atomic():
        order = sell(sale)
        payment = pay(order, sale)
        check(order, payment)
        for how, which, part in sale.back:
            give_back(order, how, which, part)
            check(order, payment)
        the_rest(order)
        check(order, payment)
        assert broken_rules() == []
        nothing_is_left(payment, sale)
        transaction.set_rollback(True)


# ── What happens ─────────────────────────────────────────────────────────────────────────────────────────────────────


def sell(sale: Sale) -> Order:
    TaxRate.objects.filter(country="GB").update(basis_points=sale.tax, inclusive=sale.inclusive)
    vendors = {vendor for vendor, _quantity, _price in sale.lines}
    VendorTerms.objects.bulk_create(
        VendorTerms(
            vendor_id=UUID(int=vendor + 1), name="V", version=1,
            commission_basis_points=sale.commissions[vendor % len(sale.commissions)], country=taxed_at(sale),
        )
        for vendor in vendors
    )  # fmt: skip
    if sale.fee:
        CommissionRule.objects.create(
            id=new_id(), position=0, basis_points=sale.commissions[0], fees_per_unit={sale.currency: sale.fee}
        )
    if sale.discount:
        promise(sale, *sale.discount)
    cart = Cart("cart", sale.currency, None, tuple(line(sale.currency, *one) for one in sale.lines))
    quoted = quote(cart=cart, country="GB", method=None, coupon_code=None, buyer_key="ada")
    placing = Placing(ADA, "ada@example.com", "Ada", "cart", ADDRESS, ADDRESS, "simulator", "ok")
    order, _lines = write_order(placing=placing, quote=quoted, deadline=timezone.now())
    Order.objects.filter(id=order.id).update(status="confirmed", confirmed_at=timezone.now())
    return Order.objects.get(id=order.id)


def taxed_at(sale: Sale) -> str:
    """A country in which commissions are taxed at the sale's rate."""
    return next((country for country, rate in COMMISSION_TAXES.items() if rate == sale.commission_tax), "US")


def promise(sale: Sale, kind: str, worth: int, payer: str) -> None:
    amount = Money(worth, sale.currency) if kind == "amount" else None
    create_promotion(terms=Terms(kind=Promotion.Kind(kind), basis_points=worth, amount=amount, paid_by=payer))


def line(currency: str, vendor: int, quantity: int, price: int) -> CartLine:
    return CartLine(
        variant_id=new_id(), product_id=new_id(), category_id=None, vendor_id=UUID(int=vendor + 1), vendor_name="V",
        sku="S", name="Lamp", quantity=quantity, unit_price=Money(price, currency), available=99, active=True,
    )  # fmt: skip


def pay(order: Order, sale: Sale) -> Payment:
    command = TakePayment(
        payment_id=order.payment_id, order_id=order.id, order_number=order.number, user_id=ADA, method="simulator",
        token="ok", amount=MoneyData(minor=order.total, currency=order.currency), splits=splits_of(order),
        expires_at=timezone.now() + timedelta(minutes=15), store_credit=order.total,
    )  # fmt: skip
    with serving("payment"):
        if sale.credit:
            grant_credit(user_id=ADA, amount=Money(sale.credit, sale.currency), reason="sorry")
        payments.take_payment(command)
        payments.settle(payment_id=order.payment_id, charge=Charge("c-1", "succeeded"))
    return Payment.objects.get(id=order.payment_id)


def give_back(order: Order, how: str, which: int, part: int) -> None:
    """What is too much is refused or capped: that is part of what is tried."""
    rows = list(VendorOrder.objects.filter(order=order).order_by("id"))
    one = VendorOrder.objects.select_related("order").get(id=rows[which % len(rows)].id)
    left = sum(split.gross for split in order_refunds.left_of(order))
    if how in {"goods", "parcel"}:
        wanted = {each.id: (each.quantity - each.refunded_quantity) * part // 99 for each in one.lines.all()}
        giving_back.give_back(one, wanted, reason="came back", shipping=how == "parcel" and not one.shipping_refunded)
    elif left * part // 99:
        money = Money(left * part // 99, order.currency)
        if how == "amount":
            order_refunds.refund_part(order_id=order.id, amount=money, reason="goodwill")
        else:
            with serving("payment"):
                payment_refunds.start_refund(payment_id=order.payment_id, amount=money, reason="goodwill")
    carry_out(order)


def carry_out(order: Order) -> None:
    """What order asked for reaches payment; the provider does it; order hears of it."""
    with serving("payment"):
        for command in published(RefundPayment):
            payment_refunds.refund_payment(command)
        waiting = list(Refund.objects.filter(payment_id=order.payment_id, status="pending"))
        for refund in waiting:
            payment_refunds.settle_refund(refund_id=refund.id, transfer=Transfer("r-1", True))
    done = {refund.id for refund in waiting}
    for told in published(PaymentRefunded):
        if told.refund_id in done:
            order_refunds.record_refund(told)


def the_rest(order: Order) -> None:
    order_refunds.ask_refund(order=order, splits=order_refunds.left_of(order), reason="all of it")
    carry_out(order)


# ── What must hold ───────────────────────────────────────────────────────────────────────────────────────────────────


def check(order: Order, payment: Payment) -> None:
    payment.refresh_from_db()
    splits = [Split.model_validate(split) for split in payment.splits]
    assert sum(split.gross for split in splits) == payment.minor == order.total
    assert all(0 <= split.tax <= split.gross for split in splits)
    assert all(split.commission + split.commission_tax <= split.gross - split.tax for split in splits)
    assert 0 <= payment.refunded <= payment.minor
    assert 0 <= payment.credit_refunded <= payment.credit <= payment.minor
    no_share_gives_back_more_than_it_had(payment, splits)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # each entry sums to zero, as at a commit
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
    assert Posting.objects.aggregate(sum=Sum("minor"))["sum"] in (0, None)


def no_share_gives_back_more_than_it_had(payment: Payment, splits: Sequence[Split]) -> None:
    gone: Counter[tuple[UUID, str]] = Counter()
    for refund in payment.refunds.all():
        parts = [Split.model_validate(part) for part in refund.splits]
        assert sum(part.gross for part in parts) == refund.minor
        for part in parts:
            gone[part.vendor_order_id, "gross"] += part.gross
            gone[part.vendor_order_id, "tax"] += part.tax
    for split in splits:
        assert gone[split.vendor_order_id, "gross"] <= split.gross
        assert gone[split.vendor_order_id, "tax"] <= split.tax


def nothing_is_left(payment: Payment, sale: Sale) -> None:
    """Of the provider, the vendors, the state and us; the buyer has the credit again."""
    assert payment.refunded == payment.minor
    balances: Counter[str] = Counter()
    for account in Account.objects.all():
        balances[account.kind] += account.balance
    assert (balances["given_away"], balances["store_credit"]) == (sale.credit, -sale.credit)
    assert {kind: minor for kind, minor in balances.items() if minor} == (
        {"given_away": sale.credit, "store_credit": -sale.credit} if sale.credit else {}
    )
