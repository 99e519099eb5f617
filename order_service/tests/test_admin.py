"""The operators' pages: orders and all that belongs to them are found; what is done is done by the API's actions."""

from typing import Any

import pytest
from factories import VENDOR_A, VENDOR_B, confirmed, delivered, hear, make_cart, make_line, part_of, place

from order_service.actions.coupons import create_coupon
from order_service.actions.exports import queue_export
from order_service.actions.operations import queue_operation
from order_service.actions.reports import rebuild_reports
from order_service.actions.returns import Wanted, request_return
from order_service.actions.shipments import ship_items
from order_service.actions.taxes import create_tax_category
from order_service.clients import CartLine
from order_service.errors import CouponRefused
from order_service.models import (
    Exchange,
    Order,
    OrderDay,
    OrderOperation,
    Promotion,
    Refund,
    Return,
    SalesDay,
    Shipment,
)
from shared.context import new_id
from shared.contracts.catalog import CategoryChanged
from shared.contracts.order import ReturnReceived
from shared.contracts.payment import RefundFailed, StoreCreditChanged
from shared.contracts.user import RecordAudit, UserChanged
from shared.contracts.vendor import CommissionRule, CommissionRulesChanged, VendorChanged
from shared.testing import FOR_OPERATORS, answers_by_role, lists_of_records, operator_as, published

pytestmark = pytest.mark.django_db

ROOT = "/admin/order/order_service"
PAGES = lists_of_records()
ORDERS, RETURNS, SHIPMENTS, COUPONS = (f"{ROOT}/{name}/" for name in ("order", "return", "shipment", "promotion"))
"""Each with operations."""


def make_everything() -> Order:
    """A row of each model at least."""
    vendor_id, user_id = new_id(), new_id()
    create_coupon(code=f"TEN-{vendor_id}", kind="percentage", basis_points=1_000)
    create_tax_category(code=vendor_id.hex, name="Books", categories=[new_id()])
    order = delivered(user_id=user_id, coupon=f"TEN-{vendor_id}")
    request = ask_return(order)
    Exchange.objects.create(order=place(), return_request=request)
    Refund.objects.create(order=order, return_request=request, amount=1, reason="returned")
    hear(UserChanged(user_id=user_id, email="ada@example.com", first_name="Ada", last_name="Buyer", version=1))
    hear(StoreCreditChanged(user_id=user_id, currency="USD", available=500, version=1))
    hear(
        VendorChanged(
            vendor_id=vendor_id, owner_id=new_id(), name="Northwind", slug="northwind", status="active", version=1,
            contact_email="north@example.com", country="GB", payout_currency="USD", commission_basis_points=1_000,
        )
    )  # fmt: skip
    rule = CommissionRule(rule_id=new_id(), basis_points=500)
    hear(CommissionRulesChanged(rules=(rule,), version=1))
    hear(CategoryChanged(category_id=rule.rule_id, lineage=(rule.rule_id,), version=1))
    queue_export(created_by=user_id, vendor_id=None, format_="csv", wanted={})
    queue_operation(subject="orders", kind="retry", created_by=user_id, vendor_id=None, arguments={}, ids=[order.id])
    list(rebuild_reports())
    return order


def ask_return(order: Order) -> Return:
    line = part_of(order).lines.get()
    return request_return(order_id=order.id, wanted=[Wanted(line.id, 1, "broken")])[0]


def recorded() -> list[tuple[str, str]]:
    return [(entry.action, entry.subject_id) for entry in published(RecordAudit)]


# ── Looking ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("path", PAGES)
def test_every_list_opens_with_each_filter_and_any_search(path: str) -> None:
    make_everything()
    client = operator_as("admin")

    assert client.opened(path) == {200}
    assert client.found_by_odd_terms(path) == 0


@pytest.mark.parametrize("path", PAGES)
def test_no_nonsense_upsets_a_list(path: str) -> None:
    make_everything()

    assert operator_as("admin").upset_by(path) == []


@pytest.mark.parametrize("path", PAGES)
def test_every_record_has_a_page_and_is_found_by_its_id(path: str) -> None:
    make_everything()
    client, record = operator_as("support"), PAGES[path]._default_manager.latest("pk")

    page = client.get(f"{path}{record.pk}/change/")

    assert page.status_code == 200
    assert str(record.pk) in page.content.decode()
    assert client.found(path, record.pk) == 1


@pytest.mark.parametrize("path", PAGES)
def test_a_list_asks_the_database_no_more_for_more_rows(path: str) -> None:
    client = operator_as("admin")

    def asked_with_one_more() -> int:
        make_everything()
        return client.asked(path)

    assert asked_with_one_more() == asked_with_one_more()


@pytest.mark.parametrize("path", PAGES)
def test_support_looks_and_others_do_not(path: str) -> None:
    assert answers_by_role(path) == FOR_OPERATORS


