"""Every operation of the API, tried by everybody who should not: guests, other customers, other vendors, bad tokens.

What belongs to somebody is made by the main journey. Ids of it must be as good as ids of nothing.
"""

import time
import tomllib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import jwt
import pytest
from belongings import World, furnished
from operations import Operation

from fleet.client import Json, Market, Person
from fleet.table import Table

AT_ONCE = 4
ROWS: dict[str, dict[str, str]] = tomllib.loads((Path(__file__).parent / "matrix.toml").read_text())
CUSTOMERS, VENDORS = ("buyer", "other_customer"), ("vendor", "other_vendor")
LET_IN = {
    "everybody": ("guest", *CUSTOMERS, *VENDORS, "admin"),
    "signed_in": (*CUSTOMERS, *VENDORS, "admin"),
    "vendors_and_staff": (*VENDORS, "admin"),
    "vendors": VENDORS,
    "admins": ("admin",),
}
PEOPLE = LET_IN["everybody"]
FOR_EVERYBODY = {
    "GET /api/v1/brands/{brand}",
    "GET /api/v1/categories/{category}",
    "GET /api/v1/categories/{category}/attributes",
    "GET /api/v1/products/{product}",
    "GET /api/v1/products/{product}/reviews",
    "POST /api/v1/products/{product}/reviews",
    "GET /api/v1/reviews/{review}",
    "POST /api/v1/reviews/{review}/votes",
    "DELETE /api/v1/reviews/{review}/votes",
    "POST /api/v1/reviews/{review}/flag",
    "GET /api/v1/vendors/{vendor}",
    "POST /api/v1/payment-webhooks/{provider}",
    "GET /problems/{code}",
}
"""What has an id in its path, and may be seen or done by anybody, or by anybody who is signed in."""
NOT_OURS = {"POST /api/v1/payment-webhooks/{provider}"}
"""Bodies that others define."""
ON_SALE_ONLY = {"GET /api/v1/products/{product}/related", "GET /api/v1/products/{product}/views"}
"""What a product that waits for approval has not got, not even for its vendor."""
OPEN_ENDED = {"specifications", "value"}
"""Fields that are objects of any shape, or of one that another field decides."""
SMUGGLED = {
    "is_staff": True, "roles": ["admin"], "user_id": str(uuid4()), "owner_id": str(uuid4()), "vendor_id": str(uuid4()),
    "status": "approved", "total": {"amount": "0.00", "currency": "USD"}, "version": 9, "commission_basis_points": 0,
    "verified_purchase": True, "email_verified": True, "created_at": "2020-01-01T00:00:00Z",
}  # fmt: skip


@pytest.fixture(scope="module")
def world(market: Market, admin: Person) -> Iterator[World]:
    with furnished(market, admin) as made:
        yield made


Verdict = Callable[[Operation], str | None]


