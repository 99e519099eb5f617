"""Prices that are lower for a time."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from factories import ask, hear, make_product, make_vendor, usd

from catalog_service.actions.sale_prices import turn_prices
from catalog_service.actions.variants import PriceInput, VariantInput
from catalog_service.models import Price, Product, Variant
from shared.context import new_id
from shared.contracts.catalog import OfferChanged, StockReserved
from shared.money import Money
from shared.testing import body, client_as, published

pytestmark = pytest.mark.django_db
URL = "/api/v1/products"
HOUR = timedelta(hours=1)


def dollars(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "USD"}


def in_hours(hours: float) -> str:
    return (timezone.now() + hours * HOUR).isoformat()


def sale_url(variant: Variant) -> str:
    return f"{URL}/{variant.product_id}/variants/{variant.id}/sale"


def put_on_sale(variant: Variant, amount: str = "8.00", **when: Any) -> Any:
    seller = client_as("vendor", vendor_id=variant.vendor_id)
    response = seller.put(sale_url(variant), {"price": dollars(amount), **when})
    assert response.status_code == 200, response.content
    return body(response)


def let_pass(hours: float) -> None:
    """All that is planned lies so much nearer, or further back."""
    with connection.cursor() as cursor:
        for column in ("sale_starts_at", "sale_ends_at"):
            cursor.execute(f"UPDATE price SET {column} = {column} - %s", [hours * HOUR])
        cursor.execute("UPDATE product SET prices_change_at = prices_change_at - %s", [hours * HOUR])
        for table in ("product", "card"):
            cursor.execute(
                f"""UPDATE {table} SET prices = (
                SELECT jsonb_object_agg(currency, CASE WHEN price ? 'then' THEN price || jsonb_build_object('then', (
                    SELECT jsonb_agg(step || jsonb_build_object('from', (step ->> 'from')::numeric - %s))
                    FROM jsonb_array_elements(price -> 'then') AS step)) ELSE price END)
                FROM jsonb_each(prices) AS each (currency, price)) WHERE prices <> '{{}}'""",
                [hours * 3600],
            )


def shown(product: Product) -> tuple[str, str | None]:
    """The price and what it is crossed out from; lists and the product itself say the same."""
    (card,) = body(client_as().get(URL))["results"]
    whole = body(client_as().get(f"{URL}/{product.id}"))
    told = [(one["price"], one["compare_at_price"]) for one in (card, whole, whole["variants"][0])]
    assert told[0] == told[1] == told[2]
    price, compared = told[0]
    return price["amount"], compared and compared["amount"]


def offered() -> int:
    minor: int = published(OfferChanged)[-1].prices[0].minor
    return minor


def test_a_sale_lowers_the_price_everywhere_at_once_and_ends_when_it_is_ended() -> None:
    product = make_product(price="10.00")
    variant = product.variants.get()

    answer = put_on_sale(variant)

    assert (answer["price"], answer["compare_at_price"]) == (dollars("8.00"), dollars("10.00"))
    assert shown(product) == ("8.00", "10.00")
    assert offered() == 800
    assert [card["id"] for card in body(client_as().get(f"{URL}?max_price=8.00&on_sale=true"))["results"]]
    ended = client_as("vendor", vendor_id=product.vendor_id).delete(f"{sale_url(variant)}?currency=USD")
    assert ended.status_code == 204
    assert shown(product) == ("10.00", None)
    assert offered() == 1_000


def test_a_planned_sale_starts_and_ends_by_the_time_before_any_job_has_run() -> None:
    product = make_product(price="10.00")
    put_on_sale(product.variants.get(), starts_at=in_hours(1), ends_at=in_hours(2))

    before = shown(product)
    let_pass(1.5)
    during = shown(product)
    let_pass(1)
    after = shown(product)

    assert [before, during, after] == [("10.00", None), ("8.00", "10.00"), ("10.00", None)]


def test_carts_are_told_and_filters_follow_when_a_sale_starts_and_when_it_ends() -> None:
    product = make_product(price="10.00")
    put_on_sale(product.variants.get(), starts_at=in_hours(1), ends_at=in_hours(2))
    cheap = f"{URL}?max_price=8.00&on_sale=true"
    told = [offered()]
    versions = [published(OfferChanged)[-1].version]

    for hours in (1.5, 1):
        let_pass(hours)
        assert turn_prices() == 1
        told.append(offered())
        versions.append(published(OfferChanged)[-1].version)
        assert len(body(client_as().get(cheap))["results"]) == (1 if told[-1] == 800 else 0)

    assert told == [1_000, 800, 1_000]
    assert versions == sorted(set(versions))
    assert turn_prices() == 0
    assert Product.objects.get().prices_change_at is None


def test_what_refreshes_a_card_in_between_does_not_keep_carts_from_being_told() -> None:
    product = make_product(price="10.00")
    put_on_sale(product.variants.get(), starts_at=in_hours(1))
    let_pass(2)
    client_as("admin").patch(f"/api/v1/admin/categories/{product.category_id}", {"name": "Vessels"})

    turned = turn_prices()

    assert (turned, offered()) == (1, 800)


def test_the_cheapest_of_several_variants_is_worked_out_for_every_moment() -> None:
    variants = [
        VariantInput(sku="A", prices=[usd("10.00"), PriceInput(Money(900, "EUR"))]),
        VariantInput(sku="B", prices=[usd("9.00")]),
    ]
    product = make_product(variants=variants)
    first, second = product.variants.order_by("sku")
    put_on_sale(first, "7.00", starts_at=in_hours(1), ends_at=in_hours(3))
    put_on_sale(second, "6.50", starts_at=in_hours(2), ends_at=in_hours(4))

    seen = []
    for _ in range(5):
        seen.append(body(client_as().get(URL))["results"][0]["price"]["amount"])
        assert seen[-1] == body(client_as().get(f"{URL}/{product.id}"))["price"]["amount"]
        let_pass(1)

    assert seen == ["9.00", "7.00", "6.50", "6.50", "9.00"]


def test_an_order_pays_the_sales_price_while_the_sale_is_on() -> None:
    variant = make_product(price="10.00").variants.get()
    put_on_sale(variant, starts_at=in_hours(1), ends_at=in_hours(2))

    for _ in range(3):
        hear(ask((variant, 1)))
        let_pass(1.2 if len(published(StockReserved)) == 1 else 1)

    assert [told.lines[0].unit_price.minor for told in published(StockReserved)] == [1_000, 800, 1_000]


def test_only_those_who_write_it_see_a_sale_before_it_starts() -> None:
    product = make_product(price="10.00")
    put_on_sale(product.variants.get(), starts_at=in_hours(1), ends_at=in_hours(2))
    url = f"{URL}/{product.id}"
    seller = client_as("vendor", vendor_id=product.vendor_id)

    public = body(client_as().get(url))["variants"][0]["sale"]
    own = body(seller.patch(f"{url}/variants/{product.variants.get().id}", {"barcode": "1"}))["sale"]
    let_pass(1.5)
    during = body(client_as().get(url))["variants"][0]["sale"]

    assert public is None
    assert (own["price"], own["starts_at"] is None) == (dollars("8.00"), False)
    assert (during["price"], during["regular_price"]) == (dollars("8.00"), dollars("10.00"))
    assert during["ends_at"]


@pytest.mark.parametrize(
    ("sale", "field"),
    [
        ({"price": dollars("10.00")}, "price"),
        ({"price": dollars("0.00")}, "price.amount"),
        ({"price": {"amount": "5.00", "currency": "EUR"}}, "price"),
        ({"price": dollars("5.00"), "ends_at": "2020-01-01T00:00:00Z"}, "ends_at"),
        ({"price": dollars("5.00"), "starts_at": "2090-01-02T00:00:00Z", "ends_at": "2090-01-01T00:00:00Z"}, "ends_at"),
        ({"price": dollars("5.00"), "starts_at": "\x00"}, "starts_at"),
        ({"price": dollars("5.00"), "percent": 3}, "percent"),
        ({}, "price"),
    ],
)
def test_strange_sales_are_refused(sale: dict[str, Any], field: str) -> None:
    variant = make_product(price="10.00").variants.get()

    response = client_as("vendor", vendor_id=variant.vendor_id).put(sale_url(variant), sale)

    assert (response.status_code, set(body(response)["errors"])) == (400, {field})


def test_a_price_does_not_fall_below_the_sale_that_is_planned() -> None:
    variant = make_product(price="10.00").variants.get()
    put_on_sale(variant)
    seller = client_as("vendor", vendor_id=variant.vendor_id)

    refused = seller.patch(f"{URL}/{variant.product_id}/variants/{variant.id}", {"price": dollars("7.00")})

    assert set(body(refused)["errors"]) == {"price"}
    with pytest.raises(IntegrityError), transaction.atomic():
        Price.objects.update(minor=700)


def test_another_vendors_sale_is_as_absent_as_none() -> None:
    variant = make_product(price="10.00").variants.get()
    stranger = client_as("vendor", vendor_id=make_vendor("Other").id)

    answers = [
        stranger.put(sale_url(variant), {"price": dollars("5.00")}),
        stranger.delete(f"{sale_url(variant)}?currency=USD"),
        client_as("vendor", vendor_id=variant.vendor_id).delete(f"{sale_url(variant)}?currency=USD"),
        client_as("admin").put(f"{URL}/{variant.product_id}/variants/{new_id()}/sale", {"price": dollars("5.00")}),
    ]

    assert [answer.status_code for answer in answers] == [404] * 4
    assert client_as("customer").put(sale_url(variant), {"price": dollars("5.00")}).status_code == 403
