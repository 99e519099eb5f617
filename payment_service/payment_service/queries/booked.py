"""What the ledger says that a provider, or the bank, took and sent."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db.models import Q, QuerySet, Sum

from payment_service.models import BANK, Account, Entry, Misfit, Payment, Payout, Posting, Refund
from shared.money import Money

_WHAT = {
    Entry.Kind.PAYMENT: "charge",
    Entry.Kind.REFUND: "refund",
    Entry.Kind.PAYOUT_PAID: "payout",
    Entry.Kind.PAYOUT_RETURNED: "payout_return",
    Entry.Kind.MISFIT: "charge",
    Entry.Kind.MISFIT_RETURNED: "refund",
}
Names = dict[tuple[str, UUID], tuple[str, ...]]


@dataclass(frozen=True)
class Booked:
    """`key` is the payment, refund or payout, `references` are the provider's names for it. `sure` is False for what
    never became a booking of the provider's account here: the other side may know of it or not.
    """

    what: str
    key: str
    references: tuple[str, ...]
    amount: Money
    at: datetime
    sure: bool = True


def booked(provider: str, start: datetime, end: datetime) -> list[Booked]:
    """From `start` until before `end`. A payout by bank file is the bank's, and none of the provider's."""
    mine = Posting.objects.filter(
        account__kind=Account.Kind.PROVIDER, entry__recorded_at__gte=start, entry__recorded_at__lt=end
    )
    columns = ("entry__kind", "entry__reference", "currency", "entry__recorded_at")
    rows = mine.filter(entry__kind__in=list(_WHAT)).values_list(*columns).annotate(sum=Sum("minor"))
    sums = list(rows.order_by())
    names = _names({reference for _kind, reference, *_rest in sums}, provider)
    found = [
        _booked(kind, names[kind, reference], Money(abs(minor), currency), at)
        for kind, reference, currency, at, minor in sums
        if (kind, reference) in names
    ]
    return found + (_came_back_unpaid(start, end) if provider == BANK else [])


def _booked(kind: str, names: tuple[str, ...], amount: Money, at: datetime) -> Booked:
    return Booked(_WHAT[Entry.Kind(kind)], names[0], names[1:], amount, at)


def _names(ids: set[UUID], provider: str) -> Names:
    """What each entry is about → the key that the provider was asked with, and its own names where they are known."""
    kind, names = Entry.Kind, Names()
    payments = Payment.objects.filter(id__in=ids, method=provider)
    for payment_id, told, listed in payments.values_list("id", "provider_reference", "listed_as"):
        names[kind.PAYMENT.value, payment_id] = (str(payment_id), told, listed)
    for refund_id in Refund.objects.filter(id__in=ids, payment__method=provider).values_list("id", flat=True):
        names[kind.REFUND.value, refund_id] = (str(refund_id),)
    for payout_id, told in payouts_of(provider).filter(id__in=ids).values_list("id", "provider_reference"):
        names[kind.PAYOUT_PAID.value, payout_id] = (str(payout_id), told)
        names[kind.PAYOUT_RETURNED.value, payout_id] = (str(payout_id), told)
    for misfit in Misfit.objects.filter(id__in=ids, payment__method=provider).select_related("payment"):
        payment = misfit.payment
        others = (payment.provider_reference, payment.listed_as, misfit.source)
        names[kind.MISFIT.value, misfit.id] = (str(payment.id), *others)
        names[kind.MISFIT_RETURNED.value, misfit.id] = (str(misfit.key),)
    return names


def payouts_of(provider: str) -> QuerySet[Payout]:
    """Those that it carries out, or the bank does."""
    if provider == BANK:
        return Payout.objects.filter(item__run__method="bank_file")
    if provider == settings.PAYOUT_PROVIDER:
        return Payout.objects.filter(Q(item__isnull=True) | Q(item__run__method="provider"))
    return Payout.objects.none()


def _came_back_unpaid(start: datetime, end: datetime) -> list[Booked]:
    """Payouts that came back before anybody had marked them as carried out: the bank has booked both, or neither."""
    returned = payouts_of(BANK).filter(status=Payout.Status.RETURNED, paid_at__isnull=True)
    payouts = {payout.id: payout for payout in returned.filter(created_at__lt=end)}
    kinds = {Entry.Kind.PAYOUT.value: "payout", Entry.Kind.PAYOUT_RETURNED.value: "payout_return"}
    entries = Entry.objects.filter(
        reference__in=payouts, kind__in=list(kinds), recorded_at__gte=start, recorded_at__lt=end
    )
    return [
        Booked(kinds[kind], str(payout_id), (), payouts[payout_id].amount, at, sure=False)
        for kind, payout_id, at in entries.values_list("kind", "reference", "recorded_at")
    ]