def none_is_wrong(chosen: list[Operation], judge: Verdict) -> None:
    """Ask for each operation's verdict, and tell all that are not well."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        verdicts = list(pool.map(judge, chosen))
    wrong = [f"{one}: {verdict}" for one, verdict in zip(chosen, verdicts, strict=True) if verdict]
    assert not wrong, "\n".join(wrong)


def told(response: httpx.Response) -> str:
    return f"{response.status_code} {response.text[-300:]}"


def nothing(operation: Operation) -> dict[str, str]:
    """Ids that nobody has."""
    return {name: str(uuid4()) for name in operation.places}


# ── Who may come in ──────────────────────────────────────────────────────────────────────────────────────────────────


def row_of(operation: Operation) -> str | None:
    """Whom matrix.toml says it is for."""
    return next((who for who, rows in ROWS.items() if operation.method in rows.get(operation.path, "").split()), None)


def test_every_operation_says_whose_it_is(world: World) -> None:
    """A new operation needs a row in matrix.toml, and a row an operation; each has one."""
    rows = [f"{method} {path}" for row in ROWS.values() for path, methods in row.items() for method in methods.split()]

    assert sorted(rows) == sorted(str(one) for one in world.operations)


@pytest.mark.parametrize("who", PEOPLE)
def test_who_is_not_named_is_refused(world: World, who: str) -> None:
    """With ids of what there is and bodies that are right, so that nothing else could have been the reason."""
    person, status = getattr(world, who), 401 if who == "guest" else 403
    closed = [one for one in world.operations if who not in LET_IN[row_of(one) or "everybody"]]

    def judge(operation: Operation) -> str | None:
        answer = operation.ask(person, world.ids_for(operation))
        return None if answer.status_code == status else told(answer)

    assert len(closed) > 20
    none_is_wrong(closed, judge)


@pytest.mark.parametrize("who", PEOPLE)
def test_who_is_named_is_let_in(world: World, who: str) -> None:
    """As far as ids of nothing and fields that there are not lead; what takes neither is not tried, but to read it."""
    person = getattr(world, who)
    open_to = [one for one in world.operations if who in LET_IN[row_of(one) or "admins"]]
    harmless = [one for one in open_to if one.method == "GET" or one.body is not None or one.form or one.places]

    def judge(operation: Operation) -> str | None:
        unknown = {"is_staff": "x"} if operation.body is not None or operation.form else None
        answer = operation.ask(person, nothing(operation), unknown)
        return told(answer) if answer.status_code in {401, 403, 405} or answer.status_code >= 500 else None

    assert len(harmless) > 40
    none_is_wrong(harmless, judge)


BAD = {"expired": {"exp": -5, "nbf": -3_600, "iat": -3_600}, "for somebody else": {"aud": "somebody"}}


@pytest.mark.parametrize("how", BAD)
def test_a_token_that_does_not_hold_opens_nothing(world: World, fleet: Table, how: str) -> None:
    """An admin's, signed with our own key; not what is for guests, either."""
    bearer = Person(world.admin.http, world.admin.mail, access=_bad_token(fleet, str(world.admin.access), BAD[how]))

    def judge(operation: Operation) -> str | None:
        answer = operation.ask(bearer, world.ids_for(operation))
        return None if answer.status_code == 401 else told(answer)

    none_is_wrong(world.operations, judge)


def _bad_token(fleet: Table, good: str, changes: Json) -> str:
    """Numbers are seconds from now."""
    kid, now = jwt.get_unverified_header(good)["kid"], int(time.time())
    claims = jwt.decode(good, options={"verify_signature": False})
    key = (fleet.var / "keys" / "jwt" / "private" / f"{kid}.pem").read_text()
    moved = {name: now + value if isinstance(value, int) else value for name, value in changes.items()}
    return jwt.encode(claims | moved, key, "ES256", {"kid": kid, "typ": "at+jwt"})


# ── What belongs to somebody ─────────────────────────────────────────────────────────────────────────────────────────


def with_ids(world: World) -> list[Operation]:
    """All operations on something by its id that are neither for everybody nor for admins."""
    return [
        one
        for one in world.operations
        if one.places and str(one) not in FOR_EVERYBODY and not one.path.startswith("/api/v1/admin/")
    ]


def test_every_kind_of_id_is_tried(world: World) -> None:
    """A new kind of id in a path needs somebody's id in `belongings`, or its operation a line in FOR_EVERYBODY."""
    kinds = {place for operation in with_ids(world) for place in operation.places}

    assert kinds - world.ids.keys() == set()


def test_whoever_it_belongs_to_reads_it(world: World) -> None:
    """Else ids of nothing would have been tried all along."""
    reads = [one for one in with_ids(world) if one.method == "GET" and str(one) not in ON_SALE_ONLY]

    def judge(operation: Operation) -> str | None:
        answers = [
            operation.ask(person, world.ids_for(operation)) for person in (world.buyer, world.vendor, world.admin)
        ]
        return None if any(one.status_code == 200 for one in answers) else str([told(one) for one in answers])

    assert len(reads) > 40
    none_is_wrong(reads, judge)


