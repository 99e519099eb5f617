"""Every invariant, in the order in which they are looked at."""

from auditor.findings import Invariant
from auditor.invariants.offers import OFFERS
from auditor.invariants.orders import ORDERS
from auditor.invariants.own import CHECKS, Check
from auditor.invariants.people import CREDITS, PEOPLE
from auditor.invariants.vendors import BALANCES, PAYOUTS, VENDORS

JOINS = (ORDERS, BALANCES, PAYOUTS, CREDITS, OFFERS, VENDORS, PEOPLE)


def every_invariant() -> list[Invariant]:
    return [check.invariant for check in CHECKS] + [invariant for join in JOINS for invariant in join.rules]


__all__ = ["CHECKS", "JOINS", "Check", "every_invariant"]
