"""Orders as they are after the checkout, written at once, and what reports of them must say, in plain Python."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from hypothesis import strategies as st

from order_service.models import Order, OrderLine, Refund, Return, VendorOrder

START = date(2026, 1, 20)
VENDORS = [UUID(int=0xA0 + i) for i in range(3)]
PRODUCTS = [UUID(int=0xB0 + i) for i in range(4)]
CATEGORIES = [None, UUID(int=0xC1), UUID(int=0xC2)]
BUYERS: list[tuple[UUID | None, str]] = [
    (UUID(int=1), "ada@example.com"), (UUID(int=2), "ada@example.com"), (None, "Ada@example.com"),
    (None, "ada@EXAMPLE.com"), (None, "eve@example.com"),
]  # fmt: skip
CURRENCIES = ["JPY", "USD", "KWD"]


@dataclass(frozen=True)
class Line:
    product: int = 0
    category: int = 1
    quantity: int = 1
    price: int = 1_000
    discount: int = 0
    tax: int = 0
    tax_included: int = 0

    @property
    def total(self) -> int:
        return self.quantity * self.price


@dataclass(frozen=True)
class Part:
    vendor: int = 0
    lines: Sequence[Line] = (Line(),)
    shipping: int = 0
    shipping_tax: int = 0
    commission: int = 0

    def figures(self) -> dict[str, int]:
        items, discount = sum(line.total for line in self.lines), sum(line.discount for line in self.lines)
        tax = sum(line.tax for line in self.lines) + self.shipping_tax
        return {
            "items_total": items,
            "discount_total": discount,
            "shipping_total": self.shipping,
            "tax_total": tax,
            "tax_included": sum(line.tax_included for line in self.lines),
            "total": items - discount + self.shipping + tax,
        }


@dataclass(frozen=True)
class Back:
    """A refund: so many days after `START`, so much of each vendor's, none of whom may be told."""

    day: int = 0
    amounts: Sequence[int] = (100,)
    for_return: bool = False
    done: bool = True
    told: bool = True


@dataclass(frozen=True)
class Sale:
    day: int = 0
    """After `START`; below zero: not confirmed."""
    buyer: int = 0
    currency: str = "USD"
    parts: Sequence[Part] = (Part(),)
    backs: Sequence[Back] = ()
    replacement: bool = False
    second: int = 0
    """Of the day."""


def at(day: int, second: int = 0) -> datetime:
    return datetime(START.year, START.month, START.day, tzinfo=UTC) + timedelta(days=day, seconds=second)


def write(sale: Sale) -> Order:
    user_id, email = BUYERS[sale.buyer]
    figures = [part.figures() for part in sale.parts]
    order = Order.objects.create(
        number=f"N-{uuid4().hex[:12]}", user_id=user_id, email=email, buyer_name="Ada", correlation_id="test",
        currency=sale.currency, shipping_method="standard", shipping_address={}, billing_address={},
        payment_method="exchange" if sale.replacement else "simulator",
        status="placed" if sale.day < 0 else "confirmed",
        confirmed_at=None if sale.day < 0 else at(sale.day, sale.second),
        **{name: sum(one[name] for one in figures) for name in figures[0]},
    )  # fmt: skip
    parts = [_write_part(order, part, one) for part, one in zip(sale.parts, figures, strict=True)]
    for back in sale.backs:
        _write_refund(order, parts, back)
    return order


def _write_part(order: Order, part: Part, figures: dict[str, int]) -> VendorOrder:
    row = VendorOrder.objects.create(
        order=order, vendor_id=VENDORS[part.vendor], vendor_name=f"Vendor {part.vendor}",
        commission_basis_points=1_000, commission=part.commission, shipping_tax=part.shipping_tax, **figures,
    )  # fmt: skip
    OrderLine.objects.bulk_create(
        OrderLine(
            vendor_order=row, variant_id=uuid4(), product_id=PRODUCTS[line.product], sku="S",
            category_id=CATEGORIES[line.category], name=f"Product {line.product}", quantity=line.quantity,
            unit_price=line.price, line_total=line.total, discount=line.discount, tax=line.tax,
            tax_included=line.tax_included,
        )
        for line in part.lines
    )  # fmt: skip
    return row


