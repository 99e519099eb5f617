"""Vendors as everybody knows them, their balances and their payouts."""

from collections.abc import Iterator
from typing import Any

from auditor.clients import Row
from auditor.findings import Figures, Mend, Severity
from auditor.joins import Join, Sides

COPIES = {
    "catalog": ("catalog", "vendors"),
    "order": ("order", "vendors"),
    "payment": ("payment", "vendors"),
    "notification": ("notification", "vendors"),
}
VENDORS = Join("vendors", walked={"vendor": ("vendor", "vendors"), **COPIES})
BALANCES = Join("balances", {"vendor": ("vendor", "balances"), "payment": ("payment", "balances")}, versioned=True)
PAYOUTS = Join("payouts", walked={"vendor": ("vendor", "payouts"), "payment": ("payment", "payouts")})
_KEPT = ("name", "slug", "status", "active", "owner", "commission_basis_points")
_NOTHING = {"pending": 0, "available": 0}
_SETTLED = {"paid", "refused", "returned"}
_DOUBT = [Mend(copy, "vendors") for copy in COPIES]
"""An owner that was restored tells versions that its copies have seen."""


@VENDORS.rule(Severity.SERIOUS, "make projections; repair=1 tells of this one", *_DOUBT, Mend("vendor", "vendors"))
def a_vendor_is_known_alike(sides: Sides) -> Iterator[Figures]:
    """Name, status and terms of a vendor are the same wherever they are kept."""
    vendor = sides["vendor"]
    if not vendor:
        return
    truth = {**vendor, "active": vendor["status"] == "active"}
    for copy in COPIES:
        kept = sides[copy]
        wrong = [name for name in _KEPT if kept and name in kept and kept[name] != truth[name]]
        if not kept:
            yield {"vendor": vendor["version"], copy: "not known"}
        elif wrong:
            yield {"vendor": {name: truth[name] for name in wrong}, copy: {name: kept[name] for name in wrong}}


@VENDORS.rule(Severity.SERIOUS, "look for the vendor in a backup of vendor_service")
def a_vendor_that_is_known_is_there(sides: Sides) -> Iterator[Figures]:
    """Whoever is kept as a vendor is one, but for those whose token came before they were told of."""
    kept = {copy: sides[copy] for copy in COPIES if sides[copy]}
    known = [copy for copy, row in kept.items() if row and row.get("status") != "unknown"]
    if not sides["vendor"] and known:
        yield {"vendor": "none", "kept by": ", ".join(known)}


@BALANCES.rule(
    Severity.CRITICAL, "repair=1 makes the vendor's copy what the ledger says",
    Mend("vendor", "balances"), Mend("payment", "balances"),
)  # fmt: skip
def a_vendor_sees_the_ledgers_balance(sides: Sides) -> Iterator[Figures]:
    """What vendors are shown as pending and available is what the ledger owes them, in each currency."""
    shown, owed = _balances(sides["vendor"]), _balances(sides["payment"])
    for currency in sorted({*shown, *owed}):
        seen, said = shown.get(currency, _NOTHING), owed.get(currency, _NOTHING)
        if seen != said:
            yield {"currency": currency, "vendor": seen, "ledger": said}


def _balances(row: Row | None) -> dict[str, Any]:
    return dict(row["balances"]) if row else {}


@PAYOUTS.rule(Severity.CRITICAL, "GET admin/payouts; look at both outboxes and dead messages for what was not heard")
def a_payout_is_known_alike(sides: Sides) -> Iterator[Figures]:
    """A payout has one vendor, amount and end, at the vendor's and at the provider's side."""
    asked, made = sides["vendor"], sides["payment"]
    if asked and not made and asked["status"] == "refused":
        return  # payment keeps no payout of what there was no money for
    ours = _payout(asked, asked["status"] if asked else "") if asked else None
    theirs = _payout(made, made["status"] if made["status"] in _SETTLED else "requested") if made else None
    if ours != theirs:
        yield {"vendor": ours, "payment": theirs}


def _payout(row: Row, status: str) -> dict[str, Any]:
    return {"vendor": row["vendor"], "amount": row["amount"], "currency": row["currency"], "status": status}
