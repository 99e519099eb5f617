"""The timeline as a page: for whoever may read the order, with a policy that lets it load nothing."""

from uuid import UUID, uuid4

import pytest
from factories import confirmed, delivered, hear, make_cart, make_line, payment_declined, place, stock_reserved

from order_service import checkout
from order_service.models import Order
from order_service.queries.orders import link_token
from shared.models import InboxMessage
from shared.testing import body, client_as

pytestmark = pytest.mark.django_db

ADA = UUID(int=0xADA)
BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


def page_of(order: Order, query: str = "", *roles: str, **who: object):
    return client_as(*roles, **who).get(f"/api/v1/orders/{order.id}/timeline{query}", headers=BROWSER)


def test_a_browser_is_shown_every_command_event_retry_and_compensation() -> None:
    order = place(user_id=ADA)
    hear(stock_reserved(order))
    hear(payment_declined(order))
    InboxMessage.objects.filter(type="payment.payment_declined.v1").update(attempts=3)
    InboxMessage.objects.update(correlation_id=order.correlation_id)

    page = page_of(order, "", "customer", user_id=ADA)

    text = page.content.decode()
    assert (page.status_code, page["Content-Type"]) == (200, "text/html; charset=utf-8")
    for wanted in (
        order.number, "payment_declined", "POST /api/v1/orders", "order.order_placed.v1", "catalog.reserve_stock.v1",
        "catalog.stock_reserved.v1", '<tr class="compensation">', "catalog.release_stock.v1", '<tr class="retry">',
        "3 attempts", " ms</td>",
    ):  # fmt: skip
        assert wanted in text, wanted


def test_the_page_loads_nothing_and_is_kept_by_nobody() -> None:
    page = page_of(place(user_id=ADA), "", "customer", user_id=ADA)

    assert page["Content-Security-Policy"].startswith("default-src 'none'; style-src 'unsafe-inline'")
    assert (page["Referrer-Policy"], page["Cache-Control"]) == ("no-referrer", "private, no-store")
    assert "Accept" in page["Vary"]


def test_what_buyers_write_is_text_on_the_page() -> None:
    order = confirmed(user_id=ADA)
    checkout.cancel_order(order_id=order.id, reason="<script>alert(1)</script>")

    assert "<script>" not in page_of(order, "", "admin").content.decode()


def test_programs_are_answered_as_before() -> None:
    order = place(user_id=ADA)

    answer = client_as("customer", user_id=ADA).get(f"/api/v1/orders/{order.id}/timeline")

    assert answer["Content-Type"] == "application/json"
    assert body(answer)["results"][0]["name"] == "POST /api/v1/orders"


def test_the_page_is_for_who_may_read_the_order() -> None:
    order = confirmed(make_cart(make_line()))

    seen = [page_of(order, "", role).status_code for role in ("admin", "support", "customer", "vendor")]
    linked, forged, absent = page_of(order, f"?token={link_token(order)}"), page_of(order, "?token=x"), page_of(order)

    assert (seen, linked.status_code, forged.status_code, absent.status_code) == ([200, 200, 404, 404], 200, 404, 404)
    assert absent["Content-Type"] == "application/problem+json"


# ── A guest's link ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_guests_link_opens_whatever_the_order_has_for_its_owner_and_nothing_of_another() -> None:
    order, other = delivered(make_cart(make_line())), confirmed()
    guest, link = client_as(), f"?token={link_token(order)}"
    item = {"id": str(order.vendor_orders.get().lines.get().id), "quantity": 1, "reason": "broken"}

    asked = guest.post(f"/api/v1/orders/{order.id}/returns{link}", {"items": [item]})
    read = [guest.get(f"/api/v1/orders/{order.id}{part}{link}").status_code for part in PARTS]
    foreign = [guest.get(f"/api/v1/orders/{other.id}{part}{link}").status_code for part in PARTS]
    bare = [guest.get(f"/api/v1/orders/{order.id}{part}").status_code for part in PARTS]

    assert asked.status_code == 201
    assert body(guest.get(f"/api/v1/orders/{order.id}/returns{link}"))["results"][0]["status"] == "requested"
    assert (read, foreign, bare) == ([200] * 5, [404] * 5, [404] * 5)
    refused = guest.post(f"/api/v1/orders/{other.id}/returns{link}", {"items": [{**item, "id": str(uuid4())}]})
    assert refused.status_code == 404


PARTS = ("", "/timeline", "/invoice", "/refunds", "/returns")


def test_a_guest_cancels_by_the_link_once() -> None:
    order = confirmed(make_cart(make_line()))
    path = f"/api/v1/orders/{order.id}/cancel?token={link_token(order)}"

    first, second = client_as().post(path), client_as().post(path)

    assert (body(first)["status"], body(first)["cancel_reason"], second.status_code) == (
        "cancelled", "cancelled_by_buyer", 409,
    )  # fmt: skip