def test_an_order_is_found_by_its_number_its_buyer_its_payment_and_its_request() -> None:
    order, _other = make_everything(), make_everything()
    client = operator_as("support")

    for term in (order.number.lower(), order.user_id, order.payment_id, order.coupon_code, order.correlation_id):
        assert client.found(ORDERS, term) == 1
    assert client.found(ORDERS, "ADA@example.com") == 4
    assert client.found(ORDERS, order.user_id, status__exact="placed") == 0


@pytest.mark.parametrize(
    ("model", "count"), [("vendororder", 2), ("orderline", 2), ("shipment", 2), ("return", 1), ("refund", 1)]
)
def test_what_belongs_to_an_order_is_found_by_its_number(model: str, count: int) -> None:
    order, _other = make_everything(), make_everything()

    assert operator_as("support").found(f"{ROOT}/{model}/", order.number) == count


def test_a_redemption_is_found_by_its_order_its_code_and_its_buyer() -> None:
    order, _other = make_everything(), make_everything()

    for term in (order.id, order.coupon_code.lower(), order.user_id):
        assert operator_as("support").found(f"{ROOT}/redemption/", term) == 1


def test_an_order_s_page_tells_what_was_bought_of_whom_and_what_happened() -> None:
    order = make_everything()

    page = operator_as("support").get(f"{ORDERS}{order.id}/change/").content.decode()

    for shown in ("Northwind", "2 × LAMP-1", "1 × MUG-1", "0.01 USD", "1 Row", "catalog.reserve_stock.v1"):
        assert shown in page


def test_pages_ask_the_database_no_more_for_more_vendors_and_lines() -> None:
    client = operator_as("support")
    few, many = (confirmed(make_cart(*lines_of(size), *lines_of(size - 1, vendor_id=VENDOR_B))) for size in (1, 4))

    assert client.asked(f"{ORDERS}{few.id}/change/") == client.asked(f"{ORDERS}{many.id}/change/")
    parts = [f"{ROOT}/vendororder/{part_of(order).id}/change/" for order in (few, many)]
    assert client.asked(parts[0]) == client.asked(parts[1])


def lines_of(size: int, **changes: Any) -> list[CartLine]:
    return [make_line(**changes) for _time in range(size)]


def test_no_page_has_what_a_payment_is_taken_with_or_a_guest_s_proof() -> None:
    order = place()
    secrets = {"payment_token": "tok_of_a_card", "next_action": {"url": "https://bank.example"}}
    Order.objects.filter(id=order.id).update(**secrets, guest_digest=b"digest-of-token", cart_id="cart-of-a-guest")

    page = operator_as("admin").get(f"{ORDERS}{order.id}/change/").content.decode()

    assert order.number in page
    for secret in ("tok_of_a_card", "bank.example", "digest-of-token", "cart-of-a-guest"):
        assert secret not in page


@pytest.mark.parametrize(
    ("usable", "codes"), [("yes", {"OPEN", "LIMITED"}), ("ended", {"ENDED"}), ("used_up", {"USED"})]
)
def test_coupons_are_filtered_by_whether_they_can_be_used(usable: str, codes: set[str]) -> None:
    for code, limit in (("OPEN", None), ("LIMITED", 2), ("ENDED", None), ("USED", 1)):
        create_coupon(code=code, kind="percentage", basis_points=1_000, limit=limit)
    operator_as("admin").press(COUPONS, "end", Promotion.objects.get(code="ENDED"))
    Promotion.objects.exclude(redemption_limit=None).update(redeemed=1)

    page = operator_as("support").get(COUPONS, {"usable": usable})

    assert {coupon.code for coupon in page.context["cl"].result_list} == codes


# ── Acting ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_operation_is_stopped() -> None:
    make_everything()

    told = operator_as("admin").press(f"{ROOT}/orderoperation/", "stop", OrderOperation.objects.get())

    assert told == ["Stop: leave the rest as it is: 1"]
    assert OrderOperation.objects.get().status == "stopped"


def test_a_day_is_counted_anew() -> None:
    make_everything()
    SalesDay.objects.update(total=7)

    for path, model in ((f"{ROOT}/orderday/", OrderDay), (f"{ROOT}/salesday/", SalesDay)):
        told = operator_as("admin").press(path, "recount", model.objects.first())
        assert told == ["Count this day anew from the orders: 1"]

    assert not SalesDay.objects.filter(total=7).exists()
    assert [action for action, _id in recorded()][-2:] == ["order.report.recount"] * 2


