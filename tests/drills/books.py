"""What the books must say after checkouts, whatever befell the fleet: held against the clients' own log."""

import re
import time
from collections import Counter
from datetime import timedelta
from decimal import Decimal

import broker
from checkouts import REFUSED, SECONDS_TO_SETTLE, Checkout, Checkouts
from verdicts import Verdicts, becomes

import auditor
from fleet import auditing
from fleet.client import Json, Market, Person
from fleet.table import load as load_table

TO = re.compile(r"^To: (\S+)$", re.MULTILINE)
SECONDS_FOR_THE_REST = 60
"""Stock is sold and mails are sent a moment after an order is confirmed."""


def judge_checkouts(
    verdicts: Verdicts, load: Checkouts, market: Market, admin: Person, vendor: Person, stock: int
) -> None:
    """After any faults: each order has ended, none is lost or doubled, the books agree. `stock`: of each product."""
    late = load.settle(admin, SECONDS_TO_SETTLE)
    verdicts.hold(f"every order ended within {SECONDS_TO_SETTLE} s", not late, [one.order["number"] for one in late])
    found = Counter(order["email"] for order in load.found(admin))
    attempted = {one.email for one in load.all if one.outcome != "not attempted"}
    acknowledged = {one.email for one in load.all if one.outcome == "ok"}
    counts = f"attempted {len(attempted)} ≥ found {len(found)} ≥ acknowledged {len(acknowledged)}"
    verdicts.hold(f"{counts}: no order is lost", attempted >= found.keys() >= acknowledged, acknowledged - set(found))
    verdicts.hold("no order is there twice", set(found.values()) <= {1}, [one for one in found if found[one] > 1])
    ended = [one for one in load.all if one.order]
    wrong = [one.order["number"] for one in ended if not _is_deserved(one)]
    verdicts.hold("who could pay got the order, who could not did not", not wrong, wrong)
    answers = load.answers()
    verdicts.hold("nobody was answered 500", answers["500"] == 0, answers["500"])
    judge_books(verdicts, load, market, admin, vendor, stock)


def judge_books(verdicts: Verdicts, load: Checkouts, market: Market, admin: Person, vendor: Person, stock: int) -> None:
    confirmed = [one for one in load.all if one.confirmed]
    verdicts.hold("stock is initial − sold, and nothing is reserved", _stock_agrees(vendor, load, confirmed, stock))
    payments = [admin.get(f"payments/{one.order['payment']['id']}") for one in confirmed]
    agree = all(map(_is_paid, payments, (one.order for one in confirmed)))
    one_each = len({payment["id"] for payment in payments}) == len(confirmed)
    verdicts.hold("one payment an order, of its amount", agree and one_each)
    verdicts.hold("one confirmation mail an order", _mails_agree(market, confirmed))
    verdicts.hold("the ledger sums to zero", _ledger_is_balanced(admin))
    dead = broker.dead(load_table())
    verdicts.hold("no dead message", not dead, dead)
    found = findings()
    verdicts.hold("the auditor finds nothing inconsistent", not found, found)


def findings() -> list[auditor.Finding]:
    """Of the orders of the last hour, once they have come to rest: what is still on its way is found, too, at first."""
    asked = auditing.fleet_of(load_table())
    becomes(lambda: not auditor.run(asked, still=0, since=timedelta(hours=1)), SECONDS_FOR_THE_REST)
    return auditor.run(asked, still=0, since=timedelta(hours=1))


def _is_deserved(one: Checkout) -> bool:
    """There is stock for all, so only the payment decides."""
    expected = ("cancelled", "payment_declined") if one.payment_token in REFUSED else ("confirmed", "")
    return (one.order["status"], one.order.get("cancel_reason") or "") == expected


def _is_paid(payment: Json, order: Json) -> bool:
    return (payment["status"], payment["amount"], payment["order_id"]) == ("taken", order["total"], order["id"])


def _stock_agrees(vendor: Person, load: Checkouts, confirmed: list[Checkout], stock: int) -> bool:
    until = time.monotonic() + SECONDS_FOR_THE_REST
    for sku in (product["variants"][0]["sku"] for product in load.products):
        left = stock - sum(_quantity(one.order) for one in confirmed if one.sku == sku)
        if not becomes(lambda sku=sku, left=left: _is(vendor.get(f"inventory/{sku}"), left), until - time.monotonic()):
            return False
    return True


def _quantity(order: Json) -> int:
    """As it was sold: a cart whose buyer's last addition was unknown may have held more than the buyer thought."""
    return sum(line["quantity"] for part in order["vendor_orders"] for line in part["items"])


def _is(stock: Json, expected: int) -> bool:
    return (stock["on_hand"], stock["reserved"], stock["available"]) == (expected, 0, expected)


def _mails_agree(market: Market, confirmed: list[Checkout]) -> bool:
    """Once the last are out."""
    wanted = {one.email for one in confirmed}

    def confirmations() -> list[str]:
        texts = (path.read_text(errors="replace") for path in market.mail.glob("*"))
        written = [found[1] for text in texts if "confirmed" in text.lower() and (found := TO.search(text))]
        return [email for email in written if email in wanted]

    there = becomes(lambda: set(confirmations()) == wanted, SECONDS_FOR_THE_REST)
    return there and len(confirmations()) == len(wanted)


def _ledger_is_balanced(admin: Person) -> bool:
    rows = admin.get("admin/ledger/trial-balance")["currencies"]
    differences = (row["difference"] for row in rows)
    return all(Decimal(one["amount"] if isinstance(one, dict) else one) == 0 for one in differences)
