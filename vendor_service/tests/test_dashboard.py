import random
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.utils import timezone
from factories import hear, make_member, make_vendor

from shared.context import new_id
from shared.contracts import catalog, order
from shared.messages import Message, MoneyData
from shared.testing import body, client_as
from vendor_service.actions import dashboard
from vendor_service.models import ReturnCase, ReviewNote, Sale, Vendor
from vendor_service.queries.dashboard import periods

pytestmark = pytest.mark.django_db
PATH = "/api/v1/vendors/me/dashboard"
BUYER = order.Buyer(email="ada@example.com", name="Ada")


def money(minor: int, currency: str = "USD") -> MoneyData:
    return MoneyData(minor=minor, currency=currency)


def about(order_id: UUID) -> dict[str, Any]:
    return {"order_id": order_id, "number": "N-1", "buyer": BUYER}


def confirmed(order_id: UUID, *parts: tuple[Vendor, MoneyData], days_ago: int = 0) -> order.OrderConfirmed:
    at = timezone.now() - timedelta(days=days_ago)
    told = tuple(_part(vendor, total) for vendor, total in parts)
    return order.OrderConfirmed(**about(order_id), total=parts[0][1], vendor_orders=told, confirmed_at=at)


def _part(vendor: Vendor, total: MoneyData) -> order.VendorOrderPart:
    names = ("items_total", "shipping_total", "tax_total", "discount_total", "total", "commission")
    sums = dict.fromkeys(names, total)
    return order.VendorOrderPart(
        vendor_order_id=new_id(), vendor_id=vendor.id, vendor_name=vendor.name, lines=(), **sums
    )


def shipped(order_id: UUID, vendor: Vendor, *, complete: bool = True) -> order.VendorOrderShipped:
    parcel = {"shipment_id": new_id(), "carrier": "Swift", "tracking_number": "S1", "complete": complete}
    return order.VendorOrderShipped(**about(order_id), vendor_order_id=new_id(), vendor_id=vendor.id, **parcel)


def cancelled(order_id: UUID, *vendors: Vendor, was_confirmed: bool = True) -> order.OrderCancelled:
    ids = tuple(vendor.id for vendor in vendors)
    return order.OrderCancelled(
        **about(order_id), reason="x", total=money(1), vendor_ids=ids, was_confirmed=was_confirmed
    )


def part_cancelled(order_id: UUID, vendor: Vendor, *, complete: bool) -> order.VendorOrderCancelled:
    whose = {"vendor_order_id": new_id(), "vendor_id": vendor.id}
    return order.VendorOrderCancelled(**about(order_id), **whose, items=(), reason="x", complete=complete)


def a_return(return_id: UUID, vendor: Vendor, *, order_id: UUID) -> list[Message]:
    """Requested, approved, received, refunded."""
    whose = {**about(order_id), "return_id": return_id, "vendor_id": vendor.id}
    return [
        order.ReturnRequested(**whose),
        order.ReturnDecided(**whose, approved=True),
        order.ReturnReceived(**whose, items=()),
        order.OrderRefunded(**about(order_id), refund_id=new_id(), amount=money(700), return_id=return_id),
    ]


def stock(kind: type[Message], vendor: Vendor, variant_id: UUID) -> Message:
    return kind(variant_id=variant_id, vendor_id=vendor.id, sku="L-1", name="Lamp", available=1)


def review(vendor: Vendor, rating: int) -> catalog.ReviewPublished:
    about_it = {"review_id": new_id(), "product_id": new_id(), "product_name": "Lamp"}
    return catalog.ReviewPublished(vendor_id=vendor.id, rating=rating, **about_it)


def shown(vendor: Vendor) -> Any:
    answer = client_as("vendor", user_id=vendor.owner_id, vendor_id=vendor.id).get(PATH)
    assert answer.status_code == 200
    return body(answer)


def sold(vendor: Vendor, period: str = "last_30_days") -> dict[str, tuple[int, str, str]]:
    rows = shown(vendor)["periods"][period]["sold"]
    return {row["currency"]: (row["orders"], row["total"]["amount"], row["refunded"]["amount"]) for row in rows}


# ── Figures ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_new_vendor_has_nothing_and_nothing_to_do() -> None:
    dashboard = shown(make_vendor())

    assert set(dashboard["to_do"].values()) == {0}
    assert [period["sold"] for period in dashboard["periods"].values()] == [[], [], []]
    assert dashboard["periods"]["today"]["rating"] is None


