"""Store credit: what there is for a quote, and what an order asks for."""

from dataclasses import dataclass
from uuid import UUID

from order_service.models import StoreCredit
from order_service.queries.quotes import Quote
from shared.errors import Invalid
from shared.money import Money


@dataclass(frozen=True, slots=True)
class CreditWish:
    """Up to `minor` of the total, in minor units of its currency; `exact`: neither more nor less."""

    minor: int = 0
    exact: bool = False


NO_CREDIT = CreditWish()


def wish_for(use: bool | Money, quote: Quote, *, signed_in: bool) -> CreditWish:
    """`use`: True for as much as there is, or how much exactly. Raises Invalid."""
    if use is False:
        return NO_CREDIT
    if not signed_in:
        raise Invalid({"use_store_credit": ["Only who is signed in has store credit."]})
    if use is True:
        return CreditWish(quote.total)
    total = Money(quote.total, quote.currency)
    if use.currency != quote.currency or not 0 < use.minor <= quote.total:
        raise Invalid({"use_store_credit": [f"More than zero, and at most {total}."]})
    return CreditWish(use.minor, exact=True)


@dataclass(frozen=True, slots=True)
class Cover:
    """In minor units of the quote's currency."""

    available: int
    covers: int
    left_to_pay: int


def cover_of(quote: Quote, *, user_id: UUID, wish: CreditWish) -> Cover:
    """What store credit would pay of it, as far as is known here: all there is, if no wish says otherwise."""
    known = StoreCredit.objects.filter(user_id=user_id, currency=quote.currency).first()
    available = known.available if known else 0
    covers = min(available, wish.minor or quote.total)
    return Cover(available, covers, quote.total - covers)