def _write_refund(order: Order, parts: list[VendorOrder], back: Back) -> None:
    splits = [
        {"vendor_order_id": str(part.id), "vendor_id": str(part.vendor_id), "gross": amount, "tax": amount // 5,
         "commission": amount // 10}
        for part, amount in zip(parts, back.amounts, strict=False)
    ]  # fmt: skip
    Refund.objects.create(
        order=order, amount=sum(split["gross"] for split in splits), splits=splits if back.told else [],  # type: ignore[misc]
        reason="returned", status="done" if back.done else "asked", done_at=at(back.day) if back.done else None,
        return_request=Return.objects.create(vendor_order=parts[0]) if back.for_return else None,
    )  # fmt: skip


# ── What reports must say ────────────────────────────────────────────────────────────────────────────────────────────


def counter() -> dict[Any, dict[str, int]]:
    return defaultdict(lambda: defaultdict(int))


@dataclass
class Oracle:
    """Day, currency, vendor (None: everybody) → figures; and alike for products and buyers."""

    orders: dict[Any, dict[str, int]] = field(default_factory=counter)
    lines: dict[Any, dict[str, int]] = field(default_factory=counter)
    buyers: dict[Any, dict[str, int]] = field(default_factory=counter)

    def hear(self, sale: Sale) -> None:
        if sale.day >= 0 and not sale.replacement:
            self._sold(sale, START + timedelta(days=sale.day))
        for back in sale.backs:
            if back.done:
                self._back(sale, back, START + timedelta(days=back.day))

    def _sold(self, sale: Sale, day: date) -> None:
        everybody = {None: sale.parts, **{VENDORS[part.vendor]: [part] for part in sale.parts}}
        for vendor, parts in everybody.items():
            row = self.orders[day, sale.currency, vendor]
            row["orders"] += 1
            bought = self.buyers[day.replace(day=1), sale.currency, vendor, self._buyer(sale)]
            bought["orders"] += 1
            for part in parts:
                self._add(row, part)
                bought["total"] += part.figures()["total"]
        for part in sale.parts:
            for key in {(line.product, line.category) for line in part.lines}:
                self._add_lines(sale, day, part, *key)

    @staticmethod
    def _add(row: dict[str, int], part: Part) -> None:
        for ours, theirs in (("items", "items_total"), ("discount", "discount_total"), ("shipping", "shipping_total"),
                             ("tax", "tax_total"), ("tax_included", "tax_included"), ("total", "total")):  # fmt: skip
            row[ours] += part.figures()[theirs]
        row["units"] += sum(line.quantity for line in part.lines)
        row["commission"] += part.commission

    def _add_lines(self, sale: Sale, day: date, part: Part, product: int, category: int) -> None:
        row = self.lines[day, sale.currency, VENDORS[part.vendor], PRODUCTS[product], CATEGORIES[category]]
        row["orders"] += 1
        for line in part.lines:
            if (line.product, line.category) == (product, category):
                for name, amount in (("units", line.quantity), ("items", line.total), ("discount", line.discount),
                                     ("tax", line.tax), ("tax_included", line.tax_included),
                                     ("total", line.total - line.discount + line.tax)):  # fmt: skip
                    row[name] += amount

    def _back(self, sale: Sale, back: Back, day: date) -> None:
        amounts = list(zip((VENDORS[part.vendor] for part in sale.parts), back.amounts, strict=False))
        for vendor, part_amounts in ((None, amounts), *((vendor, [(vendor, one)]) for vendor, one in amounts)):
            if vendor is None or back.told:
                self._refunded(self.orders[day, sale.currency, vendor], [one for _vendor, one in part_amounts], back)

    @staticmethod
    def _refunded(row: dict[str, int], amounts: list[int], back: Back) -> None:
        row["refunds"] += 1
        row["refunded"] += sum(amounts)
        row["refunded_for_returns"] += sum(amounts) if back.for_return else 0
        row["refunded_tax"] += sum(one // 5 for one in amounts) if back.told else 0
        row["refunded_commission"] += sum(one // 10 for one in amounts) if back.told else 0

    @staticmethod
    def _buyer(sale: Sale) -> object:
        user_id, email = BUYERS[sale.buyer]
        return user_id or email.lower()

    def cohorts(self, currency: str, vendor: UUID | None) -> dict[tuple[date, int], tuple[int, int, int]]:
        """Month of the first order, months since → buyers, orders, total."""
        mine = {key: row for key, row in self.buyers.items() if key[1:3] == (currency, vendor)}
        first: dict[object, date] = {}
        for month, _currency, _vendor, buyer in mine:
            first[buyer] = min(first.get(buyer, month), month)
        found: dict[tuple[date, int], tuple[int, int, int]] = defaultdict(lambda: (0, 0, 0))
        for (month, _currency, _vendor, buyer), row in mine.items():
            began = first[buyer]
            since = 12 * (month.year - began.year) + month.month - began.month
            buyers, orders, total = found[began, since]
            found[began, since] = (buyers + 1, orders + row["orders"], total + row["total"])
        return dict(found)


# ── Any sales ────────────────────────────────────────────────────────────────────────────────────────────────────────


@st.composite
def lines(draw: st.DrawFn) -> Line:
    quantity, price = draw(st.integers(1, 5)), draw(st.integers(0, 2_000_000))
    taxes = st.integers(0, 1_000)
    return Line(
        draw(st.integers(0, 3)), draw(st.integers(0, 2)), quantity, price,
        draw(st.integers(0, quantity * price)), draw(taxes), draw(taxes),
    )  # fmt: skip


@st.composite
def sales(draw: st.DrawFn) -> Sale:
    vendors = draw(st.lists(st.integers(0, 2), min_size=1, max_size=3, unique=True))
    small = st.integers(0, 5_000)
    parts = [
        Part(
            vendor,
            draw(st.lists(lines(), min_size=1, max_size=3)),
            draw(small),
            draw(small),
            draw(st.integers(-99, 999)),
        )
        for vendor in vendors
    ]
    backs = st.builds(
        Back, st.integers(0, 75), st.lists(small, min_size=1, max_size=3).map(tuple), st.booleans(), st.booleans(),
        st.booleans(),
    )  # fmt: skip
    return Sale(
        draw(st.integers(-3, 70)), draw(st.integers(0, 4)), draw(st.sampled_from(CURRENCIES)), parts,
        draw(st.lists(backs, max_size=2)), draw(st.integers(0, 9)) == 0, draw(st.sampled_from([0, 1, 43_200, 86_399])),
    )  # fmt: skip
