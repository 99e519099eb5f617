"""One audit: what services find alone, what they say beside each other, a second look, and the repairs.

walk ──▶ found ──second look──▶ findings ──repair=1──▶ asked to mend ──third look──▶ mended, or not
"""

import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from auditor.clients import Fleet, Unanswered
from auditor.findings import Finding, Mend
from auditor.invariants import CHECKS, JOINS, Check, every_invariant
from auditor.joins import Join

STILL_SECONDS = 60.0
MOST = 1_000
"""Findings of one join: whoever has more has one cause, and knows it by then. As many suspects are looked at again."""
PATIENCE_SECONDS, PAUSE_SECONDS = 20.0, 0.25
Tell = Callable[[str], object]
Suspects = dict[str, set[str]]
"""Id → the invariants that seemed not to hold for it."""


@dataclass
class Report:
    """What was looked at, found, and not answered: one line for each service or topic."""

    started_at: datetime
    findings: list[Finding] = field(default_factory=list)
    looked_at: dict[str, int] = field(default_factory=dict)
    """What → how many ids of it."""
    unanswered: list[str] = field(default_factory=list)
    cut_short: list[str] = field(default_factory=list)
    """Of which there are too many findings to look further."""
    complete: set[str] = field(default_factory=set)
    """Invariants, by name, that were looked at from end to end: what was not found of them is not there."""
    seconds: float = 0.0

    @property
    def left(self) -> list[Finding]:
        return [finding for finding in self.findings if not finding.mended]

    @property
    def status(self) -> int:
        """The exit status: 2 when not all was looked at, 1 when something is left to be mended, else 0."""
        return 2 if self.gaps else int(bool(self.left))

    @property
    def gaps(self) -> list[str]:
        """Why not all that was wanted has been looked at: a line for each reason."""
        return self.unanswered + [f"there are too many findings about {about}" for about in self.cut_short]


def run(
    fleet: Fleet,
    *,
    still: float = STILL_SECONDS,
    since: timedelta | None = None,
    only: Collection[str] = (),
    repair: bool = False,
) -> list[Finding]:
    """The findings of an audit, those that were mended too. `still`: what was touched within so many seconds is no
    finding yet. `since`: only orders that were placed within this time. `only`: invariants, by name; none: all.
    Raises Unanswered, also when there were too many findings to look any further.
    """
    report = audit(fleet, still=still, since=since, only=only, repair=repair)
    if report.gaps:
        raise Unanswered("; ".join(report.gaps))
    return report.findings


def audit(
    fleet: Fleet,
    *,
    still: float = STILL_SECONDS,
    since: timedelta | None = None,
    only: Collection[str] = (),
    repair: bool = False,
    tell: Tell = lambda _line: None,
) -> Report:
    """As `run`; whoever does not answer is named in the report, and the rest is looked at."""
    began, report = time.monotonic(), Report(datetime.now(UTC))
    wanted = set(only) or {invariant.name for invariant in every_invariant()}
    _ask_each([check for check in CHECKS if check.invariant.name in wanted], fleet, report, tell)
    for join in (join for join in JOINS if any(invariant.name in wanted for invariant in join.rules)):
        try:
            _look_at(join, fleet, report, wanted, still, _first_id(report.started_at - since) if since else None)
            tell(f"{join.about}: {report.looked_at[join.about]:,} looked at")
        except Unanswered as error:
            _note(report, str(error))
    if repair:
        _mend(fleet, report, tell)
    report.seconds = time.monotonic() - began
    return report


def _ask_each(checks: list[Check], fleet: Fleet, report: Report, tell: Tell) -> None:
    for check in checks:
        answered = [service for service in check.services if _ask(check, fleet, service, report)]
        if len(answered) == len(check.services):
            report.complete.add(check.invariant.name)
        tell(f"{check.invariant.name}: asked {', '.join(check.services)}")


def _ask(check: Check, fleet: Fleet, service: str, report: Report) -> bool:
    try:
        report.findings += check.ask(fleet, service)
    except Unanswered as error:
        _note(report, str(error))
        return False
    return True


def _note(report: Report, line: str) -> None:
    if line not in report.unanswered:
        report.unanswered.append(line)


def _look_at(
    join: Join, fleet: Fleet, report: Report, wanted: Collection[str], still: float, after: str | None
) -> None:
    """Raises Unanswered."""
    report.looked_at[join.about] = told = 0
    suspects: Suspects = {}
    for count, found in join.walk(fleet, still=still, after=after if join.by_time else None):
        report.looked_at[join.about] += count
        for finding in found:
            if finding.name in wanted:
                suspects.setdefault(finding.about, set()).add(finding.name)
        if len(suspects) >= MOST:
            told += _look_again(join, fleet, report, suspects, still)
            suspects = {}
        if told >= MOST:
            report.cut_short.append(join.about)
            return
    _look_again(join, fleet, report, suspects, still)
    report.complete |= {invariant.name for invariant in join.rules} & set(wanted)


def _look_again(join: Join, fleet: Fleet, report: Report, suspects: Suspects, still: float) -> int:
    """Answers how many findings stay. Raises Unanswered."""
    again = [one for one in join.look(fleet, suspects, still=still) if one.name in suspects[one.about]]
    report.findings += again
    return len(again)


def _first_id(time_: datetime) -> str:
    """Ids of orders begin with the moment they were made (RFC 9562): the least of this one."""
    return str(UUID(int=int(time_.timestamp() * 1000) << 80))


# ── Repairs ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _mend(fleet: Fleet, report: Report, tell: Tell) -> None:
    for join in JOINS:
        wanted = [finding for finding in report.findings if finding.invariant in join.rules and finding.invariant.mends]
        if not wanted:
            continue
        try:
            for mend, ids in _asked(wanted).items():
                fleet.mend(mend.service, mend.name, ids)
            mended = _wait(join, fleet, {finding.about for finding in wanted}, wanted)
        except Unanswered as error:
            _note(report, str(error))
            continue
        report.findings = [replace(one, mended=True) if one in mended else one for one in report.findings]
        tell(f"{join.about}: {len(mended)} of {len(wanted)} mended")


def _asked(findings: Iterable[Finding]) -> dict[Mend, set[str]]:
    """Each repair once, for all that it is the repair of, in the order in which an invariant names its repairs."""
    asked: defaultdict[Mend, set[str]] = defaultdict(set)
    for finding in findings:
        for mend in finding.invariant.mends:
            asked[mend].add(finding.about)
    return asked


def _wait(join: Join, fleet: Fleet, ids: set[str], wanted: list[Finding]) -> list[Finding]:
    """Those that are not found any more, once what was told has been heard. Raises Unanswered."""
    until = time.monotonic() + PATIENCE_SECONDS
    while True:
        left = {(finding.name, finding.about) for finding in join.look(fleet, ids, still=0)}
        mended = [finding for finding in wanted if (finding.name, finding.about) not in left]
        if len(mended) == len(wanted) or time.monotonic() > until:
            return mended
        time.sleep(PAUSE_SECONDS)
