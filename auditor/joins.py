"""Rows of several services with one id, side by side, and the rules that they keep.

    order    a b . d ─┐
    catalog  a . c d ─┴─▶ a: both │ b: order alone │ c: catalog alone │ d: both

All sides come in the order of their ids, so that a page of each is held and no more. What was touched a moment ago is
no finding: the rest of it may be on its way, unless all sides tell of one version. And services are not read at one
moment, so whatever is found is read once more, for itself: only what is found both times is told.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from auditor.clients import Fleet, Row
from auditor.findings import Figures, Finding, Invariant, Mend, Severity

AT_ONCE = 500
Sides = dict[str, Row | None]
"""Side → its row, None where it has none of this id."""
Rule = Callable[[Sides], Iterable[Figures]]
Source = tuple[str, str]
"""Service, topic."""


@dataclass
class Join:
    """`walked` are read from end to end; `asked`, for those ids alone which are `wanted`. `by_time`: ids tell when they
    were made, so that a run can begin late. `versioned`: a copy's version is that of its owner's row which it heard of.
    """

    about: str
    walked: Mapping[str, Source]
    asked: Mapping[str, Source] = field(default_factory=dict)
    wanted: Callable[[Sides], bool] = lambda _sides: False
    by_time: bool = False
    versioned: bool = False
    rules: dict[Invariant, Rule] = field(default_factory=dict)

    def rule(self, severity: Severity, repair: str, *mends: Mend) -> Callable[[Rule], Rule]:
        """Decorates a function that yields figures where its invariant, which its docstring says, does not hold."""

        def add(rule: Rule) -> Rule:
            self.rules[Invariant(rule.__name__, _sentence(rule), severity, repair, mends)] = rule
            return rule

        return add

    @property
    def services(self) -> set[str]:
        return {service for service, _topic in (*self.walked.values(), *self.asked.values())}

    def walk(self, fleet: Fleet, *, still: float, after: str | None = None) -> Iterator[tuple[int, list[Finding]]]:
        """So many rows were looked at, and this was found, some hundred ids at a time. Raises Unanswered."""
        streams = {side: fleet.rows(*source, after) for side, source in self.walked.items()}
        for some in in_batches(merged(streams), AT_ONCE):
            yield len(some), list(self._judged(fleet, some, still))

    def look(self, fleet: Fleet, ids: Collection[str], *, still: float) -> list[Finding]:
        """Of these ids, as they are now. Raises Unanswered."""
        found = {side: fleet.rows_of(*source, ids) for side, source in self.walked.items()}
        rows: list[tuple[str, Sides]] = [(id_, {side: found[side].get(id_) for side in found}) for id_ in sorted(ids)]
        return list(self._judged(fleet, [(id_, sides) for id_, sides in rows if any(sides.values())], still))

    def _judged(self, fleet: Fleet, rows: list[tuple[str, Sides]], still: float) -> Iterator[Finding]:
        wanted = [id_ for id_, sides in rows if self.wanted(sides)] if self.asked else []
        more = {side: fleet.rows_of(*source, wanted) for side, source in self.asked.items()} if wanted else {}
        for id_, sides in rows:
            if is_still(sides, still) or (self.versioned and is_level(sides)):
                yield from self.judged(id_, sides | {side: more.get(side, {}).get(id_) for side in self.asked})

    def judged(self, id_: str, sides: Sides) -> Iterator[Finding]:
        for invariant, rule in self.rules.items():
            for figures in rule(sides):
                yield Finding(invariant, id_, figures)


def is_still(sides: Sides, seconds: float) -> bool:
    """Nobody has touched any side for so long; a row without an age is never on its way."""
    return all(row is None or row["age"] is None or row["age"] >= seconds for row in sides.values())


def is_level(sides: Sides) -> bool:
    """All of them are there and tell of one version: nothing is on its way, however often it is touched."""
    first, *others = sides.values()
    return first is not None and all(row is not None and row["version"] == first["version"] for row in others)


def merged(streams: Mapping[str, Iterator[Row]]) -> Iterator[tuple[str, Sides]]:
    """Each id once, with its row of every stream that has one. Streams come in the order of their ids."""
    heads = {side: next(stream, None) for side, stream in streams.items()}
    while present := [row["id"] for row in heads.values() if row is not None]:
        id_ = min(present)
        sides: Sides = {side: row if row is not None and row["id"] == id_ else None for side, row in heads.items()}
        yield id_, sides
        heads |= {side: next(streams[side], None) for side, row in sides.items() if row is not None}


def in_batches(rows: Iterator[tuple[str, Sides]], size: int) -> Iterator[list[tuple[str, Sides]]]:
    batch: list[tuple[str, Sides]] = []
    for row in rows:
        batch.append(row)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


def _sentence(rule: Rule) -> str:
    return " ".join((rule.__doc__ or "").split())
