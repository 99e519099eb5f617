"""What vendors and admins are told about products."""

from notification_service.actions.telling import admins, tell, vendor
from notification_service.models.notifications import Group
from shared.contracts.catalog import (
    ProductDecided,
    ProductSubmitted,
    ReviewPublished,
    StockCameBack,
    StockRanLow,
    StockRanOut,
)


def tell_product_submitted(message: ProductSubmitted) -> None:
    data = {"product_id": str(message.product_id), "name": message.name}
    fact = message.revision_id or message.product_id
    for admin in admins():
        tell(admin, kind="product_waits", group=Group.ADMINISTRATION, fact=fact, data=data)


def tell_product_decided(message: ProductDecided) -> None:
    """A product can be submitted and decided many times: each decision is news."""
    kind = "product_approved" if message.approved else "product_rejected"
    data = {"product_id": str(message.product_id), "name": message.name, "slug": message.slug}
    tell(vendor(message.vendor_id), kind=kind, group=Group.SELLING, data=data, shown={"reason": message.reason})


def tell_stock_low(message: StockRanLow) -> None:
    _tell_supply(message, "stock_low")


def tell_stock_out(message: StockRanOut) -> None:
    _tell_supply(message, "stock_out")


def tell_stock_back(message: StockCameBack) -> None:
    _tell_supply(message, "stock_back")


def _tell_supply(message: StockRanLow | StockRanOut | StockCameBack, kind: str) -> None:
    data = {
        "variant_id": str(message.variant_id),
        "sku": message.sku,
        "name": message.name,
        "available": message.available,
    }
    tell(vendor(message.vendor_id), kind=kind, group=Group.SELLING, data=data)


def tell_review_published(message: ReviewPublished) -> None:
    data = {"product_id": str(message.product_id), "name": message.product_name, "rating": message.rating}
    tell(vendor(message.vendor_id), kind="review_published", group=Group.SELLING, fact=message.review_id, data=data)
