"""What was asked before: recorded at every change, and told beside each reduction."""

from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F
from django.utils import timezone
from factories import make_product, make_variant, make_vendor, usd
from test_price_lists import publish_rates
from test_sale_prices import dollars, in_hours, let_pass, put_on_sale, sale_url

from catalog_service.actions.sale_prices import turn_prices
from catalog_service.actions.variants import PriceInput, VariantInput
from catalog_service.models import PriceChange, Variant
from shared.money import Money
from shared.testing import body, client_as

pytestmark = pytest.mark.django_db
URL = "/api/v1/products"


def set_price(variant: Variant, amount: str, currency: str = "USD", **more: Any) -> None:
    url = f"{URL}/{variant.product_id}/variants/{variant.id}"
    answer = client_as("admin").patch(url, {"price": {"amount": amount, "currency": currency}, **more})
    assert answer.status_code == 200, answer.content


def days_pass(days: int) -> None:
    """All that was asked was asked so much earlier; what is planned lies nearer."""
    PriceChange.objects.update(at=F("at") - timedelta(days=days))
    let_pass(24 * days)


def history(variant: Variant, query: str = "") -> list[Any]:
    client = client_as("vendor", vendor_id=variant.vendor_id)
    answer = client.get(f"{URL}/{variant.product_id}/price-history?{query}")
    assert answer.status_code == 200, answer.content
    results: list[Any] = body(answer)["results"]
    return results


def amounts(variant: Variant, query: str = "") -> list[str | None]:
    return [change["price"] and change["price"]["amount"] for change in history(variant, query)]


def lowest(variant: Variant, query: str = "") -> str | None:
    """Lists, the product and the variant tell the same."""
    (card,) = body(client_as().get(f"{URL}?{query}"))["results"]
    whole = body(client_as().get(f"{URL}/{variant.product_id}?{query}"))
    told = [one["lowest_price_30_days"] for one in (card, whole, whole["variants"][0])]
    assert told[0] == told[1] == told[2]
    return told[0] and told[0]["amount"]


def test_each_change_of_a_price_is_written_down_once() -> None:
    variant = make_variant(price="10.00")

    set_price(variant, "12.00")
    set_price(variant, "12.00")
    set_price(variant, "9.00", "EUR")
    put_on_sale(variant, "8.00")
    client_as("admin").delete(f"{sale_url(variant)}?currency=USD")

    assert amounts(variant, "currency=USD") == ["12.00", "8.00", "12.00", "10.00"]
    assert amounts(variant, "currency=EUR") == ["9.00"]
    latest, sale, *_ = history(variant, "currency=USD")
    assert (sale["compare_at_price"], latest["compare_at_price"]) == (dollars("12.00"), None)
    assert (sale["variant_id"], sale["sku"]) == (str(variant.id), variant.sku)


def test_a_price_that_is_taken_back_ends_in_the_history() -> None:
    variant = make_variant(price="10.00")
    set_price(variant, "9.00", "EUR")

    client_as("admin").patch(f"{URL}/{variant.product_id}/variants/{variant.id}", {"prices": [dollars("10.00")]})

    assert amounts(variant, "currency=EUR") == [None, "9.00"]


def test_planned_sales_are_written_down_at_their_own_moments_however_late_the_clock_is() -> None:
    variant = make_variant(price="10.00")
    put_on_sale(variant, "8.00", starts_at=in_hours(1), ends_at=in_hours(2))
    PriceChange.objects.update(at=timezone.now() - timedelta(hours=6))

    let_pass(5)
    turn_prices()

    now = timezone.now()
    ago = [round((now - change.at) / timedelta(hours=1)) for change in PriceChange.objects.order_by("-at")]
    assert list(zip(amounts(variant), ago, strict=True)) == [("10.00", 3), ("8.00", 4), ("10.00", 6)]


def test_beside_a_reduction_stands_the_lowest_price_of_the_thirty_days_before_it() -> None:
    variant = make_variant(price="5.00")
    days_pass(20)
    set_price(variant, "7.00")
    days_pass(15)
    set_price(variant, "6.50")
    days_pass(5)
    set_price(variant, "10.00")
    before = lowest(variant)
    days_pass(5)

    put_on_sale(variant, "8.00")

    assert (before, lowest(variant)) == (None, "5.00")  # 5.00 was asked until 25 days ago
    days_pass(10)
    assert lowest(variant) == "5.00"  # of the days before the reduction, not of those before today
    client_as("admin").delete(f"{sale_url(variant)}?currency=USD")
    days_pass(4)
    put_on_sale(variant, "9.00")
    assert lowest(variant) == "6.50"


def test_what_is_new_and_reduced_at_once_has_had_no_price_before() -> None:
    variant = make_product(
        variants=[VariantInput(sku="A", prices=[PriceInput(Money(800, "USD"), Money(1_000, "USD"))])]
    ).variants.get()

    assert lowest(variant) is None


def test_a_price_that_is_crossed_out_later_is_told_as_what_it_was() -> None:
    variant = make_variant(price="8.00")

    set_price(variant, "8.00", compare_at_price=dollars("20.00"))

    assert lowest(variant) == "8.00"


def test_the_lowest_price_is_known_when_a_planned_sale_starts_and_in_other_currencies() -> None:
    variant = make_variant(price="10.00")
    publish_rates(EUR="0.90")
    put_on_sale(variant, "8.00", starts_at=in_hours(1))
    PriceChange.objects.update(at=timezone.now() - timedelta(hours=6))

    let_pass(2)
    turn_prices()

    assert (lowest(variant), lowest(variant, "currency=EUR")) == ("10.00", "9.00")


def test_a_history_has_pages() -> None:
    variant = make_variant(price="10.00")
    for amount in ("11.00", "12.00", "13.00", "14.00"):
        set_price(variant, amount)
    client = client_as("admin")

    page = body(client.get(f"{URL}/{variant.product_id}/price-history?limit=2"))
    seen = page["results"]
    while page["next"]:
        page = body(client.get(page["next"]))
        seen += page["results"]

    assert [change["price"]["amount"] for change in seen] == ["14.00", "13.00", "12.00", "11.00", "10.00"]


@pytest.mark.parametrize(
    ("query", "field"),
    [("currency=XXX", "currency"), ("variant=1", "variant"), ("cursor=abc", "cursor"), ("limit=0", "limit")],
)
def test_strange_questions_are_refused(query: str, field: str) -> None:
    variant = make_variant()

    answer = client_as("admin").get(f"{URL}/{variant.product_id}/price-history?{query}")

    assert (answer.status_code, set(body(answer)["errors"])) == (400, {field})


def test_only_its_vendor_and_admins_see_a_history() -> None:
    variant = make_variant()
    url = f"{URL}/{variant.product_id}/price-history"

    assert client_as().get(url).status_code == 401
    assert client_as("customer").get(url).status_code == 403
    assert client_as("vendor", vendor_id=make_vendor("Other").id).get(url).status_code == 404
    assert client_as("admin").get(f"{URL}/nothing-like-it/price-history").status_code == 404


def test_the_history_of_many_variants_takes_two_statements(django_assert_num_queries: Any) -> None:
    variants = [VariantInput(sku=f"A{i}", prices=[usd("10.00")]) for i in range(20)]
    product = make_product(variants=variants)
    client = client_as("admin")

    with django_assert_num_queries(2):
        assert len(body(client.get(f"{URL}/{product.id}/price-history"))["results"]) == 20