@pytest.mark.parametrize("who", ["guest", "other_customer", "other_vendor"])
def test_what_belongs_to_somebody_else_is_as_good_as_absent(world: World, who: str) -> None:
    person = getattr(world, who)

    def judge(operation: Operation) -> str | None:
        theirs, absent = (operation.ask(person, ids) for ids in (world.ids_for(operation), nothing(operation)))
        alike = theirs.status_code in {401, 403, 404} and _as_sent(theirs) == _as_sent(absent)
        return None if alike else f"{told(theirs)} | an id of nothing: {told(absent)}"

    none_is_wrong(with_ids(world), judge)


def _as_sent(response: httpx.Response) -> tuple[int, bytes, dict[str, str]]:
    """Byte for byte, but for the request's own id and what is made of it, the time, and what is left of the quota."""
    own = {"x-request-id", "etag", "date", "ratelimit"}
    headers = {name: value for name, value in response.headers.items() if name not in own}
    return response.status_code, response.content.replace(response.headers["x-request-id"].encode(), b""), headers


@pytest.mark.parametrize("who", ["guest", "other_customer", "other_vendor"])
def test_a_product_that_is_not_approved_is_seen_by_nobody_else(world: World, who: str) -> None:
    person = getattr(world, who)
    reads = [
        one
        for one in world.operations
        if one.method == "GET" and one.open and one.path.startswith("/api/v1/products/{product}")
    ]

    def judge(operation: Operation) -> str | None:
        answer = operation.ask(person, world.ids_for(operation))
        return None if answer.status_code == 404 else told(answer)

    none_is_wrong(reads, judge)


# ── Fields that nobody may set ───────────────────────────────────────────────────────────────────────────────────────


def test_unknown_fields_are_refused_by_every_write(world: World) -> None:
    """Nobody's body is taken with them, and whoever may write is told their names."""
    writes = [one for one in world.operations if (one.body is not None or one.form) and str(one) not in NOT_OURS]
    people = (world.guest, world.buyer, world.vendor, world.admin)

    def judge(operation: Operation) -> str | None:
        unknown = {name: value for name, value in SMUGGLED.items() if name not in operation.known}
        more = {name: str(value) for name, value in unknown.items()} if operation.form else unknown
        answers = [operation.ask(person, world.ids_for(operation), more) for person in people]
        if taken := [told(one) for one in answers if one.status_code < 400 or one.status_code >= 500]:
            return f"taken: {taken}"
        named = [one.json().get("errors", {}).keys() for one in answers if one.status_code == 400]
        return None if any(unknown.keys() <= names for names in named) else f"{[told(one) for one in answers]}"

    assert len(writes) > 50
    none_is_wrong(writes, judge)


def test_unknown_fields_are_refused_at_every_depth(world: World) -> None:
    """Beside the fields of each object inside a body; a PATCH with such an object, a list of them, one in another."""
    deep = [one for one in world.operations if one.body and str(one) not in NOT_OURS and list(_places_in(one.body))]
    people = (world.guest, world.buyer, world.vendor, world.admin)

    def judge(operation: Operation) -> str | None:
        for place in _places_in(operation.body):
            spoilt = {place[0]: _spoilt(operation.body, place)[place[0]]}
            answers = [operation.ask(person, world.ids_for(operation), spoilt) for person in people]
            name = ".".join([*map(str, place), "is_staff"])
            if not any(one.status_code == 400 and name in one.json().get("errors", {}) for one in answers):
                return f"{name}: {[told(one) for one in answers]}"
        return None

    assert len(deep) > 20
    none_is_wrong(deep, judge)


def _places_in(body: Any, start: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to each object inside a body, of a list to its first."""
    parts = body.items() if isinstance(body, dict) else enumerate(body[:1]) if isinstance(body, list) else ()
    for key, part in parts:
        if isinstance(part, dict) and key not in OPEN_ENDED:
            yield (*start, key)
        yield from _places_in(part, (*start, key))


def _spoilt(body: Any, place: tuple[Any, ...]) -> Json:
    changed = deepcopy(body)
    part = changed
    for key in place:
        part = part[key]
    part["is_staff"] = True
    return dict(changed)