def test_orders_are_cancelled_with_a_reason_and_refusals_are_told() -> None:
    paid, sent, me = confirmed(), delivered(), new_id()

    told = operator_as("admin", user_id=me).press(ORDERS, "cancel", paid, sent, reason="Fraud.")

    paid.refresh_from_db()
    assert (paid.status, paid.cancel_reason) == ("cancelled", "Fraud.")
    assert Refund.objects.get().amount == paid.total
    assert sorted(told) == ["Cancel: 1", f"{sent.number}: A part of this order is on its way."]
    assert recorded() == [("order.order.cancel", str(paid.id))]
    assert published(RecordAudit)[0].actor_id == me


@pytest.mark.parametrize(
    ("reason", "answer"), [("", "Give a reason."), ("x" * 41, "A reason to cancel has at most 40 characters.")]
)
def test_an_order_is_not_cancelled_without_a_fitting_reason(reason: str, answer: str) -> None:
    order = confirmed()

    (told,) = operator_as("admin").press(ORDERS, "cancel", order, reason=reason)

    order.refresh_from_db()
    assert told.endswith(answer)
    assert order.status == "confirmed"


def test_an_order_that_needed_attention_needs_it_no_more() -> None:
    order, client = confirmed(), operator_as("admin")
    hear(RefundFailed(refund_id=new_id(), payment_id=order.payment_id, order_id=order.id, reason="closed"))
    assert client.found(ORDERS, "", needs_attention__isempty="0") == 1

    told = client.press(ORDERS, "settle", order, reason="paid by hand")
    again = client.press(ORDERS, "settle", order, reason="paid by hand")

    assert told == ["Needs no attention any more: 1"]
    assert again == [f"{order.number}: Nothing about this order needs attention."]
    assert client.found(ORDERS, "", needs_attention__isempty="0") == 0
    (entry,) = published(RecordAudit)
    assert (entry.action, entry.subject_id) == ("order.order.settle", str(order.id))
    assert entry.detail["about"].endswith("failed: closed")


def test_a_parcel_is_marked_as_delivered_once() -> None:
    order, client = confirmed(), operator_as("admin")
    parcel = {"carrier": "Post", "tracking_number": "T1", "items": None}
    shipment = ship_items(vendor_order_id=part_of(order).id, vendor_id=VENDOR_A, **parcel)

    told = client.press(SHIPMENTS, "deliver", shipment), client.press(SHIPMENTS, "deliver", shipment)

    assert told == (["Mark as delivered: 1"], ["T1: A shipment that is delivered cannot become delivered."])
    assert (Shipment.objects.get().status, part_of(order).status) == ("delivered", "delivered")


@pytest.mark.parametrize(("operation", "restock"), [("receive", True), ("receive_broken", False)])
def test_a_return_is_approved_and_received(operation: str, restock: bool) -> None:
    request, client = ask_return(delivered()), operator_as("admin")

    early = client.press(RETURNS, operation, request)
    client.press(RETURNS, "approve", request)
    client.press(RETURNS, operation, request)

    assert early == ["requested return: A return that is requested cannot become received."]
    assert Return.objects.get().status == "received"
    assert published(ReturnReceived)[0].items[0].restock is restock
    assert Refund.objects.get().return_request == request
    assert recorded() == [("order.return.approve", str(request.id)), ("order.return.receive", str(request.id))]


def test_a_return_is_rejected_with_a_reason() -> None:
    request, client = ask_return(delivered()), operator_as("admin")

    assert client.press(RETURNS, "reject", request) == ["Give a reason."]
    assert client.press(RETURNS, "reject", request, reason="Worn.") == ["Reject: 1"]

    request.refresh_from_db()
    assert (request.status, request.decision_reason) == ("rejected", "Worn.")
    assert recorded() == [("order.return.reject", str(request.id))]


def test_a_coupon_is_ended_once_and_nobody_uses_it_from_then_on() -> None:
    coupon, client = create_coupon(code="TEN", kind="percentage", basis_points=1_000), operator_as("admin")

    told = client.press(COUPONS, "end", coupon), client.press(COUPONS, "end", coupon)

    assert told == (["End now: 1"], ["TEN: This coupon has ended."])
    with pytest.raises(CouponRefused, match="expired"):
        place(coupon="TEN")
    assert recorded()[1:] == [("order.coupon.end", str(coupon.id))]


@pytest.mark.parametrize("path", [ORDERS, RETURNS, SHIPMENTS, COUPONS])
def test_support_is_offered_nothing_to_do(path: str) -> None:
    make_everything()
    record = PAGES[path]._default_manager.latest("pk")

    pages = {
        role: operator_as(role).get(f"{path}{record.pk}/change/").content.decode()
        + operator_as(role).get(path).content.decode()
        for role in ("admin", "support")
    }

    assert {role: 'name="action"' in page for role, page in pages.items()} == {"admin": True, "support": False}


def test_support_does_nothing_even_so() -> None:
    order = confirmed()

    operator_as("support").press(ORDERS, "cancel", order, reason="Fraud.")

    order.refresh_from_db()
    assert order.status == "confirmed"
