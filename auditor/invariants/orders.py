"""An order, what is held and sold for it, what was paid, and whether its buyer was told: by the order's id."""

from collections.abc import Iterator

from auditor.clients import Row
from auditor.findings import Figures, Mend, Severity
from auditor.joins import Join, Sides

ORDERS = Join(
    "orders",
    walked={
        "order": ("order", "orders"),
        "hold": ("catalog", "reservations"),
        "payment": ("payment", "payments"),
        "told": ("notification", "confirmations"),
    },
    by_time=True,
)
OPEN = {"placed", "awaiting_payment"}
SOLD = {"confirmed", "shipped", "delivered", "completed", "returned"}
UNDECIDED = {"held", "expired", "rejected"}
"""Holds that a confirmation makes something of; it finds nothing in one that is not there, or was given back."""
OVERDUE_SECONDS = 60
"""Clocks look once a second; whoever is late for so long is not looked at."""
SHARES = ("tax", "commission", "commission_tax")
CONFIRM_AGAIN = Mend("order", "confirmations")
PAID_AGAIN = Mend("payment", "payments")
REFUNDED_AGAIN = Mend("payment", "refunds")
GIVE_BACK = Mend("catalog", "holds")


def _status(row: Row | None) -> str:
    return str(row["status"]) if row else "none"


def _is_charged(row: Row) -> bool:
    """And was sold: replacements are sent for nothing."""
    return bool(row["status"] in SOLD and row["charged"])


# ── The saga ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@ORDERS.rule(Severity.SERIOUS, "fleet restart order_service: its clock ends what is due", Mend("order", "endless"))
def an_open_order_ends(sides: Sides) -> Iterator[Figures]:
    """An order that is placed or awaits its payment has a deadline, and is not long past it."""
    order = sides["order"]
    if order and order["status"] in OPEN and (order["overdue"] is None or order["overdue"] > OVERDUE_SECONDS):
        late = "no deadline" if order["overdue"] is None else f"{order['overdue']:.0f} s late"
        yield {"order": order["status"], "deadline": late}


@ORDERS.rule(Severity.SERIOUS, "POST orders/<id>/cancel, unless its deadline ends it")
def an_order_that_awaits_payment_has_its_hold(sides: Sides) -> Iterator[Figures]:
    """While an order awaits its payment, its stock is held."""
    order = sides["order"]
    if order and order["status"] == "awaiting_payment" and _status(sides["hold"]) != "held":
        yield {"order": order["status"], "catalog": _status(sides["hold"])}


# ── Stock ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@ORDERS.rule(Severity.CRITICAL, "repair=1 gives the stock back", GIVE_BACK)
def what_is_held_is_held_for_an_order(sides: Sides) -> Iterator[Figures]:
    """Stock is held only for an order that there is."""
    hold = sides["hold"]
    if hold and hold["status"] == "held" and not sides["order"]:
        yield {"order": "none", "catalog": hold["status"], "units": sum(hold["lines"].values())}


@ORDERS.rule(Severity.CRITICAL, "look for the order in a backup of order_service, or count the stock anew by hand")
def what_was_sold_was_ordered(sides: Sides) -> Iterator[Figures]:
    """Stock is sold only to an order that there is."""
    hold = sides["hold"]
    if hold and hold["status"] == "committed" and not sides["order"]:
        yield {"order": "none", "catalog": hold["status"], "units": sum(hold["sold"].values())}


@ORDERS.rule(Severity.CRITICAL, "repair=1 gives the stock back", GIVE_BACK)
def a_cancelled_order_keeps_no_stock(sides: Sides) -> Iterator[Figures]:
    """What was held for an order, or sold to it, is on the shelf again once it is cancelled."""
    order, hold = sides["order"], sides["hold"]
    if order and hold and order["status"] == "cancelled" and hold["status"] in {"held", "committed"}:
        yield {"order": order["status"], "catalog": hold["status"], "units": sum(hold["lines"].values())}


