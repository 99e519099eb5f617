"""How long stock lasts, from what was sold."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from catalog_service.models import DailySales, Variant
from catalog_service.queries.forecasts import rate
from shared.context import new_id
from shared.testing import body, client_as
from tests.factories import ask, cancelled, confirmed, earlier, hear, make_variant, make_vendor

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)


def sell(variant: Variant, quantity: int, at: datetime | None = None) -> Any:
    asked = ask((variant, quantity))
    hear(asked)
    hear(confirmed(asked.order_id).model_copy(update={"confirmed_at": at or timezone.now()}))
    return asked.order_id


def sold(variant: Variant) -> dict[date, int]:
    return dict(DailySales.objects.filter(variant=variant).values_list("day", "sold"))


def forecast(variant: Variant, query: str = "") -> Any:
    return body(
        client_as("vendor", vendor_id=variant.vendor_id).get(f"/api/v1/inventory/{variant.sku}/forecast{query}")
    )


def first_stocked(days_ago: int, stock: int) -> Variant:
    with earlier(days_ago):
        return make_variant(stock=stock)


def test_confirmed_orders_are_counted_on_their_day_and_cancelled_ones_are_not() -> None:
    pot, mug = make_variant(stock=100), make_variant(stock=100)
    sell(pot, 3, NOON)
    sell(pot, 2, NOON)
    sell(pot, 1, NOON + timedelta(days=1))
    undone = sell(mug, 4)
    hear(cancelled(undone))
    hear(ask((mug, 5)))

    assert sold(pot) == {date(2026, 3, 10): 5, date(2026, 3, 11): 1}
    assert set(sold(mug).values()) == {0}


def test_a_confirmation_told_twice_is_one_sale() -> None:
    variant = make_variant(stock=100)
    told = confirmed(sell(variant, 3, NOON))

    hear(told)

    assert sold(variant) == {date(2026, 3, 10): 3}


def test_steady_sales_last_as_long_as_the_stock_divided_by_them() -> None:
    variant = first_stocked(29, stock=100)
    for days_ago in range(30):
        sell(variant, 2, timezone.now() - timedelta(days=days_ago))

    told = forecast(variant, "?lead_days=10&cover_days=20")

    assert (told["available"], told["sold"], told["days_observed"]) == (40, 60, 30)
    assert (told["per_day"], told["days_left"]) == (2.0, 20)
    assert told["runs_out_on"] == (timezone.now().date() + timedelta(days=20)).isoformat()
    assert (told["reorder_point"], told["reorder_quantity"]) == (25, 0)
    assert len(told["sales"]) == 30
    assert [day["sold"] for day in told["sales"]] == [2] * 30


def test_new_stock_is_due_for_the_time_it_takes_and_the_days_to_be_covered() -> None:
    variant = first_stocked(29, stock=80)
    for days_ago in range(30):
        sell(variant, 2, timezone.now() - timedelta(days=days_ago))

    told = forecast(variant, "?lead_days=10&cover_days=20")

    assert (told["available"], told["reorder_point"]) == (20, 25)
    assert told["reorder_quantity"] == 2 * 30 + 5 - 20


def test_new_stock_is_due_when_no_more_than_the_point_is_available() -> None:
    above, at = first_stocked(29, stock=86), first_stocked(29, stock=85)
    for variant in (above, at):
        for days_ago in range(30):
            sell(variant, 2, timezone.now() - timedelta(days=days_ago))

    told = [forecast(variant, "?lead_days=10&cover_days=20") for variant in (above, at)]

    assert [(one["available"], one["reorder_point"]) for one in told] == [(26, 25), (25, 25)]
    assert [one["reorder_quantity"] for one in told] == [0, 40]


def test_a_day_whose_orders_all_came_to_nothing_is_not_told() -> None:
    variant = make_variant(stock=10)
    hear(cancelled(sell(variant, 2)))

    assert forecast(variant)["sales"] == []


def test_late_sales_weigh_more_than_early_ones() -> None:
    rising, falling = {0: 10}, {27: 10}

    assert rate(rising, 28) > rate({14: 10}, 28) > rate(falling, 28)
    assert float(rate(rising, 28) / rate({14: 10}, 28)) == pytest.approx(2)
    assert float(rate(dict.fromkeys(range(28), 3), 28)) == pytest.approx(3)


def test_what_never_sold_never_runs_out() -> None:
    told = forecast(make_variant(stock=10))

    assert (told["per_day"], told["days_left"], told["runs_out_on"]) == (0.0, None, None)
    assert (told["reorder_quantity"], told["sales"], told["days_observed"]) == (0, [], 1)


def test_what_sells_so_slowly_that_nobody_can_know_lasts_ten_years_at_most() -> None:
    variant = first_stocked(90, stock=1_000_000)
    sell(variant, 1, timezone.now() - timedelta(days=89))

    assert forecast(variant)["days_left"] == 3_650


@pytest.mark.parametrize("query", ["?lead_days=-1", "?lead_days=366", "?cover_days=0", "?cover_days=x", "?vendor=x"])
def test_strange_questions_are_refused(query: str) -> None:
    variant = make_variant()

    assert client_as("admin").get(f"/api/v1/inventory/{variant.sku}/forecast{query}").status_code == 400


def test_the_forecast_of_others_is_as_good_as_none() -> None:
    variant = make_variant()
    stranger = client_as("vendor", vendor_id=make_vendor("Other").id)

    assert stranger.get(f"/api/v1/inventory/{variant.sku}/forecast").status_code == 404
    assert stranger.get(f"/api/v1/inventory/{new_id()}/forecast").status_code == 404
    assert client_as("customer").get(f"/api/v1/inventory/{variant.sku}/forecast").status_code == 403


def test_a_forecast_takes_few_statements(django_assert_max_num_queries: Any) -> None:
    variant = make_variant(stock=10)
    sell(variant, 1)

    with django_assert_max_num_queries(3):
        forecast(variant)
