"""What buyers have of store credit, and how it came and went."""

from uuid import UUID

from django.db.models import QuerySet

from payment_service.models import Account, Posting
from shared.money import Money


def credit_of(user_id: UUID) -> list[dict[str, Money | str]]:
    """By currency: what can be spent, and what is held for payments that are not decided."""
    kinds = {Account.Kind.STORE_CREDIT: "available", Account.Kind.STORE_CREDIT_HELD: "held"}
    found: dict[str, dict[str, Money | str]] = {}
    for row in Account.objects.filter(owner_id=user_id, kind__in=kinds).order_by("currency"):
        nothing = Money.zero(row.currency)
        one = found.setdefault(row.currency, {"currency": row.currency, "available": nothing, "held": nothing})
        one[kinds[Account.Kind(row.kind)]] = Money(-row.balance, row.currency)
    return list(found.values())


def movements_of(user_id: UUID) -> QuerySet[Posting]:
    rows = Posting.objects.filter(account__kind=Account.Kind.STORE_CREDIT, account__owner_id=user_id)
    return rows.select_related("entry")
