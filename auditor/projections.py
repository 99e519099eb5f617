"""`python -m auditor.projections`: the copies that services keep of each other's rows, counted, compared by a checksum,
and made anew where they differ, while everything goes on.

    owner ── rows by id ──┐
                          ├─ what both know of the same ids ── one checksum each ── differ? ── the owner tells again
    copy ─── rows by id ──┘

Exit status 0: every checksum agrees, 1: some do not, 2: somebody could not be asked.
"""

import argparse
import hashlib
import json
import sys
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from typing import Any

from auditor.clients import Fleet, Row, Unanswered
from auditor.findings import Mend
from auditor.joins import Source, merged

PATIENCE_SECONDS, PAUSE_SECONDS = 20.0, 0.5
"""What was told a moment ago, or is told again, is heard by then where workers are well."""
Said = tuple[Any, Any]
"""What the owner and the copy say of one id, as far as both have to know; None: nothing."""
Read = Callable[[Row | None, Row | None], Said]


@dataclass(frozen=True)
class Projection:
    name: str
    owner: Source
    copy: Source
    read: Read
    mends: tuple[Mend, ...]


@dataclass
class Compared:
    """How many rows each side has, what they add up to, and which of them differ."""

    rows: list[int] = field(default_factory=lambda: [0, 0])
    sums: list[Any] = field(default_factory=lambda: [hashlib.sha256(), hashlib.sha256()])
    differing: list[str] = field(default_factory=list)

    @property
    def checksums(self) -> list[str]:
        return [one.hexdigest()[:16] for one in self.sums]

    def add(self, id_: str, said: Said) -> None:
        for side, what in enumerate(said):
            if what is not None:
                self.rows[side] += 1
                self.sums[side].update(json.dumps([id_, what], sort_keys=True).encode())
        if said[0] != said[1]:
            self.differing.append(id_)


# ── What there is ────────────────────────────────────────────────────────────────────────────────────────────────────


def _checksums(offer: Row | None, kept: Row | None) -> Said:
    return offer and offer["checksum"], kept and kept["checksum"]


def _terms(*names: str) -> Read:
    """But for vendors whose token came before they were told of."""

    def read(vendor: Row | None, kept: Row | None) -> Said:
        told = vendor and {**vendor, "active": vendor["status"] == "active", "ahead": False}
        known = None if kept and not vendor and kept.get("status") == "unknown" else kept
        known = known and {**known, "ahead": _is_ahead(vendor, known)}
        return tuple(row and {name: row[name] for name in (*names, "ahead")} for row in (told, known))  # type: ignore[return-value]

    return read


def _accounts(user: Row | None, kept: Row | None) -> Said:
    """An account is told of to everybody when its address was verified; those that are erased are others' business."""
    if user and (user["erased"] or (kept is None and not user["told"])):
        return None, None
    return user and [user["knows"], False], kept and [kept["knows"], _is_ahead(user, kept)]


def _is_ahead(owner: Row | None, kept: Row) -> bool:
    """A copy of a later version than its owner, which was restored, would not hear what it tells next."""
    return owner is not None and kept["version"] > owner["version"]


def _amounts(name: str) -> Read:
    """By currency; nobody has to know of nothing."""

    def read(ledger: Row | None, kept: Row | None) -> Said:
        return _some(ledger and ledger[name]), _some(kept and kept[name])

    return read


def _some(amounts: Row | None) -> dict[str, Any] | None:
    return {currency: one for currency, one in (amounts or {}).items() if one not in (0, _NOTHING)} or None


_NOTHING = {"pending": 0, "available": 0}
_TERMS = {
    "catalog": ("name", "slug", "status"),
    "order": ("name", "active", "commission_basis_points"),
    "payment": ("name", "status", "owner"),
    "notification": ("name", "owner"),
}
_VENDORS, _USERS = Mend("vendor", "vendors"), Mend("user", "users")
"""A copy is doubted before its owner tells again: one that was restored counts its versions from earlier."""
_BALANCES = (Mend("vendor", "balances"), Mend("payment", "balances"))
_CREDITS = (Mend("order", "credits"), Mend("payment", "credits"))