@ORDERS.rule(
    Severity.CRITICAL, "repair=1 tells of the confirmation again; where the stock is gone, the order is refunded",
    CONFIRM_AGAIN,
)  # fmt: skip
def a_confirmed_order_took_its_stock(sides: Sides) -> Iterator[Figures]:
    """Once an order was confirmed, its hold became a sale, or could not and ended the order."""
    order = sides["order"]
    if order and order["status"] in SOLD and _status(sides["hold"]) in UNDECIDED:
        yield {"order": order["status"], "catalog": _status(sides["hold"])}


@ORDERS.rule(Severity.CRITICAL, "POST orders/<id>/cancel, which refunds it; once it is sent: count the stock by hand")
def a_confirmed_order_has_stock_to_take(sides: Sides) -> Iterator[Figures]:
    """Something was held for an order that was confirmed, and it was not given back."""
    order = sides["order"]
    if order and order["status"] in SOLD and _status(sides["hold"]) in {"none", "released"}:
        yield {"order": order["status"], "catalog": _status(sides["hold"])}


@ORDERS.rule(
    Severity.CRITICAL, "verify_stock in catalog_service; correct the stock by POST inventory/<sku>/adjustments"
)
def each_line_is_sold_once(sides: Sides) -> Iterator[Figures]:
    """Of each variant as much was sold as was ordered, but for what its vendor could not send; and of no other."""
    order, hold = sides["order"], sides["hold"]
    if not (order and hold and order["status"] in SOLD and hold["status"] == "committed"):
        return
    for variant in sorted({*order["ordered"], *hold["lines"], *hold["sold"]}):
        ordered, kept = order["ordered"].get(variant, 0), hold["lines"].get(variant, 0)
        sold, left = hold["sold"].get(variant, 0), ordered - order["cancelled"].get(variant, 0)
        if kept != left or not left <= sold <= ordered:
            yield {"variant": variant, "ordered": ordered, "left": left, "catalog holds": kept, "catalog sold": sold}


# ── Money in ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@ORDERS.rule(Severity.CRITICAL, "GET payments/<id>; refund, or take the payment by hand: somebody has goods unpaid")
def a_confirmed_order_is_paid_once(sides: Sides) -> Iterator[Figures]:
    """Behind an order that was confirmed stands its own payment, taken, of its amount."""
    order, payment = sides["order"], sides["payment"]
    if not order or not _is_charged(order):
        return
    wanted = (order["payment"], "taken", order["total"], order["currency"])
    names = ("payment", "status", "amount", "currency")
    there = tuple(payment[name] for name in names) if payment else ()
    if there != wanted:
        yield {"order": dict(zip(names, wanted, strict=True)), "payment": dict(zip(names, there, strict=False))}


@ORDERS.rule(Severity.CRITICAL, "repair=1 tells of the payment again: the order is confirmed", PAID_AGAIN)
def a_taken_payment_confirms_its_order(sides: Sides) -> Iterator[Figures]:
    """An order does not wait for a payment that was taken."""
    order, payment = sides["order"], sides["payment"]
    if order and payment and payment["status"] == "taken" and order["status"] in OPEN:
        yield {"order": order["status"], "payment": payment["status"], "amount": payment["amount"]}


@ORDERS.rule(Severity.CRITICAL, "look for the order in a backup of order_service; refund by POST payments/<id>/refunds")
def a_taken_payment_is_an_orders(sides: Sides) -> Iterator[Figures]:
    """Money is taken only for an order that there is."""
    payment = sides["payment"]
    if payment and payment["status"] == "taken" and not sides["order"]:
        yield {"order": "none", "payment": payment["status"], "amount": payment["amount"]}


@ORDERS.rule(
    Severity.CRITICAL, "repair=1 tells of the payment again, and the order asks for its refund; else retry its refunds",
    PAID_AGAIN,
)  # fmt: skip
def a_cancelled_order_keeps_no_money(sides: Sides) -> Iterator[Figures]:
    """What was taken for an order that is cancelled goes back, all of it, or an operator saw to it otherwise."""
    order, payment = sides["order"], sides["payment"]
    if not (order and payment and order["status"] == "cancelled" and payment["status"] == "taken"):
        return
    if (seen_to := _seen_to(order, payment)) < payment["amount"]:
        yield {"order": order["status"], "taken": payment["amount"], "goes back": seen_to}


