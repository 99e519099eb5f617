"""Store credit: granted, set aside for a payment before the provider is asked, given back when nothing comes of it.

What a buyer has is the account's balance, which the database keeps from going below nothing.
"""

from uuid import UUID

from django.db import transaction

from payment_service.actions.ledger import Kind, Line, lock_accounts, record
from payment_service.models import Entry, Payment
from shared import audit
from shared.context import new_id
from shared.money import Money


@transaction.atomic
def grant_credit(*, user_id: UUID, amount: Money, reason: str) -> Entry:
    """An admin gives a buyer something."""
    grant = new_id()
    lines = [Line(Kind.GIVEN_AWAY, amount.minor), Line(Kind.STORE_CREDIT, -amount.minor, user_id)]
    entry = record(kind=Entry.Kind.CREDIT_GRANTED, reference=grant, currency=amount.currency, lines=lines, memo=reason)
    told = {"grant": grant, "minor": amount.minor, "currency": amount.currency, "reason": reason}
    audit.record(action="payment.store_credit.grant", subject_kind="user", subject_id=user_id, **told)
    return entry


def hold_credit(payment: Payment, *, minor: int, exact: bool) -> int | None:
    """Set aside up to `minor` of the buyer's for this payment; answers how much. None: it was to be exactly that, and
    there is less. Of two payments at once, each sees what the other left: the account is locked.
    """
    if payment.user_id is None or minor <= 0:
        return None if exact and minor > 0 else 0
    lines = [Line(Kind.STORE_CREDIT, 0, payment.user_id), Line(Kind.STORE_CREDIT_HELD, 0, payment.user_id)]
    accounts = lock_accounts(currency=payment.currency, lines=lines)
    held = min(minor, -accounts[Kind.STORE_CREDIT, payment.user_id].balance)
    if exact and held < minor:
        return None
    if held:
        _move(payment, Entry.Kind.CREDIT_HELD, held)
    return held


def give_credit_back(payment: Payment) -> None:
    """What was set aside for a payment that is declined now."""
    if payment.credit:
        _move(payment, Entry.Kind.CREDIT_RETURNED, -payment.credit)


def _move(payment: Payment, kind: Entry.Kind, minor: int) -> None:
    """From what is the buyer's to what is held of it."""
    lines = [Line(Kind.STORE_CREDIT, minor, payment.user_id), Line(Kind.STORE_CREDIT_HELD, -minor, payment.user_id)]
    record(kind=kind, reference=payment.id, currency=payment.currency, lines=lines, memo=payment.order_number)