PROJECTIONS = (
    Projection("offers", ("catalog", "offers"), ("cart", "offers"), _checksums, (Mend("cart", "offers"),)),
    *(
        Projection(
            "vendors", ("vendor", "vendors"), (copy, "vendors"), _terms(*names), (Mend(copy, "vendors"), _VENDORS)
        )
        for copy, names in _TERMS.items()
    ),
    *(
        Projection("accounts", ("user", "users"), copy, _accounts, (Mend(copy[0], "accounts"), _USERS))
        for copy in (("order", "customers"), ("notification", "recipients"))
    ),
    Projection("balances", ("payment", "balances"), ("vendor", "balances"), _amounts("balances"), _BALANCES),
    Projection("store credit", ("payment", "credits"), ("order", "credits"), _amounts("available"), _CREDITS),
)


# ── Comparing, and making anew ───────────────────────────────────────────────────────────────────────────────────────


def rebuild(fleet: Fleet, projection: Projection, *, heal: bool = True) -> Iterator[Compared]:
    """As it was found, and if rows differed, as it is once they were told of again (or, without `heal`, once what was
    on its way has come): the last is how it stays. What many have missed is told in several goes. Raises Unanswered.
    """
    compared = _compare(fleet, projection)
    yield compared
    while compared.differing:
        before = len(compared.differing)
        if heal:
            for mend in projection.mends:
                fleet.mend(mend.service, mend.name, compared.differing)
        _wait(fleet, projection, compared.differing)
        compared = _compare(fleet, projection)
        yield compared
        if not heal or len(compared.differing) >= before:
            return


def _compare(fleet: Fleet, projection: Projection) -> Compared:
    """From end to end, a page of each side at a time. Raises Unanswered."""
    streams = {"owner": fleet.rows(*projection.owner), "copy": fleet.rows(*projection.copy)}
    compared = Compared()
    for id_, sides in merged(streams):
        compared.add(id_, projection.read(sides["owner"], sides["copy"]))
    return compared


def _wait(fleet: Fleet, projection: Projection, ids: Collection[str]) -> None:
    """Until both sides say the same of all of them, as long as that may take. Raises Unanswered."""
    until, left = time.monotonic() + PATIENCE_SECONDS, set(ids)
    while True:
        owner, copy = fleet.rows_of(*projection.owner, left), fleet.rows_of(*projection.copy, left)
        said = {id_: projection.read(owner.get(id_), copy.get(id_)) for id_ in left}
        left = {id_ for id_, (told, kept) in said.items() if told != kept}
        if not left or time.monotonic() > until:
            return
        time.sleep(PAUSE_SECONDS)


# ── The command ──────────────────────────────────────────────────────────────────────────────────────────────────────

LINE = "{:13} {:23} {:>9} {:>9}  {:16}  {:16}  {}"


def main() -> int:
    parser = argparse.ArgumentParser(prog="auditor.projections", description="Makes copies what their owners say.")
    parser.add_argument("--check", action="store_true", help="compare only")
    options = parser.parse_args()
    try:
        fleet = Fleet.of_environment()
    except (KeyError, OSError) as error:
        print(f"auditor: the environment lacks {error}", file=sys.stderr)
        return 2
    print(LINE.format("projection", "owner → copy", "rows", "copied", "checksum", "of the copy", ""))
    return max(told(fleet, projection, heal=not options.check) for projection in PROJECTIONS)


def told(fleet: Fleet, projection: Projection, *, heal: bool) -> int:
    """A line of the table as soon as it is known; answers the exit status it stands for."""
    pair = f"{projection.owner[0]} → {projection.copy[0]}"
    try:
        found = list(rebuild(fleet, projection, heal=heal))
    except Unanswered as error:
        print(f"{projection.name:13} {pair:23} not compared: {error}")
        return 2
    last = found[-1]
    mended = len(found[0].differing) - len(last.differing)
    verdict = f"{len(last.differing)} differ, as {last.differing[0]}" if last.differing else "agrees"
    verdict += f", {mended} made anew" if mended > 0 and heal else ""
    print(LINE.format(projection.name, pair, *last.rows, *last.checksums, verdict), flush=True)
    return int(bool(last.differing))


if __name__ == "__main__":
    sys.exit(main())
