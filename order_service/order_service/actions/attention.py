"""Orders that need a human: why, and since when."""

from enum import StrEnum

from django.utils import timezone

from order_service.models import Order


class Cause(StrEnum):
    """What the saga cannot settle by itself."""

    REFUND_FAILED = "refund_failed"
    COMMIT_FAILED = "commit_failed"


def call_for_attention(order: Order, cause: Cause, detail: str) -> None:
    """The caller holds the order's lock."""
    order.call_for_attention(cause, detail, at=timezone.now())
    order.save(update_fields=["needs_attention", "attention_cause", "attention_since", "updated_at"])