def test_sales_are_counted_per_currency_and_period_and_of_one_vendor() -> None:
    vendor, other = make_vendor(), make_vendor(business_name="Lumen")
    hear(confirmed(new_id(), (vendor, money(1_050)), (other, money(99_999))))
    hear(confirmed(new_id(), (vendor, money(500)), days_ago=6))
    hear(confirmed(new_id(), (vendor, money(250)), days_ago=29))
    hear(confirmed(new_id(), (vendor, money(7_000)), days_ago=30))
    hear(confirmed(new_id(), (vendor, money(800, "JPY"))))
    hear(confirmed(new_id(), (vendor, money(1_234, "KWD"))))

    assert sold(vendor, "today") == {"USD": (1, "10.50", "0.00"), "JPY": (1, "800", "0"), "KWD": (1, "1.234", "0.000")}
    assert sold(vendor, "last_7_days")["USD"] == (2, "15.50", "0.00")
    assert sold(vendor)["USD"] == (3, "18.00", "0.00")
    assert shown(vendor)["periods"]["last_30_days"]["orders_confirmed"] == 5
    assert sold(other)["USD"] == (1, "999.99", "0.00")


def test_periods_begin_at_midnight() -> None:
    begun = periods(datetime(2026, 3, 1, 0, 30, tzinfo=UTC))

    assert [since.isoformat()[:16] for since in begun.values()] == [
        "2026-03-01T00:00", "2026-02-23T00:00", "2026-01-31T00:00",
    ]  # fmt: skip


def test_what_is_cancelled_is_no_sale() -> None:
    vendor, other = make_vendor(), make_vendor(business_name="Lumen")
    whole, part, less = new_id(), new_id(), new_id()
    for order_id in (whole, part, less):
        hear(confirmed(order_id, (vendor, money(1_000)), (other, money(1_000))))

    hear(cancelled(whole, vendor, other))
    hear(part_cancelled(part, vendor, complete=True))
    hear(part_cancelled(less, vendor, complete=False))
    hear(cancelled(new_id(), vendor, was_confirmed=False))

    assert (sold(vendor)["USD"][0], sold(other)["USD"][0]) == (1, 2)
    assert shown(vendor)["periods"]["today"]["orders_cancelled"] == 2


def test_refunds_of_returns_are_the_vendors() -> None:
    vendor, order_id = make_vendor(), new_id()
    hear(confirmed(order_id, (vendor, money(1_000))))

    for message in a_return(new_id(), vendor, order_id=order_id):
        hear(message)
    hear(order.OrderRefunded(**about(order_id), refund_id=new_id(), amount=money(300)))

    assert sold(vendor)["USD"] == (1, "10.00", "7.00")
    assert shown(vendor)["periods"]["today"]["returns_requested"] == 1


def test_reviews_are_counted_and_averaged() -> None:
    vendor = make_vendor()
    for rating in (5, 4, 4):
        hear(review(vendor, rating))
    hear(review(make_vendor(business_name="Lumen"), 1))
    ReviewNote.objects.filter(rating=5).update(heard_at=timezone.now() - timedelta(days=20))

    shown_periods = shown(vendor)["periods"]

    assert (shown_periods["today"]["reviews"], shown_periods["today"]["rating"]) == (2, 4.0)
    assert (shown_periods["last_30_days"]["reviews"], shown_periods["last_30_days"]["rating"]) == (3, 4.33)


# ── What waits ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_orders_wait_until_all_of_them_is_sent() -> None:
    vendor, order_id = make_vendor(), new_id()
    hear(confirmed(order_id, (vendor, money(1_000))))

    hear(shipped(order_id, vendor, complete=False))
    assert shown(vendor)["to_do"]["orders_to_ship"] == 1

    hear(shipped(order_id, vendor))
    assert shown(vendor)["to_do"]["orders_to_ship"] == 0
    assert shown(vendor)["periods"]["today"]["orders_shipped"] == 1


def test_returns_wait_for_a_decision_and_then_for_the_goods() -> None:
    vendor, seen = make_vendor(), []
    for message in a_return(new_id(), vendor, order_id=new_id()):
        hear(message)
        seen.append((shown(vendor)["to_do"]["returns_to_decide"], shown(vendor)["to_do"]["returns_to_receive"]))

    assert seen == [(1, 0), (0, 1), (0, 0), (0, 0)]


def test_stock_is_low_then_out_then_back() -> None:
    vendor, variant, seen = make_vendor(), new_id(), []
    for kind in (catalog.StockRanLow, catalog.StockRanOut, catalog.StockCameBack):
        hear(stock(kind, vendor, variant))
        seen.append((shown(vendor)["to_do"]["stock_low"], shown(vendor)["to_do"]["stock_out"]))

    assert seen == [(1, 0), (0, 1), (0, 0)]


# ── Messages ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("seed", range(8))
def test_events_of_an_order_may_come_in_any_order(seed: int) -> None:
    vendor, sent, gone = make_vendor(), new_id(), new_id()
    messages = [
        confirmed(sent, (vendor, money(1_000))), shipped(sent, vendor, complete=False), shipped(sent, vendor),
        confirmed(gone, (vendor, money(5_000))), cancelled(gone, vendor),
        *a_return(new_id(), vendor, order_id=sent),
    ]  # fmt: skip
    random.Random(seed).shuffle(messages)

    for message in messages:
        hear(message)

    assert sold(vendor) == {"USD": (1, "10.00", "7.00")}
    assert set(shown(vendor)["to_do"].values()) == {0}


