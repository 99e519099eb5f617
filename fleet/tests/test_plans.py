"""Which plans read a table from end to end."""

import pytest
from psycopg import errors

from benchmarks import plans, statements
from benchmarks.statements import PartialIndex

DUE = PartialIndex("reservation_due", "reservation", ["status"])
OPEN = PartialIndex("outbox_open", "outbox_message", ["sent_at"])


def whole(node: dict[str, object], *, limited: bool = False) -> str | None:
    return statements._whole({"Relation Name": "reservation", **node}, limited, [DUE, OPEN])


@pytest.mark.parametrize(
    "node",
    [
        {"Node Type": "Index Scan", "Index Name": "reservation_pkey", "Index Cond": "(order_id = $1)"},
        {"Node Type": "Index Scan", "Index Name": "reservation_due"},
        {"Node Type": "Seq Scan", "Filter": "((expires_at < $1) AND ((status)::text = $2))"},
        {"Node Type": "Bitmap Heap Scan"},
    ],
)
def test_rows_that_are_chosen_are_found_by_an_index_or_its_part(node: dict[str, object]) -> None:
    assert whole(node) is None


@pytest.mark.parametrize(
    "node",
    [
        {"Node Type": "Seq Scan", "Filter": "(expires_at < $1)"},
        {"Node Type": "Index Scan", "Index Name": "reservation_pkey", "Filter": "(expires_at < $1)"},
        {"Node Type": "Index Only Scan", "Index Name": "reservation_pkey"},
    ],
)
def test_a_table_without_a_fitting_index_is_read_whole(node: dict[str, object]) -> None:
    assert whole(node) == "reservation"


def test_the_first_of_an_index_are_not_all() -> None:
    scan = {"Node Type": "Index Scan", "Index Name": "reservation_pkey", "Relation Name": "reservation"}
    sort = {"Node Type": "Sort", "Plans": [scan]}

    first = [limited for _node, limited in statements._nodes({"Node Type": "Limit", "Plans": [scan]}, limited=False)]
    sorted_first = [
        limited for _node, limited in statements._nodes({"Node Type": "Limit", "Plans": [sort]}, limited=False)
    ]

    assert whole(scan, limited=first[-1]) is None
    assert whole(scan, limited=sorted_first[-1]) == "reservation"


def test_a_placeholder_gets_the_type_that_postgresql_asks_for() -> None:
    error = errors.AmbiguousFunction.__new__(errors.AmbiguousFunction)
    error.__init__("", info=None)  # type: ignore[misc]

    assert statements._typed("SELECT $1::text, f($2, $21)", error) == "SELECT $1::text, f($2::integer, $21)"


def test_a_table_that_stays_small_may_be_read_whole() -> None:
    assert plans.growing(statements.Plan([], ["shipping_zone", "reservation"])) == ["reservation"]
