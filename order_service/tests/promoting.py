"""Promotions made in a line, and what a cart costs with them."""

from typing import Any
from uuid import UUID

from factories import make_cart

from order_service.actions.promotions import Terms, create_promotion
from order_service.models import Promotion
from order_service.queries.quotes import Quote, quote

ADA = UUID(int=0xADA)


def promote(kind: str = "percentage", *, vendor_id: UUID | None = None, **terms: Any) -> Promotion:
    plain: dict[str, Any] = {"basis_points": 1_000} if kind == "percentage" else {}
    return create_promotion(terms=Terms(**{"kind": kind, "name": kind, **plain, **terms}), vendor_id=vendor_id)


def price(*lines: Any, coupon: str | None = None, buyer: str = str(ADA)) -> Quote:
    return quote(cart=make_cart(*lines), country="XX", method=None, coupon_code=coupon, buyer_key=buyer)


def discounts(quoted: Quote) -> list[int]:
    return [line.discount for part in quoted.parts for line in part.lines]