def _seen_to(order: Row, payment: Row) -> int:
    """Of which payment makes, or made, a refund; for which one is asked; what was settled once it had failed."""
    made = {id_: one["amount"] for id_, one in payment["refunds"].items() if one["status"] != "failed"}
    known = {id_: one["amount"] for id_, one in order["refunds"].items() if one["status"] in {"asked", "settled"}}
    return sum((known | made).values())


# ── Whose money it is ────────────────────────────────────────────────────────────────────────────────────────────────


@ORDERS.rule(Severity.CRITICAL, "the order was changed past its actions: restore its figures from a backup")
def an_order_is_the_sum_of_its_parts(sides: Sides) -> Iterator[Figures]:
    """The totals of the vendor orders sum to the order's."""
    order = sides["order"]
    if order and (parts := sum(part["total"] for part in order["parts"].values())) != order["total"]:
        yield {"order": order["total"], "parts": parts}


@ORDERS.rule(Severity.CRITICAL, "GET admin/ledger?reference=<payment>; correct by an entry, never by a change")
def a_payment_is_split_as_ordered(sides: Sides) -> Iterator[Figures]:
    """Each vendor order's total, tax, commission and the tax on it are those of the payment's split."""
    order, payment = sides["order"], sides["payment"]
    if not (order and payment and _is_charged(order)):
        return
    for part in sorted({*order["parts"], *payment["splits"]}):
        ordered, split = order["parts"].get(part), payment["splits"].get(part)
        ours = {"total": ordered["total"], **{name: ordered[name] for name in SHARES}} if ordered else None
        theirs = {"total": split["gross"], **{name: split[name] for name in SHARES}} if split else None
        if ours != theirs or (ordered and split and ordered["vendor"] != split["vendor"]):
            yield {"vendor order": part, "order": ours, "payment": theirs}


@ORDERS.rule(Severity.CRITICAL, "GET admin/ledger?reference=<payment>; correct by an entry, never by a change")
def shares_are_booked_as_ordered(sides: Sides) -> Iterator[Figures]:
    """In the ledger, commission, taxes and the vendor's share of each vendor order sum to what was paid for it."""
    order, payment = sides["order"], sides["payment"]
    if not (order and payment and _is_charged(order) and payment["status"] == "taken"):
        return
    for part in sorted({*order["parts"], *payment["booked"]}):
        expected = _shares(order["parts"].get(part))
        booked = payment["booked"].get(part, _shares(None))
        if booked != expected:
            yield {"vendor order": part, "order": expected, "ledger": booked}


def _shares(part: Row | None) -> dict[str, int]:
    """Whose how much of a vendor order is; nothing of one that is not this order's."""
    shares = {name: part[name] if part else 0 for name in SHARES}
    return shares | {"vendor": part["total"] - sum(shares.values()) if part else 0}


@ORDERS.rule(Severity.SERIOUS, "repair=1 tells of the delivery again", Mend("order", "deliveries"))
def a_delivered_part_is_to_be_settled(sides: Sides) -> Iterator[Figures]:
    """The vendor's share of what was delivered is released, or is going to be."""
    order, payment = sides["order"], sides["payment"]
    if not (order and payment and _is_charged(order)):
        return
    for part, ordered in sorted(order["parts"].items()):
        if ordered["status"] == "delivered" and part not in payment["released"]:
            yield {"vendor order": part, "order": ordered["status"], "payment": "not to be released"}


@ORDERS.rule(Severity.SERIOUS, "fleet restart payment_service: its clock releases what is due")
def a_share_that_is_due_is_released(sides: Sides) -> Iterator[Figures]:
    """The vendor's share of what was delivered is available once the time to return is over."""
    payment = sides["payment"]
    for part, late in sorted(payment["overdue"].items() if payment else ()):
        if late > OVERDUE_SECONDS:
            yield {"vendor order": part, "payment": f"due for {late} s, and not released"}


