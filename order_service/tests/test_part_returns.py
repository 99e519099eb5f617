"""Returns of which only a part comes, or comes later, or is not fit for sale."""

from uuid import uuid4

import pytest
from factories import make_line
from sending_back import approved, ask, bought, decide, refunded, settle_refunds

from order_service.models import Order, OrderLine, Return
from shared.contracts.order import ReturnReceived
from shared.testing import body, published

pytestmark = pytest.mark.django_db


def test_what_comes_in_two_parcels_is_refunded_in_two_parts_and_written_off_where_it_is_broken() -> None:
    order = bought(make_line(quantity=3))
    line, return_id = OrderLine.objects.get(), approved(order, 3)

    first = decide(return_id, "receive", {"items": [{"id": str(line.id), "quantity": 2, "restock": False}]})
    settle_refunds(order)
    between = Return.objects.get().status
    second = decide(return_id, "receive")
    settle_refunds(order)

    assert [body(answer)["status"] for answer in (first, second)] == ["partly_received", "received"]
    assert (between, Return.objects.get().status) == ("partly_received", "refunded")
    assert [(item.quantity, item.restock) for told in published(ReturnReceived) for item in told.items] == [
        (2, False),
        (1, True),
    ]
    item = body(second)["items"][0]
    assert (item["received_quantity"], item["restocked_quantity"]) == (3, 1)
    assert sum(refunded()) == line.line_total + line.tax
    assert Order.objects.get().status == "returned"


def test_what_never_comes_is_not_refunded_and_may_be_asked_back_again() -> None:
    order = bought(make_line(quantity=3))
    line, return_id = OrderLine.objects.get(), approved(order, 3)

    answer = decide(return_id, "receive", {"items": [{"id": str(line.id), "quantity": 1}], "last": True})

    assert (body(answer)["status"], refunded()) == ("received", [2_400])
    line.refresh_from_db()
    assert (line.returned_quantity, line.refunded_quantity) == (1, 1)
    assert [ask(order, 3).status_code, ask(order, 2).status_code] == [409, 201]


def test_nothing_that_came_closes_the_return_without_a_refund() -> None:
    order = bought()
    line, return_id = OrderLine.objects.get(), approved(order, 1)

    answer = decide(return_id, "receive", {"items": [{"id": str(line.id), "quantity": 0}], "last": True})

    assert (body(answer)["status"], refunded(), published(ReturnReceived)) == ("refunded", [], [])


@pytest.mark.parametrize(
    "items",
    [
        [],
        [{"id": str(uuid4()), "quantity": 1}],
        [{"id": "x", "quantity": -1}],
        [{"id": str(uuid4()), "quantity": 10**30, "restock": "maybe"}],
        "all",
    ],
)
def test_odd_goods_are_not_received(items: object) -> None:
    return_id = approved(bought(), 1)

    assert decide(return_id, "receive", {"items": items}).status_code == 400
    assert Return.objects.get().status == "approved"


def test_no_more_is_received_than_was_to_come() -> None:
    order = bought()
    line, return_id = OrderLine.objects.get(), approved(order, 1)

    answer = decide(return_id, "receive", {"items": [{"id": str(line.id), "quantity": 2}]})

    assert (answer.status_code, refunded()) == (400, [])
