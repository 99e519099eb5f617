"""The provider's records against the ledger: what matches, and what does not and probably why.

What happens at midnight is booked on one day here and on another there. So what is of these days on one side is looked
for a day further on the other, of a bank some days, and only then missing.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from payment_service.clients.port import Record
from payment_service.models import BANK, Difference
from payment_service.queries import causes
from payment_service.queries.booked import Booked, booked
from payment_service.queries.provider_records import KINDS

DAY = timedelta(days=1)
_BANKS_TAKE = 5 * DAY


@dataclass(frozen=True)
class Comparison:
    matched: int
    differences: list[Difference]


@dataclass(frozen=True)
class Days:
    """From `start` until before `end`; the other side is looked for `around` further on each."""

    start: datetime
    end: datetime
    around: timedelta

    def __contains__(self, at: object) -> bool:
        return isinstance(at, datetime) and self.start <= at < self.end


def days_of(provider: str, since: date, until: date) -> Days:
    """Both included, in UTC."""
    start, end = (datetime.combine(day, time(), UTC) for day in (since, until + DAY))
    return Days(start, end, _BANKS_TAKE if provider == BANK else DAY)


def compare(
    records: Sequence[Record],
    *,
    provider: str,
    since: date,
    until: date,
    kinds: Collection[str] = KINDS,
    before: datetime | None = None,
) -> Comparison:
    """Of the days from `since` to `until`, both included, in UTC; what happened from `before` on is nobody's yet."""
    days = days_of(provider, since, until)
    if before and before < days.end:
        days = Days(days.start, before, days.around)
    ours = [one for one in booked(provider, days.start - days.around, days.end + days.around) if one.what in kinds]
    theirs, unknown = _matched(ours, records)
    pairs = [(one, rows) for one, rows in theirs.items() if one.at in days or any(row.at in days for row in rows)]
    wrong = [causes.amount_differs(one, rows[0]) for one, rows in pairs if one.amount != rows[0].amount]
    missing = [one for one in ours if one.at in days and one not in theirs and _must_be_there(one, theirs)]
    differences = causes.missing_here([one for one in unknown if one.at in days], provider=provider)
    differences += [causes.missing_there(one, provider=provider, end=days.end) for one in missing]
    differences += wrong
    differences += [causes.duplicate(one, rows[0], extra) for one, rows in pairs for extra in rows[1:]]
    return Comparison(len(pairs) - len(wrong), differences)


def _matched(ours: Sequence[Booked], records: Sequence[Record]) -> tuple[dict[Booked, list[Record]], list[Record]]:
    """What is booked, with its records; and the records of what is not."""
    by_name = {(one.what, name): one for one in ours for name in (one.key, *one.references) if name}
    theirs: dict[Booked, list[Record]] = defaultdict(list)
    unknown: list[Record] = []
    for record in records:
        found = by_name.get((record.kind, record.key)) or by_name.get((record.kind, record.reference))
        (theirs[found] if found else unknown).append(record)
    return theirs, unknown


def _must_be_there(one: Booked, theirs: dict[Booked, list[Record]]) -> bool:
    """A payout that came back before it was marked: if the bank has sent it, the bank has it back too."""
    sent = (other.what == "payout" and other.key == one.key for other in theirs)
    return one.sure or (one.what == "payout_return" and any(sent))
