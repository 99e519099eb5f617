"""Coupons: the platform's promotions that take a code, in their simplest form."""

from datetime import datetime

from order_service.actions.promotions import Terms, create_promotion
from order_service.models import Promotion
from shared.money import Money


def create_coupon(
    *,
    code: str,
    kind: str,
    basis_points: int = 0,
    amount: Money | None = None,
    limit: int | None = None,
    per_user_limit: int | None = None,
    minimum: Money | None = None,
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
    paid_by: str = Promotion.Payer.VENDOR,
) -> Promotion:
    """Raises Invalid when the code is taken."""
    terms = Terms(
        code=code,
        kind=kind,
        basis_points=basis_points,
        amount=amount,
        limit=limit,
        per_user_limit=per_user_limit,
        minimum=minimum,
        starts_at=starts_at,
        ends_at=ends_at,
        paid_by=paid_by,
    )
    return create_promotion(terms=terms)
