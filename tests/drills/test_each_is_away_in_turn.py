"""Everything a route may need is stopped in turn; what still works is what the status page says.

In small: one service and one server. Everything: `make drill name=Z13 full=1`; NEXUS_KEEP=1 writes the page anew.
"""

import os

from conftest import MakeProduct

from fleet import degradation
from fleet.client import Market
from fleet.degradation import LATER, RECENT, WORKS
from fleet.table import Table
from shared import drills

KEEP = "NEXUS_KEEP" in os.environ


def test_who_does_not_need_what_is_away_does_not_notice_and_others_are_told_when_to_come_again(
    fleet: Table, market: Market, make_product: MakeProduct
) -> None:
    chosen = degradation.dependencies(fleet) if drills.FULL else ["notification", "rabbitmq"]
    product = make_product(stock=100)
    drills.tell("fault", f"away in turn: {', '.join(chosen)}")

    found = degradation.measure(fleet, market, product["variants"][0]["id"], chosen)
    if KEEP:
        degradation.keep(fleet, found)
    told, kept = degradation.rows(found), degradation.kept()

    drills.tell("load", f"{len(told)} routes")
    odd = {(name, route, one.word) for name, answers in found.items() for route, one in answers.items()
           if one.word not in (WORKS, RECENT, LATER)}  # fmt: skip
    slow = {(name, route, round(one.seconds, 1)) for name, answers in found.items() for route, one in answers.items()
            if one.seconds > degradation.DEADLINE_SECONDS}  # fmt: skip
    other = {route for route, words in told.items()
             if words != {name: word for name, word in kept.get(route, {}).items() if name in chosen}}  # fmt: skip
    for what in sorted(map(str, (*odd, *slow, *other))):
        drills.tell("figure", what)
    drills.judge(
        {
            "every answer is the right one, a recent one, or 503 with the time to come again": not odd,
            "nobody waits for longer than five seconds": not slow,
            "what works is what the status page says": not other,
        }
    )
