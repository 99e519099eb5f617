"""What a service finds out alone."""

from collections.abc import Iterator
from uuid import uuid4

from databases import Databases
from story import Story

from cases.registry import ago, case

FIGURES_OF_A_DAY = (
    "orders", "units", "items", "discount", "shipping", "tax", "tax_included", "total", "commission", "refunds",
    "refunded", "refunded_for_returns", "refunded_tax", "refunded_commission",
)  # fmt: skip


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
    old = {"published_at": None, "mandatory": True, "recorded_at": ago(minutes=10), "subject": str(uuid4())}
    with db.added("vendor", "outbox_message", {**own, **{k: v for k, v in row.items() if k not in own}, **old}):
        yield "vendor"


@case("no_message_is_given_up")
def two_dead_messages(db: Databases, story: Story) -> Iterator[str]:
    seen = {"seen_at": ago(seconds=-20), "queue_depth": 0, "dead_depth": 2}
    with db.added("cart", "worker_report", {"instance": "a worker of a test", **seen}):
        yield "cart"
