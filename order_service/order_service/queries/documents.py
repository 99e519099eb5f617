"""What goes on paper: invoice and credit note for the buyer, packing slip and label for the vendor's parcel."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from order_service.errors import IllegalMove, OrderNotFound
from order_service.models import Order, OrderLine, Refund, Shipment, VendorOrder
from order_service.queries.paper import Paper
from order_service.queries.reasons import per_cent
from shared.money import Money


@dataclass(frozen=True, slots=True)
class Document:
    """A PDF, and what it is called."""

    name: str
    content: bytes


# ── For the buyer ────────────────────────────────────────────────────────────────────────────────────────────────────


def invoice(order: Order) -> Document:
    """Per vendor order with its lines, and with tax. Raises IllegalMove before the sale is certain."""
    if order.confirmed_at is None:
        raise IllegalMove("There is an invoice once the order is confirmed.")
    number = f"INV-{order.number}"
    parts = list(order.vendor_orders.all())
    paper = _letter("Invoice", number, order, order.confirmed_at, [part.vendor_name for part in parts])
    for part in parts:
        paper.say(f"Sold by {part.vendor_name}", size=11, bold=True)
        paper.columns(
            ("Item", "Quantity", "Price", "Discount", "Tax", "Sum"),
            [_invoiced(line, order) for line in part.lines.all()],
            (44, 10, 12, 12, 11, 13),
        )
        paper.say_all([*_sums(part, order), *_taxes(part, order)])
        paper.gap()
    paper.say("In all", size=11, bold=True)
    paper.say_all(_sums(order, order))
    paper.say(f"Total {_shown(order.total, order)}", size=12, bold=True)
    paper.say_all(_went_back(order))
    return Document(f"invoice-{order.number}.pdf", paper.content())


def _letter(title: str, number: str, order: Order, at: datetime, texts: Sequence[str]) -> Paper:
    """Head and addresses."""
    to, shipped = _address(order.billing_address), _address(order.shipping_address)
    names = [line.name + line.sku for part in order.vendor_orders.all() for line in part.lines.all()]
    names += [why["rule"] for part in order.vendor_orders.all() for line in part.lines.all() for why in line.why]
    paper = Paper(title=f"{title} {number}", at=at, texts="".join([*to, *shipped, *names, *texts]))
    paper.say(title, size=18, bold=True)
    paper.say_all([f"{number} · {at:%Y-%m-%d}", f"Order {order.number}, placed {order.placed_at:%Y-%m-%d}"])
    paper.gap()
    paper.say("To", bold=True)
    paper.say_all(to)
    if shipped != to:
        paper.gap(2)
        paper.say("Sent to", bold=True)
        paper.say_all(shipped)
    paper.gap()
    return paper


def _address(address: dict[str, Any]) -> list[str]:
    town = " ".join(filter(None, [address.get("postal_code"), address.get("city")]))
    lines = [address.get("name"), address.get("line1"), address.get("line2"), town, address.get("region")]
    return [line for line in [*lines, address.get("country")] if line]


def _invoiced(line: OrderLine, order: Order) -> tuple[str, ...]:
    amounts = (
        line.unit_price,
        -line.discount,
        line.tax + line.tax_included,
        line.line_total - line.discount + line.tax,
    )
    return (f"{line.name} ({line.sku})", str(line.quantity), *(_shown(minor, order) for minor in amounts))


def _sums(row: Order | VendorOrder, order: Order) -> list[str]:
    taxed = {"Items": row.items_total, "Discount": -row.discount_total, "Shipping": row.shipping_total}
    shown = {name: minor for name, minor in taxed.items() if minor or name == "Items"}
    taxes = {"Tax": row.tax_total, "Tax in the prices": row.tax_included}
    shown |= {name: minor for name, minor in taxes.items() if minor or name == "Tax"}
    return [f"{name} {_shown(minor, order)}" for name, minor in shown.items()]


def _taxes(part: VendorOrder, order: Order) -> list[str]:
    """Each rate, on what, and how much, as they were reckoned when it was ordered."""
    found: dict[tuple[str, int, bool], list[int]] = {}
    for why in [*part.why, *(one for line in part.lines.all() for one in line.why)]:
        if why["kind"] in {"tax", "shipping_tax"}:
            key = (why["rule"], why["basis_points"] or 0, bool(why["included"]))
            sums = found.setdefault(key, [0, 0])
            sums[0] += why["base"] or 0
            sums[1] += why["amount"]
    return [
        f"{rule}: {per_cent(rate)} % of {_shown(base, order)} is {_shown(tax, order)}{', in the prices' * included}"
        for (rule, rate, included), (base, tax) in sorted(found.items())
    ]


def _went_back(order: Order) -> list[str]:
    return [f"Refunded {one.done_at:%Y-%m-%d}: {_shown(one.amount, order)}" for one in _done(order) if one.done_at]


def _done(order: Order) -> list[Refund]:
    """As the money went back, one after the other: so that a credit note keeps its number whatever comes later."""
    return list(order.refunds.filter(status=Refund.Status.DONE).order_by("done_at", "id"))


def credit_note(order: Order, refund_id: UUID) -> Document:
    """Raises OrderNotFound for a refund of another order, IllegalMove before the money has gone back."""
    done = _done(order)
    refund = next((one for one in done if one.id == refund_id), None)
    if refund is None:
        if order.refunds.filter(id=refund_id).exists():
            raise IllegalMove("There is a credit note once the money has gone back.")
        raise OrderNotFound()
    number = f"CN-{order.number}-{done.index(refund) + 1}"
    paper = _letter("Credit note", number, order, refund.done_at or refund.created_at, [refund.reason])
    paper.say_all([f"To invoice INV-{order.number}", f"Because: {refund.reason}"])
    paper.gap()
    if refund.splits:
        paper.columns(("Sold by", "Goods", "Tax", "Sum"), _credited(order, refund), (55, 15, 15, 15))
    paper.say(f"Refunded {_shown(refund.amount, order)}", size=12, bold=True)
    return Document(f"credit-note-{order.number}-{done.index(refund) + 1}.pdf", paper.content())


def _credited(order: Order, refund: Refund) -> list[tuple[str, ...]]:
    names = {str(part.id): part.vendor_name for part in order.vendor_orders.all()}
    rows = [(names.get(one["vendor_order_id"], ""), one["gross"], one["tax"]) for one in refund.splits]
    return [(name, *(_shown(n, order) for n in (gross - tax, tax, gross))) for name, gross, tax in rows]


def _shown(minor: int, order: Order) -> str:
    return str(Money(minor, order.currency))


# ── For the vendor ───────────────────────────────────────────────────────────────────────────────────────────────────


def packing_slip(part: VendorOrder, shipment_id: UUID | None) -> Document:
    """What belongs into a parcel; without one: into all of the vendor order's. No prices: it may be a present.

    Raises OrderNotFound for a parcel of another vendor order.
    """
    shipment = _shipment(part, shipment_id) if shipment_id else None
    rows = _packed(part, shipment)
    to = _address(part.order.shipping_address)
    texts = "".join([*to, part.vendor_name, *(cell for row in rows for cell in row)])
    at = shipment.created_at if shipment else part.created_at
    paper = Paper(title=f"Packing slip {part.order.number}", at=at, texts=texts)
    paper.say("Packing slip", size=18, bold=True)
    paper.say_all([f"Order {part.order.number}, {part.order.placed_at:%Y-%m-%d}", f"From {part.vendor_name}"])
    paper.gap()
    paper.say("To", bold=True)
    paper.say_all(to)
    paper.gap()
    paper.columns(("Item", "SKU", "Quantity"), rows, (60, 25, 15))
    return Document(f"packing-slip-{part.order.number}.pdf", paper.content())


def _packed(part: VendorOrder, shipment: Shipment | None) -> list[tuple[str, str, str]]:
    lines = {line.id: line for line in part.lines.all()}
    if shipment:
        counted = {item.line_id: item.quantity for item in shipment.items.all()}
    else:
        counted = {line.id: line.quantity - line.cancelled_quantity for line in lines.values()}
    return [(lines[i].name, lines[i].sku, str(n)) for i, n in sorted(counted.items()) if n]


def _shipment(part: VendorOrder, shipment_id: UUID) -> Shipment:
    found = next((one for one in part.shipments.all() if one.id == shipment_id), None)
    if found is None:
        raise OrderNotFound()
    return found


def shipping_label(part: VendorOrder, shipment_id: UUID | None) -> Document:
    """Of a parcel; without one: of the latest that was not lost. Raises OrderNotFound; IllegalMove if there is none."""
    if shipment_id is None:
        there = [one for one in part.shipments.all() if one.status != Shipment.Status.LOST]
        if not there:
            raise IllegalMove("Pack or send a parcel first.")
        shipment = max(there, key=lambda one: one.id)
    else:
        shipment = _shipment(part, shipment_id)
    to = _address(part.order.shipping_address)
    phone = part.order.shipping_address.get("phone") or ""
    texts = "".join([*to, phone, part.vendor_name, shipment.carrier, shipment.tracking_number])
    paper = Paper(title=f"Label {part.order.number}", at=shipment.created_at, texts=texts, label=True)
    paper.say(f"From {part.vendor_name}", size=9)
    paper.gap(2)
    paper.say("To", size=9)
    paper.say_all(to, size=14)
    paper.say_all([phone], size=10)
    paper.gap(3)
    paper.say_all([f"Order {part.order.number}", shipment.carrier], size=10)
    if shipment.tracking_number:
        paper.say(shipment.tracking_number, size=12, bold=True)
        paper.code(shipment.tracking_number, size=32)
    return Document(f"label-{part.order.number}.pdf", paper.content())
