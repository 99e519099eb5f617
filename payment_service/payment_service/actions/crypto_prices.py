"""What a coin is worth, as an admin says it."""

from uuid import UUID

from django.db import transaction
from django.utils import timezone

from payment_service.models import CoinPrice
from shared import audit
from shared.money import Money


@transaction.atomic
def set_price(*, price: Money, by: UUID) -> CoinPrice:
    """Of one coin, from now on. Payments that were begun keep theirs."""
    fields = {"minor": price.minor, "set_by": by, "set_at": timezone.now()}
    row, _new = CoinPrice.objects.update_or_create(currency=price.currency, defaults=fields)
    told = {"minor": price.minor, "currency": price.currency}
    audit.record(action="payment.coin_price.set", subject_kind="coin_price", subject_id=price.currency, **told)
    return row
