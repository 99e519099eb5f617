"""Shipping and taxes as data: what an address pays, and how admins set it."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from conftest import CartService
from factories import ADDRESS, VENDOR_A, VENDOR_B, delivered, hear, make_cart, make_line, part_of, place

from order_service.actions.orders import splits_of
from order_service.actions.returns import Wanted, approve_return, receive_return, request_return
from order_service.actions.shipping import create_method, create_rate, create_zone
from order_service.actions.taxes import create_tax_category, create_tax_rate
from order_service.errors import NotDelivered
from order_service.models import ShippingMethod, ShippingRate, ShippingZone, TaxRate
from order_service.queries.quotes import Quote, quote
from shared.contracts.catalog import CategoryChanged
from shared.contracts.payment import RefundPayment
from shared.contracts.user import RecordAudit
from shared.errors import Invalid
from shared.money import Money
from shared.testing import body, client_as, published

pytestmark = pytest.mark.django_db

ADA = UUID(int=0xADA)
ROOT = "/api/v1/admin"


def price(*lines: Any, country: str = "XX", region: str = "", method: str | None = None) -> Quote:
    return quote(
        cart=make_cart(*lines), country=country, region=region, method=method, coupon_code=None, buyer_key=str(ADA)
    )


def usd(minor: int) -> Money:
    return Money(minor, "USD")


def europe(**rate: Any) -> ShippingZone:
    """With a rate for standard parcels."""
    zone = create_zone(name="Europe", countries=["DE", "FR"])
    create_rate(zone_id=zone.id, method_id=standard(), **{"price": usd(900), **rate})
    return zone


def standard() -> UUID:
    return ShippingMethod.objects.get(code="standard").id


def without_taxes() -> None:
    TaxRate.objects.all().delete()


# ── Shipping ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("currency", "standard", "express"), [("USD", 500, 1_500), ("JPY", 600, 1_800), ("KWD", 1_500, 4_500)]
)
def test_the_rates_that_come_with_it_are_those_that_stood_in_the_code(currency, standard, express) -> None:
    quoted = price(make_line(unit_price=Money(2_000, currency)))

    assert [(option.method.code, option.price) for option in quoted.options] == [
        ("standard", standard), ("express", express),
    ]  # fmt: skip
    assert quoted.method == "standard"


def test_a_country_pays_its_zones_rate_and_others_the_fallbacks() -> None:
    europe()

    assert [price(make_line(), country=country).shipping for country in ("DE", "FR", "XX")] == [900, 900, 500]
    assert [option.method.code for option in price(make_line(), country="DE").options] == ["standard"]


@pytest.mark.parametrize(("quantity", "cost"), [(1, 300), (2, 300), (3, 900), (4, 900)])
def test_the_lightest_band_that_carries_the_parcel_is_taken(quantity: int, cost: int) -> None:
    zone = europe(up_to_grams=2_000)
    create_rate(zone_id=zone.id, method_id=standard(), price=usd(300), up_to_grams=1_000)

    assert price(make_line(quantity=quantity, weight_grams=500), country="DE").shipping == cost


def test_a_parcel_that_nobody_carries_is_not_delivered() -> None:
    europe(up_to_grams=2_000)

    with pytest.raises(NotDelivered):
        price(make_line(quantity=5, weight_grams=500), country="DE")


def test_a_method_is_offered_when_it_carries_every_vendors_parcel() -> None:
    ShippingRate.objects.filter(method__code="express", currency="USD").update(up_to_grams=1_000)
    light, heavy = make_line(weight_grams=100), make_line(weight_grams=900, vendor_id=VENDOR_B)

    assert len(price(light).options) == 2
    assert [option.method.code for option in price(light, heavy).options] == ["standard"]
    with pytest.raises(Invalid):
        price(light, heavy, method="express")


def test_a_vendors_own_rates_replace_the_platforms_for_its_parcel_only() -> None:
    zone = europe()
    create_rate(zone_id=zone.id, method_id=standard(), price=usd(100), vendor_id=VENDOR_A, free_over=usd(5_000))

    dear = price(make_line(quantity=3), make_line(vendor_id=VENDOR_B), country="DE")
    cheap = price(make_line(quantity=1), make_line(vendor_id=VENDOR_B), country="DE")

    assert [part.shipping for part in dear.parts] == [0, 900]
    assert [part.shipping for part in cheap.parts] == [100, 900]
    assert [parcel.price for parcel in cheap.options[0].parcels] == [100, 900]
    assert cheap.parts[0].parcel.why[0].rule == "Europe, Standard"


def test_a_method_that_is_switched_off_is_not_offered() -> None:
    client_as("admin").patch(f"{ROOT}/shipping-methods/{standard()}", {"active": False})

    assert price(make_line()).method == "express"


def test_a_country_without_zone_gets_nothing_when_there_is_no_fallback() -> None:
    ShippingZone.objects.all().delete()

    with pytest.raises(NotDelivered):
        price(make_line())


# ── Taxes ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_inclusive_tax_is_in_the_price_and_does_not_raise_the_total() -> None:
    TaxRate.objects.filter(country="GB").update(inclusive=True)

    quoted = price(make_line(quantity=1, unit_price=usd(1_200)), country="GB")

    assert (quoted.items, quoted.shipping, quoted.tax, quoted.total) == (1_200, 500, 0, 1_700)
    assert [line.tax_included for line in quoted.parts[0].lines] == [200]
    assert (quoted.parts[0].parcel.tax_included, quoted.tax_included) == (83, 283)
    assert quoted.parts[0].commission == 100


def test_the_payments_split_names_the_tax_that_prices_contain() -> None:
    TaxRate.objects.filter(country="GB").update(inclusive=True)

    order = place(make_cart(make_line(quantity=1, unit_price=usd(1_200))))

    split = splits_of(order)[0]
    owed = split.gross - split.tax - split.commission
    assert (split.gross, split.tax, split.commission, owed) == (1_700, 283, 100, 1_000 - 100 + 417)
    assert (order.tax_total, order.tax_included) == (0, 283)


def test_a_return_of_a_line_with_inclusive_tax_gives_back_what_was_paid_for_it() -> None:
    TaxRate.objects.filter(country="GB").update(inclusive=True)
    order = delivered(make_cart(make_line(quantity=3, unit_price=usd(1_111))), user_id=ADA)
    line = part_of(order).lines.get()

    for _ in range(3):
        asked = request_return(order_id=order.id, wanted=[Wanted(line.id, 1, "broken")])[0]
        approve_return(return_id=asked.id, vendor_id=VENDOR_A)
        receive_return(return_id=asked.id, vendor_id=VENDOR_A)

    splits = [refund.splits[0] for refund in published(RefundPayment)]
    assert sum(split.gross for split in splits) == 3_333
    assert sum(split.tax for split in splits) == line.tax_included == 556
    assert sum(split.commission for split in splits) == line.commission == part_of(order).commission


def test_a_regions_own_rate_comes_before_its_countrys() -> None:
    create_tax_rate(name="California", country="US", region="ca", basis_points=725, on_shipping=False)

    californian, other = price(make_line(), country="US", region=" Ca "), price(make_line(), country="US", region="NV")

    assert (californian.tax, other.tax) == (290, 280 + 35)
    assert californian.parts[0].lines[0].why[0].rule == "California"


def test_a_tax_category_is_taxed_by_its_own_rate() -> None:
    books = uuid4()
    kind = create_tax_category(code="books", name="Books", categories=[books])
    create_tax_rate(name="Books", country="DE", basis_points=700, tax_category_id=kind.id)

    quoted = price(make_line(category_id=books), make_line(category_id=uuid4()), country="DE")

    assert [line.tax for line in quoted.parts[0].lines] == [280, 760]
    assert quoted.parts[0].parcel.tax == 95


def test_a_tax_category_holds_for_all_below_until_another_is_nearer() -> None:
    media, books, maps = uuid4(), uuid4(), uuid4()
    for name, category, basis_points in (("Media", media, 1_000), ("Books", books, 700)):
        kind = create_tax_category(code=name.lower(), name=name, categories=[category])
        create_tax_rate(name=name, country="DE", basis_points=basis_points, tax_category_id=kind.id)
    hear(CategoryChanged(category_id=maps, lineage=(media, books, maps), version=1))
    hear(CategoryChanged(category_id=books, lineage=(media, books), version=1))

    def tax_of(category: UUID) -> int:
        return price(make_line(category_id=category), country="DE").parts[0].lines[0].tax

    assert [tax_of(one) for one in (maps, books, media)] == [280, 280, 400]


def test_tax_is_on_what_is_left_after_the_discount() -> None:
    from order_service.actions.coupons import create_coupon

    create_coupon(code="half", kind="percentage", basis_points=5_000)

    quoted = quote(cart=make_cart(make_line()), country="DE", method=None, coupon_code="half", buyer_key="ada")

    assert quoted.parts[0].lines[0].tax == 380


def test_orders_keep_the_rates_they_were_made_at() -> None:
    order = place(make_cart(make_line()), user_id=ADA)

    TaxRate.objects.all().update(basis_points=1, name="Other")
    ShippingRate.objects.all().delete()

    told = body(client_as("customer", user_id=ADA).get(f"/api/v1/orders/{order.id}"))["vendor_orders"][0]
    assert [(row["kind"], row["rule"], row["rate"]) for row in (*told["items"][0]["why"], *told["why"])] == [
        ("tax", "VAT GB", "20.00"),
        ("shipping", "Everywhere, Standard", None),
        ("shipping_tax", "VAT GB", "20.00"),
    ]


def test_a_quote_over_http_shows_options_by_vendor_and_asks_the_database_little(
    cart_service: CartService, django_assert_max_num_queries
) -> None:
    europe()
    cart_service.carts[str(ADA)] = make_cart(make_line(weight_grams=250), make_line(vendor_id=VENDOR_B))
    form = {"shipping_address": {**ADDRESS, "country": "DE", "region": "BY"}}

    with django_assert_max_num_queries(8):
        response = client_as("customer", user_id=ADA).post("/api/v1/checkout/quote", form)

    told = body(response)
    assert response.status_code == 200
    assert told["shipping_methods"] == [
        {
            "code": "standard",
            "name": "Standard",
            "price": {"amount": "18.00", "currency": "USD"},
            "vendors": [
                {"vendor_id": str(vendor), "price": {"amount": "9.00", "currency": "USD"}}
                for vendor in (VENDOR_A, VENDOR_B)
            ],
            "selected": True,
        }
    ]
    assert [part["weight_grams"] for part in told["vendor_orders"]] == [500, 0]


# ── As admins set them ───────────────────────────────────────────────────────────────────────────────────────────────


def forms() -> dict[str, tuple[dict[str, Any], dict[str, Any]]]:
    """Path → what makes a row, and what changes it."""
    zone = create_zone(name="Zone", countries=["IS"]).id
    money = {"amount": "9.00", "currency": "USD"}
    return {
        "shipping-zones": ({"name": "Nordic", "countries": ["DK", "NO"]}, {"countries": ["SE"]}),
        "shipping-methods": ({"code": "drone", "name": "Drone", "position": 7}, {"active": False}),
        "shipping-rates": (
            {"zone_id": str(zone), "method_id": str(standard()), "price": money, "up_to_grams": 500},
            {"free_over": money, "up_to_grams": None},
        ),
        "tax-categories": ({"code": "food", "name": "Food", "categories": [str(uuid4())]}, {"categories": []}),
        "tax-rates": ({"name": "VAT", "country": "IS", "basis_points": 2_400}, {"inclusive": True}),
    }


PATHS = ["shipping-zones", "shipping-methods", "shipping-rates", "tax-categories", "tax-rates"]


@pytest.mark.parametrize("path", PATHS)
def test_an_admin_makes_reads_changes_and_removes_rates_and_all_is_recorded(path: str) -> None:
    admin, (form, change) = client_as("admin"), forms()[path]
    before = len(published(RecordAudit))

    made, again = admin.post(f"{ROOT}/{path}", form), admin.post(f"{ROOT}/{path}", form)
    read = admin.get(made["Location"])
    changed = admin.patch(made["Location"], change)
    removed, gone = admin.delete(made["Location"]), admin.get(made["Location"])

    statuses = [answer.status_code for answer in (made, again, read, changed, removed, gone)]
    assert statuses == [201, 400, 200, 200, 204, 404]
    assert body(made) == body(read)
    assert {name: body(changed)[name] for name in change} == change
    verbs = [entry.action.split(".")[2] for entry in published(RecordAudit)[before:]]
    assert verbs == ["create", "change", "remove"]


@pytest.mark.parametrize("path", PATHS)
def test_rates_are_the_admins_business(path: str) -> None:
    some = f"{ROOT}/{path}/{uuid4()}"

    for client, status in (
        (client_as(), 401),
        (client_as("customer"), 403),
        (client_as("vendor", vendor_id=VENDOR_A), 403),
    ):
        asked = [
            client.get(f"{ROOT}/{path}"),
            client.post(f"{ROOT}/{path}", {}),
            client.patch(some, {}),
            client.delete(some),
        ]
        assert [answer.status_code for answer in asked] == [status] * 4
    admin = client_as("admin")
    assert [admin.get(some).status_code, admin.patch(some, {}).status_code, admin.delete(some).status_code] == [404] * 3


MONEY = {"amount": "1.00", "currency": "USD"}
LESS = {"amount": "-1.00", "currency": "USD"}
RATE = {"zone_id": str(uuid4()), "method_id": str(uuid4()), "price": MONEY}
TAX = {"name": "n", "country": "DE", "basis_points": 1}


@pytest.mark.parametrize(
    ("path", "form", "wrong"),
    [
        ("shipping-zones", {"name": "", "countries": ["de"], "x": 1}, {"name", "countries.0", "x"}),
        ("shipping-zones", {"name": "Everywhere"}, {"name"}),
        ("shipping-zones", {"name": "Two", "is_fallback": True}, {"is_fallback"}),
        ("shipping-methods", {"code": "A B", "name": "a\x00"}, {"code", "name"}),
        ("shipping-methods", {"code": "express", "name": "Again"}, {"code"}),
        ("shipping-rates", {"zone_id": "1", "price": LESS}, {"zone_id", "method_id", "price.amount"}),
        ("shipping-rates", RATE, {"zone_id", "method_id"}),
        ("shipping-rates", {**RATE, "free_over": {"amount": "1", "currency": "JPY"}}, {"free_over.currency"}),
        ("shipping-rates", {**RATE, "up_to_grams": 10**30}, {"up_to_grams"}),
        ("tax-categories", {"code": "x" * 99, "name": "n", "categories": ["no"]}, {"code", "categories.0"}),
        ("tax-rates", {**TAX, "country": "deu", "basis_points": 10_001}, {"country", "basis_points"}),
        ("tax-rates", {**TAX, "tax_category_id": str(uuid4())}, {"tax_category_id"}),
        ("tax-rates", TAX, {"country"}),
    ],
)  # fmt: skip
def test_odd_rates_are_refused_by_their_fields(path: str, form: dict[str, Any], wrong: set[str]) -> None:
    response = client_as("admin").post(f"{ROOT}/{path}", form)

    assert (response.status_code, set(body(response)["errors"])) == (400, wrong)


def test_a_country_is_in_one_zone() -> None:
    europe()

    response = client_as("admin").post(f"{ROOT}/shipping-zones", {"name": "More", "countries": ["FR", "IS"]})

    assert (response.status_code, set(body(response)["errors"])) == (400, {"countries"})
    assert not ShippingZone.objects.filter(name="More").exists()


@pytest.mark.parametrize("price", [{"amount": "1.00"}, {"currency": "USD"}, {}, {"amount": "1", "currency": "JPY"}])
def test_part_of_a_price_or_another_currency_does_not_change_a_rate(price: dict[str, str]) -> None:
    europe()
    rate = ShippingRate.objects.get(zone__name="Europe")

    response = client_as("admin").patch(f"{ROOT}/shipping-rates/{rate.id}", {"price": price})

    assert response.status_code == 400
    rate.refresh_from_db()
    assert rate.price == 900


def test_rates_are_found_by_zone_method_vendor_and_currency() -> None:
    zone = europe()
    drone = create_method(code="drone", name="Drone")
    create_rate(zone_id=zone.id, method_id=drone.id, price=usd(1), vendor_id=VENDOR_A)

    def found(query: str) -> int:
        return len(body(client_as("admin").get(f"{ROOT}/shipping-rates?{query}"))["results"])

    assert [found(f"zone_id={zone.id}"), found(f"vendor_id={VENDOR_A}"), found("currency=USD")] == [2, 1, 4]
    assert client_as("admin").get(f"{ROOT}/shipping-rates?vendor=1&zone_id=x").status_code == 400


@pytest.mark.parametrize("path", PATHS)
def test_a_list_of_rates_asks_the_database_no_more_for_more_rows(path: str, django_assert_max_num_queries) -> None:
    forms()

    with django_assert_max_num_queries(2):
        assert client_as("admin").get(f"{ROOT}/{path}").status_code == 200