def test_a_refund_that_is_told_again_stays_on_its_day() -> None:
    vendor, return_id = make_vendor(), new_id()
    *_steps, refund = a_return(return_id, vendor, order_id=new_id())
    hear(refund)
    ReturnCase.objects.update(refunded_at=timezone.now() - timedelta(days=20))
    before = ReturnCase.objects.values().get()

    hear(refund)

    assert ReturnCase.objects.values().get() == before


def test_a_refund_counts_on_the_day_it_was_made_whenever_it_is_heard_of() -> None:
    made = timezone.now() - timedelta(days=20)
    amount = {"refund_id": new_id(), "amount": money(700), "return_id": new_id()}

    hear(order.OrderRefunded(**about(new_id()), **amount, refunded_at=made))

    assert ReturnCase.objects.get().refunded_at == made


def test_two_refunds_of_a_return_are_counted_once_each() -> None:
    return_id = new_id()
    refunds = [
        order.OrderRefunded(**about(new_id()), refund_id=new_id(), amount=money(minor), return_id=return_id)
        for minor in (700, 50)
    ]

    for refund in (*refunds, *refunds):
        hear(refund)

    assert ReturnCase.objects.get().refunded == 750


def test_a_refund_that_an_earlier_release_counted_is_not_counted_again() -> None:
    *_steps, refund = a_return(new_id(), make_vendor(), order_id=new_id())
    hear(refund)
    ReturnCase.objects.update(refund_ids=[])

    hear(refund)

    assert ReturnCase.objects.get().refunded == 700


def test_a_confirmation_that_is_told_again_changes_nothing() -> None:
    vendor, order_id = make_vendor(), new_id()
    told = confirmed(order_id, (vendor, money(1_000)), days_ago=80)
    for message in (told, shipped(order_id, vendor), part_cancelled(order_id, vendor, complete=True)):
        hear(message)
    before = list(Sale.objects.values())

    hear(told)

    assert list(Sale.objects.values()) == before


def test_a_sale_that_was_forgotten_does_not_wait_to_be_sent_again() -> None:
    vendor = make_vendor()

    hear(confirmed(new_id(), (vendor, money(1_000)), days_ago=91))

    assert shown(vendor)["to_do"]["orders_to_ship"] == 0


def test_figures_that_no_period_reaches_go_and_what_waits_stays() -> None:
    vendor, done, waiting = make_vendor(), new_id(), new_id()
    hear(confirmed(done, (vendor, money(1)), days_ago=80))
    hear(shipped(done, vendor))
    hear(confirmed(waiting, (vendor, money(1)), days_ago=80))
    hear(a_return(new_id(), vendor, order_id=done)[0])
    hear(review(vendor, 5))
    for model in (Sale, ReturnCase, ReviewNote):
        model.objects.update(heard_at=timezone.now() - timedelta(days=91))
    hear(review(vendor, 4))

    assert dashboard.forget_old_figures() == 2
    assert Sale.objects.get().order_id == waiting
    assert ReturnCase.objects.count() == ReviewNote.objects.count() == 1


def test_nothing_is_kept_that_names_a_buyer() -> None:
    hear(confirmed(new_id(), (make_vendor(), money(1))))

    kept = str(Sale.objects.values())
    assert BUYER.email not in kept
    assert BUYER.name not in kept  # a capital: an id in hexadecimal cannot hold it by chance


# ── Who sees it ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_every_member_sees_it_and_nobody_else() -> None:
    vendor = make_vendor()
    staff = make_member(vendor)

    assert client_as("vendor", user_id=staff.user_id, vendor_id=vendor.id).get(PATH).status_code == 200
    assert client_as("vendor", vendor_id=vendor.id).get(PATH).status_code == 404
    assert client_as("customer").get(PATH).status_code == 403
    assert client_as().get(PATH).status_code == 401


@pytest.mark.parametrize(("role", "seen"), [("finance", True), ("orders", True), ("catalogue", False)])
def test_turnover_is_for_those_who_see_orders_or_money(role: str, seen: bool) -> None:
    vendor = make_vendor()
    hear(confirmed(new_id(), (vendor, money(31_200))))
    member = make_member(vendor, role=role)

    told = body(client_as("vendor", user_id=member.user_id, vendor_id=vendor.id, vendor_role=role).get(PATH))

    today = told["periods"]["today"]
    assert [name in today for name in ("sold", "orders_confirmed")] == [seen] * 2
    assert ("orders_to_ship" in told["to_do"]) == seen
    assert today.keys() >= {"since", "reviews", "rating"}
    assert told["to_do"].keys() >= {"stock_low", "stock_out"}


def test_it_asks_the_database_no_more_for_more_orders(django_assert_max_num_queries: Any) -> None:
    vendor = make_vendor()
    for currency in ("USD", "EUR", "JPY") * 3:
        hear(confirmed(new_id(), (vendor, money(100, currency))))

    with django_assert_max_num_queries(11):
        shown(vendor)
