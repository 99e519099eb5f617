"""Accounts, the copies of them, what is left of those that were erased, and what they have of store credit."""

from collections.abc import Iterator

from auditor.findings import Figures, Mend, Severity
from auditor.joins import Join, Sides

COPIES = {"order": ("order", "customers"), "notification": ("notification", "recipients")}
KEEPERS = ("catalog", "cart", "order", "vendor", "notification")
_DOUBT = [Mend(copy, "accounts") for copy in COPIES]
"""An owner that was restored tells versions that its copies have seen."""


def _is_erased(sides: Sides) -> bool:
    user = sides["user"]
    return bool(user and user["erased"])


PEOPLE = Join(
    "people",
    walked={"user": ("user", "users"), **COPIES},
    asked={f"{service} keeps": (service, "people") for service in KEEPERS},
    wanted=_is_erased,
)
CREDITS = Join("store credit", walked={"order": ("order", "credits"), "payment": ("payment", "credits")})


@PEOPLE.rule(Severity.SERIOUS, "repair=1 tells of the account again", *_DOUBT, Mend("user", "users"))
def an_account_is_known_alike(sides: Sides) -> Iterator[Figures]:
    """Where mails about orders and everything else go to is the account's present address."""
    user = sides["user"]
    for copy in COPIES if user and not user["erased"] else ():
        kept = sides[copy]
        if user and user["told"] and not kept:
            yield {"user": f"version {user['version']}", copy: "not known"}
        elif user and kept and kept["knows"] != user["knows"]:
            yield {"user": f"version {user['version']}", copy: f"version {kept['version']}, and not the same"}


@PEOPLE.rule(Severity.SERIOUS, "repair=1 tells of the erasure again", Mend("user", "erasures"))
def who_was_erased_is_forgotten(sides: Sides) -> Iterator[Figures]:
    """Of an account that was erased nothing is kept anywhere that leads to the person."""
    left = {service: kept["kept"] for service in KEEPERS if (kept := sides[f"{service} keeps"])}
    if left:
        yield {"user": "erased", **left}


@PEOPLE.rule(Severity.SERIOUS, "look for the account in a backup of user_service")
def who_is_known_has_an_account(sides: Sides) -> Iterator[Figures]:
    """Whoever mails go to has an account, or had one."""
    known = [copy for copy in COPIES if sides[copy]]
    if known and not sides["user"]:
        yield {"user": "none", "kept by": ", ".join(known)}


@CREDITS.rule(
    Severity.SERIOUS, "repair=1 makes the order's copy what the ledger says",
    Mend("order", "credits"), Mend("payment", "credits"),
)  # fmt: skip
def a_buyer_sees_the_ledgers_credit(sides: Sides) -> Iterator[Figures]:
    """The store credit that checkouts show is what the ledger has for the buyer, in each currency."""
    order, payment = sides["order"], sides["payment"]
    shown, owed = (row["available"] if row else {} for row in (order, payment))
    for currency in sorted({*shown, *owed}):
        if shown.get(currency, 0) != owed.get(currency, 0):
            yield {"currency": currency, "order": shown.get(currency, 0), "ledger": owed.get(currency, 0)}
