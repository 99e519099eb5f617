"""Keep what the dashboard counts. Each handler sets what its event tells, whatever came before it, and once more the
same.
"""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.utils import timezone

from shared.contracts.catalog import ReviewPublished, StockCameBack, StockRanLow, StockRanOut
from shared.contracts.order import (
    OrderCancelled,
    OrderConfirmed,
    OrderRefunded,
    ReturnDecided,
    ReturnReceived,
    ReturnRequested,
    VendorOrderCancelled,
    VendorOrderShipped,
)
from vendor_service.models import ReturnCase, ReviewNote, Sale, ScarceVariant

KEPT = timedelta(days=90)

# ── Orders ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def keep_confirmed(message: OrderConfirmed) -> None:
    """Not one that is told again after its sale was forgotten: it would wait for ever to be sent."""
    if message.confirmed_at < timezone.now() - KEPT:
        return
    for part in sorted(message.vendor_orders, key=lambda part: part.vendor_id):
        told = {"total": part.total.minor, "currency": part.total.currency, "confirmed_at": message.confirmed_at}
        _note_sale(part.vendor_id, message.order_id, **told)


def keep_shipped(message: VendorOrderShipped) -> None:
    if message.complete:
        _note_sale(message.vendor_id, message.order_id, shipped_at=timezone.now())


def keep_cancelled(message: OrderCancelled) -> None:
    """One that was never confirmed was no sale."""
    for vendor_id in sorted(message.vendor_ids) if message.was_confirmed else ():
        _note_sale(vendor_id, message.order_id, cancelled_at=timezone.now())


def keep_part_cancelled(message: VendorOrderCancelled) -> None:
    if message.complete:
        _note_sale(message.vendor_id, message.order_id, cancelled_at=timezone.now())


def _note_sale(vendor_id: UUID, order_id: UUID, **told: Any) -> None:
    row = Sale(vendor_id=vendor_id, order_id=order_id, **told)
    Sale.objects.bulk_create([row], update_conflicts=True, unique_fields=["vendor_id", "order_id"], update_fields=told)


# ── Returns ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def keep_return(message: ReturnRequested) -> None:
    _note_return(message.return_id, vendor_id=message.vendor_id, requested_at=timezone.now())


def keep_decision(message: ReturnDecided) -> None:
    _note_return(message.return_id, vendor_id=message.vendor_id, approved=message.approved)


def keep_received(message: ReturnReceived) -> None:
    _note_return(message.return_id, vendor_id=message.vendor_id, received_at=timezone.now())


def keep_refund(message: OrderRefunded) -> None:
    """Of a return it is known whose it was; of anything else it is not. Each refund is counted once."""
    if not message.return_id:
        return
    case, _made = ReturnCase.objects.select_for_update().get_or_create(return_id=message.return_id)
    counted_before = case.refunded_at is not None and not case.refund_ids  # by a release that did not note which
    if counted_before or str(message.refund_id) in case.refund_ids:
        return
    case.refunded, case.currency = case.refunded + message.amount.minor, message.amount.currency
    case.refunded_at = case.refunded_at or message.refunded_at or timezone.now()
    case.refund_ids = [*case.refund_ids, str(message.refund_id)]
    case.save(update_fields=["refunded", "currency", "refunded_at", "refund_ids"])


def _note_return(return_id: UUID, **told: Any) -> None:
    ReturnCase.objects.update_or_create(return_id=return_id, defaults=told)


# ── Products ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def keep_review(message: ReviewPublished) -> None:
    told = {"vendor_id": message.vendor_id, "rating": message.rating}
    ReviewNote.objects.update_or_create(review_id=message.review_id, defaults=told)


def keep_low(message: StockRanLow) -> None:
    _note_stock(message, ScarceVariant.State.LOW)


def keep_out(message: StockRanOut) -> None:
    _note_stock(message, ScarceVariant.State.OUT)


def forget_scarce(message: StockCameBack) -> None:
    ScarceVariant.objects.filter(variant_id=message.variant_id).delete()


def _note_stock(message: StockRanLow | StockRanOut, state: ScarceVariant.State) -> None:
    told = {"vendor_id": message.vendor_id, "sku": message.sku, "state": state}
    ScarceVariant.objects.update_or_create(variant_id=message.variant_id, defaults=told)


def forget_old_figures(batch: int = 5_000) -> int:
    """A job for the clock: what no period of the dashboard reaches any more; answers how much went. Orders that are
    still to be sent and returns that are still to be decided stay.
    """
    before = timezone.now() - KEPT
    unsent = Q(confirmed_at__isnull=False, shipped_at__isnull=True, cancelled_at__isnull=True)
    undecided = Q(requested_at__isnull=False, approved__isnull=True, received_at__isnull=True)
    sales = Sale.objects.filter(~unsent, heard_at__lt=before)
    returns = ReturnCase.objects.filter(~undecided, heard_at__lt=before)
    notes = ReviewNote.objects.filter(heard_at__lt=before)
    gone = Sale.objects.filter(pk__in=list(sales.values_list("pk", flat=True)[:batch])).delete()[0]
    gone += ReturnCase.objects.filter(pk__in=list(returns.values_list("pk", flat=True)[:batch])).delete()[0]
    return gone + ReviewNote.objects.filter(pk__in=list(notes.values_list("pk", flat=True)[:batch])).delete()[0]
