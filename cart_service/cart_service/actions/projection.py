"""The projection of offers is compared with the catalogue, and made anew where it differs, while events go on coming.

for each run of 200 variants:   ask catalog for its checksum ── the same as here? ── next
                                                └─ no: ask for the offers themselves, heal, compare again
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection, transaction
from django.db.models import QuerySet

from cart_service.actions.offers import row_of, told
from cart_service.clients import Run, run_of_offers
from cart_service.models import Offer
from cart_service.models.offers import HEAL
from shared.contracts.catalog import checksum_of_offers
from shared.errors import Conflict

RUN = 200


class CatalogIsEmpty(Conflict):
    """Rather a mistake than the truth: nothing was taken away."""

    code = "catalog_is_empty"
    title = "The catalogue answers that it has no offers at all"


@dataclass(frozen=True, slots=True)
class Compared:
    """A run: how many offers catalog has in it, what was done here, and whether both know the same now."""

    offers: int
    healed: int
    removed: int
    agrees: bool


def rebuild(*, heal: bool = True) -> Iterator[Compared]:
    """One result a run, as it is done. Events in flight can make a run differ for a moment, which healing does no harm:
    it only brings forward what they tell. Raises Unavailable; CatalogIsEmpty.
    """
    after: UUID | None = None
    while True:
        run = run_of_offers(after, RUN)
        if run.count == 0 and after is None and Offer.objects.exists():
            raise CatalogIsEmpty()
        yield _compared(run, heal=heal)
        if run.upto is None:
            return
        after = run.upto


def rebuild_these(variant_ids: Collection[UUID]) -> int:
    """The runs of 200 that these begin. Answers how many rows were written or taken away. Raises Unavailable;
    CatalogIsEmpty.
    """
    if run_of_offers(None, 1).count == 0:
        raise CatalogIsEmpty()
    written, left = 0, sorted(variant_ids)
    while left:
        asked_at = _now()
        truth = run_of_offers(UUID(int=left[0].int - 1), RUN, whole=True)
        written += sum(heal_run(truth, asked_at=asked_at))
        left = [variant_id for variant_id in left if truth.upto is not None and variant_id > truth.upto]
    return written


def _compared(run: Run, *, heal: bool) -> Compared:
    if _agrees(run):
        return Compared(run.count, 0, 0, agrees=True)
    if not heal:
        return Compared(run.count, 0, 0, agrees=False)
    asked_at = _now()
    truth = run_of_offers(run.after, RUN, whole=True)
    healed, removed = heal_run(truth, asked_at=asked_at)
    return Compared(truth.count, healed, removed, agrees=_agrees(truth))


def _agrees(run: Run) -> bool:
    return checksum_of_offers(told(offer) for offer in _kept(run).order_by("variant_id")) == run.checksum


@transaction.atomic
def heal_run(truth: Run, *, asked_at: datetime) -> tuple[int, int]:
    """Make the projection what catalog answered, but for what events have told since it was asked.

    `asked_at`: by this database's clock, before asking. Answers how many rows were written and taken away. Nobody's
    wish comes true by this: what was missed is no news any more.
    """
    kept = {offer.variant_id: checksum_of_offers([told(offer)]) for offer in _kept(truth)}
    wrong = [offer for offer in truth.offers if kept.get(offer.variant_id) != checksum_of_offers([offer])]
    healed = 0
    with connection.cursor() as cursor:
        for offer in wrong:
            cursor.execute(HEAL, row_of(offer) | {"asked_at": asked_at})
            healed += cursor.rowcount
    strange = _kept(truth).exclude(variant_id__in=[offer.variant_id for offer in truth.offers])
    removed, _ = strange.filter(updated_at__lt=asked_at).delete()
    return healed, removed


def _kept(run: Run) -> QuerySet[Offer]:
    rows = Offer.objects.all()
    rows = rows if run.after is None else rows.filter(variant_id__gt=run.after)
    return rows if run.upto is None else rows.filter(variant_id__lte=run.upto)


def _now() -> datetime:
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        now: datetime = cursor.fetchone()[0]
        return now
