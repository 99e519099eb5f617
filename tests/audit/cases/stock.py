"""Orders whose stock is not as they say."""

from collections.abc import Iterator
from uuid import uuid4

from databases import Databases
from story import Story

from cases.registry import ago, case
from fleet.client import wait_for


@case("an_open_order_ends", mends=True)
def an_order_without_a_deadline(db: Databases, story: Story) -> Iterator[str]:
    order = story.waiting()
    db.run("order", "UPDATE order_group SET deadline = NULL WHERE id = %s", [order])
    yield order


@case("an_order_that_awaits_payment_has_its_hold")
def a_hold_that_was_let_go(db: Databases, story: Story) -> Iterator[str]:
    order = story.waiting()
    with db.changed("catalog", "reservation", {"order_id": order}, status="released"):
        yield order


@case("what_is_held_is_held_for_an_order", mends=True)
def a_hold_of_nobody(db: Databases, story: Story) -> Iterator[str]:
    order = str(uuid4())
    hold = {"status": "held", "expires_at": ago(hours=-1)}
    row = db.like("catalog", "reservation", {"order_id": story.sold["id"]}, order_id=order, **hold)
    line = db.like(
        "catalog", "reservation_line", {"reservation_id": story.sold["id"]}, id=str(uuid4()), reservation_id=order
    )
    one_more = f"UPDATE stock_item SET reserved = reserved + {line['quantity']} WHERE variant_id = %s"
    db.run("catalog", one_more, [line["variant_id"]])
    with db.added("catalog", "reservation_line", line), db.added("catalog", "reservation", row):
        yield order


@case("what_was_sold_was_ordered")
def a_sale_to_nobody(db: Databases, story: Story) -> Iterator[str]:
    order = str(uuid4())
    row = db.like("catalog", "reservation", {"order_id": story.sold["id"]}, order_id=order)
    with db.added("catalog", "reservation", row):
        yield order


@case("a_cancelled_order_keeps_no_stock", mends=True)
def a_release_that_was_not_heard(db: Databases, story: Story) -> Iterator[str]:
    order = story.cancelled["id"]
    line = db.one("catalog", "reservation_line", reservation_id=order)
    held = f"UPDATE stock_item SET reserved = reserved + {line['quantity']} WHERE variant_id = %s"
    db.run("catalog", held, [line["variant_id"]])
    with db.changed("catalog", "reservation", {"order_id": order}, status="held", expires_at=ago(hours=-1)):
        yield order


@case("a_confirmed_order_took_its_stock", mends=True)
def a_confirmation_that_the_catalogue_missed(db: Databases, story: Story) -> Iterator[str]:
    order = story.sold["id"]
    line = db.one("catalog", "reservation_line", reservation_id=order)
    held = f"UPDATE stock_item SET reserved = reserved + {line['quantity']} WHERE variant_id = %s"
    _unsell(db, order, "held")
    db.run("catalog", held, [line["variant_id"]])
    yield order


@case("a_confirmed_order_took_its_stock", mends=True)
def a_hold_that_ran_out_while_the_buyer_paid(db: Databases, story: Story) -> Iterator[str]:
    order = _sold(db, story.bought())
    _unsell(db, order, "expired")
    yield order


@case("a_confirmed_order_took_its_stock", mends=True)
def a_confirmation_of_what_was_not_there(db: Databases, story: Story) -> Iterator[str]:
    order = _sold(db, story.bought())
    db.run("catalog", "UPDATE reservation SET status = 'rejected' WHERE order_id = %s", [order])
    yield order


def _sold(db: Databases, order: str) -> str:
    """Once the catalogue has heard of the confirmation."""
    look = lambda: db.one("catalog", "reservation", order_id=order)["status"] == "committed"  # noqa: E731
    wait_for(look, "the stock to be sold")
    return order


def _unsell(db: Databases, order: str, status: str) -> None:
    """As if the catalogue had not heard of the confirmation yet."""
    line = db.one("catalog", "reservation_line", reservation_id=order)
    back = f"UPDATE stock_item SET on_hand = on_hand + {line['quantity']} WHERE variant_id = %s"
    db.run("catalog", back, [line["variant_id"]])
    db.run("catalog", "DELETE FROM movement WHERE reference = %s", [order])
    waits = "UPDATE reservation SET status = %s, expires_at = %s WHERE order_id = %s"
    db.run("catalog", waits, [status, ago(hours=-1), order])


@case("a_confirmed_order_has_stock_to_take")
def a_confirmed_order_whose_stock_went_back(db: Databases, story: Story) -> Iterator[str]:
    with db.changed("catalog", "reservation", {"order_id": story.sold["id"]}, status="released"):
        yield story.sold["id"]


@case("a_confirmed_order_has_stock_to_take")
def a_confirmed_order_that_the_catalogue_forgot(db: Databases, story: Story) -> Iterator[str]:
    with db.removed("catalog", "reservation", order_id=story.sold["id"]):
        yield story.sold["id"]


@case("each_line_is_sold_once")
def a_line_that_was_sold_twice(db: Databases, story: Story) -> Iterator[str]:
    sale = {"reference": story.sold["id"], "kind": "sale"}
    with db.changed("catalog", "movement", sale, quantity=lambda n: 2 * n):
        yield story.sold["id"]


@case("each_line_is_sold_once")
def a_sale_of_what_was_not_ordered(db: Databases, story: Story) -> Iterator[str]:
    [[other]] = db.run("catalog", "SELECT id FROM variant WHERE id <> %s LIMIT 1", [story.variant])
    sale = {"reference": story.sold["id"], "kind": "sale"}
    another = db.like("catalog", "movement", sale, id=str(uuid4()), variant_id=str(other))
    with db.added("catalog", "movement", another):
        yield story.sold["id"]
