"""Inconsistencies, each named as the invariant that has to find it; what they yield is whom it is found about."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from databases import Databases
from story import Story

Injection = Callable[[Databases, Story], AbstractContextManager[str]]


@dataclass(frozen=True)
class Case:
    """`mends`: repair=1 puts it right."""

    invariant: str
    inject: Injection
    mends: bool


CASES: dict[str, Case] = {}
FIGURES_OF_A_DAY = (
    "orders", "units", "items", "discount", "shipping", "tax", "tax_included", "total", "commission", "refunds",
    "refunded", "refunded_for_returns", "refunded_tax", "refunded_commission",
)  # fmt: skip


def case(invariant: str, *, mends: bool = False) -> Callable[[Callable[[Databases, Story], Iterator[str]]], Injection]:
    def add(function: Callable[[Databases, Story], Iterator[str]]) -> Injection:
        inject = contextmanager(function)
        CASES[function.__name__] = Case(invariant, inject, mends)
        return inject

    return add


def _ago(**times: float) -> str:
    return (datetime.now(UTC) - timedelta(**times)).isoformat()


# ── What services find alone ─────────────────────────────────────────────────────────────────────────────────────────


@case("stock_adds_up")
def one_more_on_the_shelf(db: Databases, story: Story) -> Iterator[str]:
    with db.changed("catalog", "stock_item", {"variant_id": story.variant}, on_hand=lambda n: n + 1):
        yield "catalog"


@case("the_ledger_adds_up")
def a_balance_that_no_posting_made(db: Databases, story: Story) -> Iterator[str]:
    account = {"kind": "vendor_pending", "owner_id": story.vendors[0], "currency": "USD"}
    with db.changed("payment", "ledger_account", account, balance=lambda n: n - 700):
        yield "payment"


@case("reports_say_what_orders_say")
def a_day_that_nobody_bought_on(db: Databases, story: Story) -> Iterator[str]:
    day = {"id": str(uuid4()), "day": "2001-01-01", "currency": "USD", "vendor_id": None, "vendor_name": ""}
    with db.added("order", "order_day", day | dict.fromkeys(FIGURES_OF_A_DAY, 1)):
        yield "order"


@case("the_audit_log_is_whole")
def an_entry_that_was_written_over(db: Databases, story: Story) -> Iterator[str]:
    with db.changed("user", "audit_entry", {"position": 1}, action="nothing.happened"):
        yield "user"


@case("messages_leave")
def a_message_that_nobody_takes(db: Databases, story: Story) -> Iterator[str]:
    [[row]] = db.run("vendor", "SELECT to_jsonb(r) FROM outbox_message r WHERE NOT sensitive ORDER BY position LIMIT 1")
    own = {"message_id": str(uuid4()), "position": 1_000_000_000, "type": "vendor.heard_by_nobody.v1"}
    old = {"published_at": None, "mandatory": True, "recorded_at": _ago(minutes=10), "subject": str(uuid4())}
    with db.added("vendor", "outbox_message", {**own, **{k: v for k, v in row.items() if k not in own}, **old}):
        yield "vendor"


@case("no_message_is_given_up")
def two_dead_messages(db: Databases, story: Story) -> Iterator[str]:
    seen = {"seen_at": _ago(seconds=-20), "queue_depth": 0, "dead_depth": 2}
    with db.added("cart", "worker_report", {"instance": "a worker of a test", **seen}):
        yield "cart"


# ── Orders and stock ─────────────────────────────────────────────────────────────────────────────────────────────────


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
    hold = {"status": "held", "expires_at": _ago(hours=-1)}
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
    with db.changed("catalog", "reservation", {"order_id": order}, status="held", expires_at=_ago(hours=-1)):
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
    order = story.bought()
    _unsell(db, order, "expired")
    yield order


@case("a_confirmed_order_took_its_stock", mends=True)
def a_confirmation_of_what_was_not_there(db: Databases, story: Story) -> Iterator[str]:
    order = story.bought()
    db.run("catalog", "UPDATE reservation SET status = 'rejected' WHERE order_id = %s", [order])
    yield order


def _unsell(db: Databases, order: str, status: str) -> None:
    """As if the catalogue had not heard of the confirmation yet."""
    line = db.one("catalog", "reservation_line", reservation_id=order)
    back = f"UPDATE stock_item SET on_hand = on_hand + {line['quantity']} WHERE variant_id = %s"
    db.run("catalog", back, [line["variant_id"]])
    db.run("catalog", "DELETE FROM movement WHERE reference = %s", [order])
    waits = "UPDATE reservation SET status = %s, expires_at = %s WHERE order_id = %s"
    db.run("catalog", waits, [status, _ago(hours=-1), order])


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


# ── Orders and money ─────────────────────────────────────────────────────────────────────────────────────────────────


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
    db.run("order", waits, [_ago(hours=-1), order])
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


@case("a_refund_that_was_made_is_known", mends=True)
def a_refund_that_the_order_missed(db: Databases, story: Story) -> Iterator[str]:
    with db.changed("order", "order_refund", {"order_id": story.order}, status="asked", done_at=None):
        yield story.order


@case("a_refund_that_was_asked_for_is_heard")
def a_refund_that_payment_missed(db: Databases, story: Story) -> Iterator[str]:
    asked = {"id": str(uuid4()), "status": "asked", "done_at": None, "amount": 1}
    with db.added("order", "order_refund", db.like("order", "order_refund", {"order_id": story.order}, **asked)):
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


# ── Vendors ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@case("a_vendor_is_known_alike", mends=True)
def another_name_in_the_catalogue(db: Databases, story: Story) -> Iterator[str]:
    with db.changed("catalog", "known_vendor", {"id": story.vendors[0]}, name="Somebody else"):
        yield story.vendors[0]


@case("a_vendor_is_known_alike", mends=True)
def a_vendor_that_orders_take_for_suspended(db: Databases, story: Story) -> Iterator[str]:
    with db.changed("order", "vendor_terms", {"vendor_id": story.vendors[0]}, active=False):
        yield story.vendors[0]


@case("a_vendor_is_known_alike", mends=True)
def a_vendor_that_payment_never_heard_of(db: Databases, story: Story) -> Iterator[str]:
    with db.removed("payment", "payout_vendor", id=story.vendors[1]):
        yield story.vendors[1]


@case("a_vendor_is_known_alike", mends=True)
def a_vendor_as_it_was_after_the_backup(db: Databases, story: Story) -> Iterator[str]:
    later = {"name": "Renamed since", "version": lambda version: version + 100}
    with db.changed("catalog", "known_vendor", {"id": story.vendors[0]}, **later):
        yield story.vendors[0]


@case("a_vendor_that_is_known_is_there")
def a_vendor_of_nowhere(db: Databases, story: Story) -> Iterator[str]:
    vendor = str(uuid4())
    row = db.like("notification", "vendor_contact", {"vendor_id": story.vendors[0]}, vendor_id=vendor)
    with db.added("notification", "vendor_contact", row):
        yield vendor


@case("a_vendor_sees_the_ledgers_balance", mends=True)
def a_balance_that_is_shown_too_high(db: Databases, story: Story) -> Iterator[str]:
    balance = {"vendor_id": story.vendors[0], "currency": "USD"}
    with db.changed("vendor", "balance", balance, available=lambda n: n + 500):
        yield story.vendors[0]


@case("a_payout_is_known_alike")
def a_payout_of_more_than_was_paid(db: Databases, story: Story) -> Iterator[str]:
    payout = db.one("vendor", "payout", vendor_id=story.vendors[1])["id"]
    with db.changed("vendor", "payout", {"id": payout}, amount=lambda n: n + 1):
        yield payout


# ── Offers, people ───────────────────────────────────────────────────────────────────────────────────────────────────


@case("a_cart_offers_what_the_catalogue_does", mends=True)
def a_price_of_yesterday(db: Databases, story: Story) -> Iterator[str]:
    with db.changed("cart", "offer", {"variant_id": story.variant}, prices={"USD": 1}):
        yield story.variant


@case("a_cart_offers_nothing_else", mends=True)
def an_offer_of_nothing(db: Databases, story: Story) -> Iterator[str]:
    variant = str(uuid4())
    with db.added("cart", "offer", db.like("cart", "offer", {"variant_id": story.variant}, variant_id=variant)):
        yield variant


@case("an_account_is_known_alike", mends=True)
def an_address_of_before(db: Databases, story: Story) -> Iterator[str]:
    with db.changed("order", "customer", {"user_id": story.buyer}, email="before@example.com"):
        yield story.buyer


@case("an_account_is_known_alike", mends=True)
def an_address_of_after_the_backup(db: Databases, story: Story) -> Iterator[str]:
    later = {"email": "after@example.com", "version": lambda version: version + 100}
    with db.changed("notification", "recipient", {"user_id": story.buyer}, **later):
        yield story.buyer


@case("an_account_is_known_alike", mends=True)
def an_account_that_mails_do_not_know(db: Databases, story: Story) -> Iterator[str]:
    with db.removed("notification", "recipient", user_id=story.buyer):
        yield story.buyer


@case("who_was_erased_is_forgotten", mends=True)
def an_erasure_that_notification_missed(db: Databases, story: Story) -> Iterator[str]:
    row = db.like("notification", "recipient", {"user_id": story.buyer}, user_id=story.erased)
    with db.added("notification", "recipient", row):
        yield story.erased


@case("who_is_known_has_an_account")
def a_customer_of_nowhere(db: Databases, story: Story) -> Iterator[str]:
    user = str(uuid4())
    with db.added("order", "customer", db.like("order", "customer", {"user_id": story.buyer}, user_id=user)):
        yield user


@case("a_buyer_sees_the_ledgers_credit")
def store_credit_that_nobody_granted(db: Databases, story: Story) -> Iterator[str]:
    row = {"id": str(uuid4()), "user_id": story.buyer, "currency": "USD", "available": 500, "version": 1}
    with db.added("order", "store_credit", row):
        yield story.buyer