# ── Money back ───────────────────────────────────────────────────────────────────────────────────────────────────────


@ORDERS.rule(Severity.CRITICAL, "repair=1 tells of the refunds again", REFUNDED_AGAIN)
def a_refund_that_was_made_is_known(sides: Sides) -> Iterator[Figures]:
    """A refund that payment made is done in the order, too, and of the same amount."""
    order, payment = sides["order"], sides["payment"]
    for id_, made in sorted(payment["refunds"].items() if order and payment else ()):
        known = order["refunds"].get(id_) if order else None
        if made["status"] == "done" and known != made:
            yield {"refund": id_, "order": known, "payment": made}


@ORDERS.rule(
    Severity.CRITICAL, "repair=1 asks payment again, under the same id; what failed there is told again",
    Mend("order", "refunds"), Mend("payment", "failed_refunds"),
)  # fmt: skip
def a_refund_that_was_asked_for_is_heard(sides: Sides) -> Iterator[Figures]:
    """What an order wants refunded, payment has; and what failed there, the order knows."""
    for id_, asked, made in _refunds_of(sides, "asked"):
        if made is None or made["status"] == "failed":
            yield {"refund": id_, "order": asked, "payment": made}


@ORDERS.rule(Severity.CRITICAL, "GET payments/<id>; what did not go back there: POST payments/<id>/refunds")
def a_refund_that_is_done_was_made(sides: Sides) -> Iterator[Figures]:
    """What an order believes refunded, payment refunded."""
    for id_, done, made in _refunds_of(sides, "done"):
        if made is None or made["status"] != "done":
            yield {"refund": id_, "order": done, "payment": made}


def _refunds_of(sides: Sides, status: str) -> Iterator[tuple[str, Row, Row | None]]:
    """The order's in this state, each beside payment's of the same id."""
    order, payment = sides["order"], sides["payment"]
    for id_, refund in sorted(order["refunds"].items() if order else ()):
        if refund["status"] == status:
            yield id_, refund, payment["refunds"].get(id_) if payment else None


@ORDERS.rule(Severity.CRITICAL, "GET payments/<id>; nothing can be sent back twice: correct the order by hand")
def no_more_goes_back_than_was_paid(sides: Sides) -> Iterator[Figures]:
    """The refunds that are asked for or done are at most what was paid, in the order and in payment."""
    order, payment = sides["order"], sides["payment"]
    if order and payment:
        live = [one["amount"] for one in order["refunds"].values() if one["status"] in {"asked", "done"}]
        made = [one["amount"] for one in payment["refunds"].values() if one["status"] != "failed"]
        if max(sum(live), sum(made)) > payment["amount"] or sum(made) != payment["refunded"]:
            yield {"paid": payment["amount"], "order": sum(live), "payment": sum(made), "kept": payment["refunded"]}


# ── The buyer ────────────────────────────────────────────────────────────────────────────────────────────────────────


@ORDERS.rule(Severity.SERIOUS, "repair=1 tells of the confirmation again", CONFIRM_AGAIN)
def a_buyer_hears_of_the_confirmation(sides: Sides) -> Iterator[Figures]:
    """The buyer of an order that was confirmed was told so."""
    order, told = sides["order"], sides["told"]
    if order and order["status"] in SOLD and not order["erased"] and not told:
        yield {"order": order["status"], "notification": "nothing told"}


@ORDERS.rule(Severity.MINOR, "nothing brings a mail back; look into notification_service's inbox for the cause")
def a_buyer_hears_of_it_once(sides: Sides) -> Iterator[Figures]:
    """There is one mail about a confirmation, and only about one that was."""
    order, told = sides["order"], sides["told"]
    if told and (told["mails"] > 1 or not order or not order["confirmed"]):
        yield {"order": _status(order), "mails": told["mails"], "inboxes": told["inboxes"]}
