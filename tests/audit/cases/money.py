"""Orders whose money is not as they say, and buyers who are not told."""

from collections.abc import Iterator
from uuid import uuid4

from databases import Databases
from story import Story

from cases.registry import ago, case


@case("a_confirmed_order_is_paid_once")
def a_payment_of_another_order(db: Databases, story: Story) -> Iterator[str]:
    with db.changed("order", "order_group", {"id": story.sold["id"]}, payment_id=str(uuid4())):
        yield story.sold["id"]


@case("a_confirmed_order_is_paid_once")
def a_payment_of_too_little(db: Databases, story: Story) -> Iterator[str]:
    with db.changed("payment", "payment", {"order_id": story.sold["id"]}, minor=lambda n: n - 1):
        yield story.sold["id"]


@case("a_taken_payment_confirms_its_order", mends=True)
def a_payment_that_the_order_missed(db: Databases, story: Story) -> Iterator[str]:
    order = story.sold["id"]
    db.run("order", "UPDATE vendor_order SET status = 'placed' WHERE order_id = %s", [order])
    waits = "UPDATE order_group SET status = 'awaiting_payment', confirmed_at = NULL, deadline = %s WHERE id = %s"
    db.run("order", waits, [ago(hours=-1), order])
    yield order


@case("a_taken_payment_is_an_orders")
def a_payment_for_nothing(db: Databases, story: Story) -> Iterator[str]:
    order = str(uuid4())
    with db.changed("payment", "payment", {"id": story.payment}, order_id=order):
        yield order


@case("a_cancelled_order_keeps_no_money")
def a_cancelled_order_without_a_refund(db: Databases, story: Story) -> Iterator[str]:
    with db.changed("order", "order_group", {"id": story.sold["id"]}, status="cancelled"):
        yield story.sold["id"]


@case("a_cancelled_order_keeps_no_money", mends=True)
def a_payment_of_a_cancelled_order_that_was_not_heard(db: Databases, story: Story) -> Iterator[str]:
    order = story.bought()
    with db.changed("order", "order_group", {"id": order}, status="cancelled"):
        yield order


@case("an_order_is_the_sum_of_its_parts")
def a_part_that_grew(db: Databases, story: Story) -> Iterator[str]:
    more = {"total": lambda n: n + 1, "items_total": lambda n: n + 1}
    with db.changed("order", "vendor_order", {"id": story.parts[0]}, **more):
        yield story.order


@case("a_payment_is_split_as_ordered")
def a_commission_that_was_lowered(db: Databases, story: Story) -> Iterator[str]:
    with db.changed("order", "vendor_order", {"id": story.parts[0]}, commission=lambda n: n - 1):
        yield story.order


@case("shares_are_booked_as_ordered")
def a_posting_for_another_vendor_order(db: Databases, story: Story) -> Iterator[str]:
    booked = "SELECT p.id FROM ledger_posting p JOIN ledger_entry e ON e.id = entry_id WHERE kind = 'payment'"
    of_part = f"{booked} AND vendor_order_id = %s ORDER BY p.minor LIMIT 1"
    [[posting]] = db.run("payment", of_part, [story.parts[1]])
    with db.changed("payment", "ledger_posting", {"id": posting}, vendor_order_id=str(uuid4())):
        yield story.order


@case("a_delivered_part_is_to_be_settled", mends=True)
def a_delivery_that_payment_missed(db: Databases, story: Story) -> Iterator[str]:
    with db.removed("payment", "release", vendor_order_id=story.parts[1]):
        yield story.order


@case("a_share_that_is_due_is_released")
def a_release_that_no_clock_makes(db: Databases, story: Story) -> Iterator[str]:
    release = {"vendor_order_id": story.parts[1]}
    with (
        db.changed("payment", "release", release, released_at=None, due_at=ago(hours=1)),
        db.locked("payment", "release", **release),
    ):
        yield story.order


@case("a_refund_that_was_made_is_known", mends=True)
def a_refund_that_the_order_missed(db: Databases, story: Story) -> Iterator[str]:
    with db.changed("order", "order_refund", {"order_id": story.order}, status="asked", done_at=None):
        yield story.order


@case("a_refund_that_was_asked_for_is_heard", mends=True)
def a_refund_that_payment_missed(db: Databases, story: Story) -> Iterator[str]:
    order = story.bought()
    payment = db.one("payment", "payment", order_id=order)
    asked = {"id": str(uuid4()), "order_id": order, "return_request_id": None, "status": "asked", "done_at": None}
    all_of_it = {"amount": payment["minor"], "splits": payment["splits"]}
    refund = db.like("order", "order_refund", {"order_id": story.order}, **asked, **all_of_it)
    db.put("order", "order_refund", [refund])
    yield order


@case("a_refund_that_is_done_was_made")
def a_refund_that_only_the_order_believes_in(db: Databases, story: Story) -> Iterator[str]:
    done = {"id": str(uuid4()), "amount": 1}
    with db.added("order", "order_refund", db.like("order", "order_refund", {"order_id": story.order}, **done)):
        yield story.order


@case("a_refund_that_was_asked_for_is_heard", mends=True)
def a_failure_that_the_order_missed(db: Databases, story: Story) -> Iterator[str]:
    id_ = str(uuid4())
    asked = {"id": id_, "status": "asked", "done_at": None, "amount": 1}
    calm = {"needs_attention": "", "attention_cause": "", "attention_since": None}
    failed = {"id": id_, "status": "failed", "failure": "refused", "done_at": None, "minor": 1, "credit": 0}
    with (
        db.added("order", "order_refund", db.like("order", "order_refund", {"order_id": story.order}, **asked)),
        db.added("payment", "refund", db.like("payment", "refund", {"payment_id": story.payment}, **failed)),
        db.changed("order", "order_group", {"id": story.order}, **calm),
    ):
        yield story.order


@case("no_more_goes_back_than_was_paid")
def a_refund_that_the_payment_forgot(db: Databases, story: Story) -> Iterator[str]:
    with db.changed("payment", "payment", {"id": story.payment}, refunded=0):
        yield story.order


# ── Who is told ──────────────────────────────────────────────────────────────────────────────────────────────────────


@case("a_buyer_hears_of_the_confirmation", mends=True)
def a_confirmation_that_nobody_mailed(db: Databases, story: Story) -> Iterator[str]:
    with db.removed("notification", "delivery", fact=story.sold["id"], kind="order_confirmed"):
        yield story.sold["id"]


@case("a_buyer_hears_of_it_once")
def a_confirmation_that_was_mailed_twice(db: Databases, story: Story) -> Iterator[str]:
    mail = {"fact": story.sold["id"], "kind": "order_confirmed"}
    again = db.like("notification", "delivery", mail, id=str(uuid4()), address="again@example.com")
    with db.added("notification", "delivery", again):
        yield story.sold["id"]
