"""Hold stock for orders, all lines of an order or none; first come, first served.

Orders that wait anyway are held together: their stock rows are locked, changed and told of once for all of them, so
that what everybody wants in the same moment is locked for one commit, and not for each order's.
A hold takes from a vendor's locations in the order of their positions.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from django.utils import timezone

from catalog_service.actions import offers
from catalog_service.actions.places import supplies_of, take, write_down
from catalog_service.models import Reservation, ReservationLine, StockItem, Variant, Wish
from catalog_service.models.card_prices import variant_price
from catalog_service.models.inventory import Level
from catalog_service.models.locations import Change, Place
from shared.context import acting
from shared.contracts.catalog import (
    LineToReserve,
    MissingLine,
    ReservedLine,
    ReserveStock,
    StockRejected,
    StockReserved,
)
from shared.messages import MoneyData, Received
from shared.money import Money
from shared.outbox import publish

Status = Reservation.Status
Answer = StockReserved | StockRejected
Asked = Sequence[Received[ReserveStock]]


def reserve_stock(asked: Asked) -> None:
    """Answers StockReserved or StockRejected to each. An order's second ReserveStock gets the first one's answer."""
    once: dict[UUID, Received[ReserveStock]] = {}
    for one in asked:
        once.setdefault(one.message.order_id, one)
    fresh = Reservation.open({order_id: one.message.expires_at for order_id, one in once.items()}, Status.HELD)
    _decide([one for order_id, one in once.items() if order_id in fresh])
    for one in asked:
        if one.message.order_id not in fresh or once[one.message.order_id] is not one:
            _tell(one, _answer_again(one.message))


def _decide(asked: Asked) -> None:
    wanted = {one.message.order_id: _quantities(one.message.lines) for one in asked}
    stock = StockItem.objects.locked(set().union(*wanted.values()))
    variants = offers.load(stock)
    prices = {currency: _prices(variants, currency) for currency in {one.message.currency for one in asked}}
    left = Counter({variant_id: row.available for variant_id, row in stock.items()})
    answers = list[Answer]()
    for one in asked:
        answer = _answer(one.message, wanted[one.message.order_id], variants, prices[one.message.currency], left)
        answers.append(answer)
        if isinstance(answer, StockReserved):
            left.subtract(wanted[answer.order_id])
    _reject([answer for answer in answers if isinstance(answer, StockRejected)])
    levels = _hold([answer for answer in answers if isinstance(answer, StockReserved)], wanted, stock)
    for one, answer in zip(asked, answers, strict=True):
        _tell(one, answer)
    offers.tell(levels, variants)


def _quantities(lines: Iterable[LineToReserve]) -> Counter[UUID]:
    wanted = Counter[UUID]()
    for line in lines:
        wanted[line.variant_id] += line.quantity
    return wanted


def _prices(variants: Mapping[UUID, Variant], currency: str) -> dict[UUID, Money]:
    """Of those that are sold in this currency: by their own price, or by the day's rate."""
    wish, now = Wish(currency), timezone.now()
    prices = {
        id_: variant_price(variant, wish, now) for id_, variant in variants.items() if offers.is_for_sale(variant)
    }
    return {id_: price.money for id_, price in prices.items() if price}


def _answer(
    asked: ReserveStock,
    wanted: Mapping[UUID, int],
    variants: Mapping[UUID, Variant],
    prices: Mapping[UUID, Money],
    left: Mapping[UUID, int],
) -> Answer:
    if asked.expires_at <= timezone.now():
        return _rejected(asked, "expired")
    if unsellable := [line for line in asked.lines if line.variant_id not in prices]:
        return _rejected(asked, "unavailable", unsellable)
    if short := [line for line in asked.lines if wanted[line.variant_id] > left[line.variant_id]]:
        return _rejected(asked, "out_of_stock", short, left)
    lines = tuple(_reserved_line(line, variants[line.variant_id], prices[line.variant_id]) for line in asked.lines)
    return StockReserved(order_id=asked.order_id, lines=lines, expires_at=asked.expires_at)


def _reserved_line(line: LineToReserve, variant: Variant, price: Money) -> ReservedLine:
    return ReservedLine(
        line_id=line.line_id,
        variant_id=variant.id,
        product_id=variant.product_id,
        category_id=variant.product.category_id,
        vendor_id=variant.vendor_id,
        vendor_name=variant.product.vendor.name,
        sku=variant.sku,
        name=variant.title,
        quantity=line.quantity,
        unit_price=MoneyData(minor=price.minor, currency=price.currency),
    )


def _rejected(
    asked: ReserveStock, reason: str, lines: Collection[LineToReserve] = (), left: Mapping[UUID, int] | None = None
) -> StockRejected:
    missing = [
        MissingLine(
            line_id=line.line_id,
            variant_id=line.variant_id,
            requested=line.quantity,
            available=left[line.variant_id] if left else 0,
        )
        for line in lines
    ]
    return _refusal(asked.order_id, reason, missing)


def _refusal(order_id: UUID, reason: str, missing: Iterable[Any] = ()) -> StockRejected:
    return StockRejected.model_validate({"order_id": order_id, "reason": reason, "missing": tuple(missing)})


def _reject(answers: Iterable[StockRejected]) -> None:
    rows = [
        Reservation(
            order_id=answer.order_id,
            status=Status.REJECTED,
            reason=answer.reason,
            missing=[line.model_dump(mode="json") for line in answer.missing],
        )
        for answer in answers
    ]
    if rows:
        Reservation.objects.bulk_update(rows, ["status", "reason", "missing"])


def _hold(
    answers: Sequence[StockReserved], wanted: Mapping[UUID, Mapping[UUID, int]], stock: Mapping[UUID, StockItem]
) -> dict[UUID, Level]:
    if not answers:
        return {}
    ReservationLine.objects.bulk_create([_line(answer.order_id, line) for answer in answers for line in answer.lines])
    supplies = supplies_of(stock)
    taken = {answer.order_id: take(wanted[answer.order_id], supplies) for answer in answers}
    write_down(taken)
    sums = sum(taken.values(), Counter[Place]())
    return StockItem.objects.change({place: Change(reserved=n) for place, n in sums.items()})


def _line(order_id: UUID, line: ReservedLine) -> ReservationLine:
    snapshot = line.model_dump(mode="json")
    return ReservationLine(
        reservation_id=order_id, variant_id=line.variant_id, quantity=line.quantity, snapshot=snapshot
    )


def _answer_again(asked: ReserveStock) -> Answer:
    reservation = Reservation.objects.get(order_id=asked.order_id)
    if reservation.status in (Status.HELD, Status.COMMITTED):
        lines = tuple(ReservedLine.model_validate(line.snapshot) for line in reservation.lines.order_by("id"))
        return StockReserved(order_id=asked.order_id, lines=lines, expires_at=reservation.expires_at)
    if reservation.status == Status.REJECTED:
        return _refusal(asked.order_id, reservation.reason, reservation.missing)
    return _refusal(asked.order_id, "expired")


def _tell(asked: Received[ReserveStock], answer: Answer) -> None:
    with acting(asked.context):
        publish(answer)
