from pathlib import Path
from uuid import UUID, uuid4

import pytest
from django.core.management import call_command
from factories import make_cart, make_line, place

from order_service import checkout
from order_service.actions.coupons import create_coupon
from order_service.errors import CouponRefused
from order_service.models import Order, Promotion, Redemption
from order_service.queries.promotions import coupons
from shared.money import Money
from shared.testing import body, client_as, in_parallel

pytestmark = pytest.mark.django_db

ADA = UUID(int=0xADA)
TEN = {"code": "ten", "kind": "percentage", "value": "10"}


def make(**changes: object):
    return client_as("admin").post("/api/v1/coupons", {**TEN, **changes})


def test_an_admin_makes_a_coupon_and_reads_it_back() -> None:
    made = make(limit=5, per_user_limit=1, minimum={"amount": "20.00", "currency": "USD"})

    assert (made.status_code, body(made)["code"], body(made)["redeemed"]) == (201, "TEN", 0)
    assert (body(made)["value"], body(made)["limit"]) == ("10.00", 5)
    assert body(client_as("admin").get(made["Location"])) == body(made)
    assert [row["id"] for row in body(client_as("admin").get("/api/v1/coupons"))["results"]] == [body(made)["id"]]


def test_vendors_pay_for_a_coupon_unless_the_platform_does() -> None:
    told = [body(make()), body(make(code="gift", paid_by="platform"))]

    assert [one["paid_by"] for one in told] == ["vendor", "platform"]
    assert Promotion.objects.get(code="GIFT").paid_by == "platform"


def test_a_code_is_taken_once_however_it_is_spelled() -> None:
    make()

    assert (make(code="TEN").status_code, list(body(make(code="Ten"))["errors"])) == (400, ["code"])


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({"code": "a b", "kind": "gift", "limit": 0, "extra": 1}, {"code", "kind", "limit", "extra"}),
        ({"value": "101"}, {"value"}),
        ({"value": "-1"}, {"value"}),
        ({"value": [1]}, {"value"}),
        ({"value": None}, {"value"}),
        ({"value": "NaN"}, {"value"}),
        ({"value": 10**400}, {"value"}),
        ({"kind": "amount", "value": "5"}, {"value"}),
        ({"kind": "amount", "value": {"amount": "-5.00", "currency": "USD"}}, {"value"}),
        ({"kind": "amount", "value": {"amount": "0.001", "currency": "USD"}}, {"value"}),
        ({"minimum": {"amount": "-1.00", "currency": "USD"}}, {"minimum.amount"}),
        ({"limit": 10**30, "per_user_limit": "x"}, {"limit", "per_user_limit"}),
        ({"starts_at": "2026-02-01T00:00:00Z", "ends_at": "2026-01-01T00:00:00Z"}, {"ends_at"}),
        ({"starts_at": "soon", "ends_at": 5}, {"starts_at", "ends_at"}),
        ({"code": "a\x00b"}, {"code"}),
    ],
)
def test_an_odd_coupon_is_refused_by_its_fields(changes: dict[str, object], wrong: set[str]) -> None:
    response = make(**changes)

    assert (response.status_code, set(body(response)["errors"])) == (400, wrong)
    assert Promotion.objects.count() == 0


def test_coupons_are_the_admins_business() -> None:
    assert client_as("customer").post("/api/v1/coupons", TEN).status_code == 403
    assert client_as("vendor", vendor_id=uuid4()).get("/api/v1/coupons").status_code == 403
    assert client_as().get("/api/v1/coupons").status_code == 401
    assert client_as("admin").get(f"/api/v1/coupons/{uuid4()}").status_code == 404


def test_an_order_with_a_coupon_counts_and_a_cancelled_one_gives_it_back() -> None:
    create_coupon(code="once", kind="percentage", basis_points=1_000, limit=1, per_user_limit=1)
    order = place(user_id=ADA, coupon="once")
    with pytest.raises(CouponRefused):
        place(user_id=uuid4(), coupon="once")

    checkout.cancel_order(order_id=order.id, reason="cancelled_by_buyer")

    assert Promotion.objects.get().redeemed == 0
    assert place(user_id=ADA, coupon="once").discount_total == 600
    assert Promotion.objects.get().redeemed == 1


def test_a_buyer_uses_a_coupon_as_often_as_it_allows() -> None:
    create_coupon(code="twice", kind="percentage", basis_points=1_000, per_user_limit=2)

    for _ in range(2):
        place(user_id=ADA, coupon="twice")
    with pytest.raises(CouponRefused):
        place(user_id=ADA, coupon="twice")

    assert place(user_id=uuid4(), coupon="twice").coupon_code == "TWICE"


@pytest.mark.django_db(transaction=True)
def test_eight_parallel_orders_redeem_the_last_coupon_once() -> None:
    create_coupon(code="last", kind="amount", amount=Money(500, "USD"), limit=1)

    answers = in_parallel(8, lambda _number: place(make_cart(make_line()), user_id=uuid4(), coupon="last"))

    assert sum(isinstance(answer, Order) for answer in answers) == 1
    assert sum(isinstance(answer, CouponRefused) for answer in answers) == 7
    assert (Order.objects.count(), Redemption.objects.count(), Promotion.objects.get().redeemed) == (1, 1, 1)


@pytest.mark.django_db(transaction=True)
def test_parallel_orders_of_one_buyer_keep_to_the_limit_per_user() -> None:
    create_coupon(code="mine", kind="percentage", basis_points=1_000, per_user_limit=2)

    answers = in_parallel(8, lambda _number: place(user_id=ADA, coupon="mine"))

    assert sum(isinstance(answer, Order) for answer in answers) == 2
    assert sum(isinstance(answer, CouponRefused) for answer in answers) == 6
    assert (Order.objects.count(), coupons().get().used) == (2, 2)


@pytest.mark.django_db(transaction=True)
def test_parallel_cancellations_give_a_coupon_back_once() -> None:
    create_coupon(code="back", kind="percentage", basis_points=1_000, limit=5)
    place(user_id=uuid4(), coupon="back")
    order = place(user_id=ADA, coupon="back")

    in_parallel(4, lambda _number: checkout.cancel_order(order_id=order.id, reason="cancelled_by_buyer"))

    assert Promotion.objects.get().redeemed == 1


def test_the_demo_coupon_is_made_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(2):
        call_command("seed_demo", tmp_path / "marketplace.json")

    coupon = Promotion.objects.get()
    assert (coupon.code, coupon.kind, coupon.basis_points) == ("WELCOME10", "percentage", 1_000)
    assert capsys.readouterr().out.split("\n")[:2] == ["1 coupon made", "0 coupons made"]
