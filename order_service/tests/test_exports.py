"""Files of orders: whole, once, and only for whoever asked."""

import csv
import io
import json
import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.utils import timezone
from factories import VENDOR_A, VENDOR_B, confirmed, delivered, make_cart, make_line, part_of, place
from hypothesis import given
from hypothesis import strategies as st

from order_service.actions import exports
from order_service.actions.exports import run_exports
from order_service.models import Order, OrderExport, OrderExportPart, VendorOrder
from order_service.queries.order_files import csv_text
from shared.context import new_id
from shared.money import Money
from shared.testing import audited, body, client_as, clock_process, in_parallel, wait_until

pytestmark = pytest.mark.django_db
URL = "/api/v1/order-exports"


def vendor_client(vendor_id: UUID = VENDOR_A) -> Any:
    return client_as("vendor", vendor_id=vendor_id)


def ask_for(client: Any, format_: str = "jsonl", **narrowed: Any) -> str:
    asked = client.post(URL, {"format": format_, **({"filter": narrowed} if narrowed else {})})
    assert asked.status_code == 202, asked.content
    assert asked["Location"] == f"{URL}/{body(asked)['id']}"
    return str(body(asked)["id"])


def fetch(client: Any, export_id: str) -> str:
    answer = client.get(f"{URL}/{export_id}/file")
    assert answer.status_code == 200, answer.content
    content = b"".join(answer.streaming_content)
    assert int(answer["Content-Length"]) == len(content)
    return content.decode()


def exported(client: Any, format_: str = "jsonl", **narrowed: Any) -> str:
    export_id = ask_for(client, format_, **narrowed)
    run_exports()
    return fetch(client, export_id)


def told(content: str) -> list[Any]:
    return [json.loads(line) for line in content.splitlines()]


def rows_of(content: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content, newline="")))


# ── What is in them ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_admins_export_is_all_orders_with_their_vendor_orders_and_lines() -> None:
    first, second = confirmed(), place()

    one, two = told(exported(client_as("admin")))

    assert (one["number"], two["number"]) == (first.number, second.number)
    assert (one["status"], one["email"], one["shipping_address"]["city"]) == ("confirmed", "ada@example.com", "London")
    assert one["total"] == Money(first.total, "USD").amount
    assert [part["vendor_name"] for part in one["vendor_orders"]] == ["Northwind", "Lumen"]
    line = one["vendor_orders"][0]["lines"][0]
    assert (line["sku"], line["quantity"], line["unit_price"]) == ("LAMP-1", 2, "20.00")
    assert not {"payment_token", "guest_digest", "next_action", "cart_id"} & set(one)


def test_a_vendors_export_is_its_own_vendor_orders_without_how_the_buyer_is_reached() -> None:
    order, _waiting = confirmed(), place()

    (one,) = told(exported(vendor_client()))

    part = part_of(order)
    assert (one["vendor_order_id"], one["number"], one["vendor_status"]) == (str(part.id), order.number, "confirmed")
    assert (one["total"], one["commission"]) == (Money(part.total, "USD").amount, Money(part.commission, "USD").amount)
    assert one["shipping_address"]["name"] == "Ada Buyer"
    assert "ada@example.com" not in json.dumps(one)
    assert [line["sku"] for line in one["lines"]] == ["LAMP-1"]


def test_columns_of_a_csv_sum_to_what_the_orders_sum_to() -> None:
    for _time in range(2):
        confirmed(make_cart(make_line(), make_line(sku="L-2"), make_line(vendor_id=VENDOR_B, vendor_name="Lumen")))

    rows = rows_of(exported(client_as("admin"), "csv"))

    assert len(rows) == 6
    assert all(row["number"] and row["currency"] == "USD" and row["vendor_order_id"] for row in rows)
    for column, model in (("total", Order), ("vendor_total", VendorOrder)):
        amounts = [Money.parse(row[column], "USD").minor for row in rows if row[column]]
        assert amounts == list(model.objects.order_by("id").values_list("total", flat=True))
    assert {row["shipping_city"] for row in rows} == {"London", ""}


def test_a_vendors_csv_has_a_row_for_each_of_its_lines() -> None:
    order = confirmed(make_cart(make_line(), make_line(sku="L-2"), make_line(vendor_id=VENDOR_B, vendor_name="Lumen")))

    rows = rows_of(exported(vendor_client(), "csv"))

    assert [(row["number"], row["line_sku"]) for row in rows] == [(order.number, "LAMP-1"), (order.number, "L-2")]
    assert [bool(row["vendor_total"]) for row in rows] == [True, False]
    assert not {"email", "buyer_name", "billing_name"} & set(rows[0])


@pytest.mark.parametrize("evil", ["=1+1", "+1", "-cmd", "@SUM(A1)", "\t=1", "\r=1", " =1", "＝1", "|calc", "%0A"])
def test_what_looks_like_a_formula_is_text(evil: str) -> None:
    order = confirmed(make_cart(make_line(name=evil)))
    Order.objects.filter(id=order.id).update(buyer_name=evil)

    (row,) = rows_of(exported(client_as("admin"), "csv"))

    assert (row["line_name"], row["buyer_name"]) == (f"'{evil}", f"'{evil}")
    (record,) = told(exported(client_as("admin")))
    assert record["buyer_name"] == evil


@given(st.lists(st.lists(st.text(st.characters(codec="utf-8")), min_size=2, max_size=3), max_size=3))
def test_any_text_comes_back_from_csv_and_none_begins_like_a_formula(rows: list[list[str]]) -> None:
    read = list(csv.reader(io.StringIO(csv_text(rows), newline="")))

    assert len(read) == len(rows)
    for given_row, read_row in zip(rows, read, strict=True):
        for text, cell in zip(given_row, read_row, strict=True):
            assert cell in (text, f"'{text}")
            assert re.fullmatch(r"-?\d+(\.\d+)?", cell) or not re.match(r"\s*[=+\-@]", cell)


def test_an_amount_below_zero_stays_a_number() -> None:
    assert csv_text([["-1.50", "-1.5.0", 7, None]]) == "-1.50,'-1.5.0,7,\r\n"


def test_an_export_is_narrowed_as_the_list_is() -> None:
    old, new, waiting = confirmed(), delivered(), place()
    Order.objects.filter(id=old.id).update(placed_at=datetime(2026, 1, 31, 23, 59, 59, tzinfo=UTC))
    admin, vendor = client_as("admin"), vendor_client()

    def numbers(client: Any, **narrowed: Any) -> list[str]:
        return [one["number"] for one in told(exported(client, **narrowed))]

    assert numbers(admin, status="placed") == [waiting.number]
    assert numbers(admin, to="2026-01-31") == numbers(vendor, to="2026-01-31") == [old.number]
    assert numbers(admin, **{"from": "2026-02-01"}) == [new.number, waiting.number]
    assert numbers(admin, vendor_id=str(VENDOR_B), number=new.number) == [new.number]
    assert numbers(admin, currency="EUR") == numbers(admin, email="eve@example.com") == []
    assert numbers(vendor, status="delivered") == numbers(vendor, number=new.number) == [new.number]


def test_an_export_of_nothing_is_an_empty_file() -> None:
    assert exported(vendor_client()) == ""
    assert exported(client_as("admin"), "csv").count("\r\n") == 1


# ── How far they are ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_export_says_how_far_it_is_and_has_a_file_when_it_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "PART", 2)
    orders = [confirmed() for _time in range(5)]
    client = client_as("admin")
    export_id = ask_for(client, "csv")
    queued = body(client.get(f"{URL}/{export_id}"))
    early = client.get(f"{URL}/{export_id}/file")

    taken = exports._take()
    assert taken is not None
    exports._step(taken)
    running = body(client.get(f"{URL}/{export_id}"))
    run_exports()  # the lease is not over
    assert body(client.get(f"{URL}/{export_id}")) == running
    while exports._step(taken):
        place()  # after the export was asked for
    done = body(client.get(f"{URL}/{export_id}"))

    assert (queued["status"], queued["done"], queued["file"]) == ("queued", 0, None)
    assert (early.status_code, body(early)["code"]) == (409, "export_not_ready")
    assert (running["status"], running["total"], running["done"], running["file"]) == ("running", 5, 2, None)
    assert (done["status"], done["total"], done["done"]) == ("succeeded", 5, 5)
    assert done["file"].endswith(f"{URL}/{export_id}/file")
    rows = rows_of(fetch(client, export_id))
    assert [row["number"] for row in rows if row["total"]] == [order.number for order in orders]


def test_a_worker_that_dies_with_an_export_is_followed_by_one_that_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "PART", 2)
    orders = [confirmed() for _time in range(5)]
    client = vendor_client()
    export_id = ask_for(client)
    dead = exports._take()
    assert dead is not None
    exports._step(dead)  # and is killed here

    OrderExport.objects.update(due_at=timezone.now())
    run_exports()
    late = exports._step(dead)  # it was only slow

    assert late is False
    assert [one["number"] for one in told(fetch(client, export_id))] == [order.number for order in orders]


def test_an_export_that_kills_its_workers_is_given_up() -> None:
    export_id = ask_for(client_as("admin"))
    OrderExport.objects.update(attempts=exports.ATTEMPTS)

    run_exports()

    assert OrderExport.objects.get(id=export_id).status == "failed"


@pytest.mark.django_db(transaction=True)
def test_an_export_survives_a_kill_and_writes_nothing_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    orders = [confirmed() for _time in range(5)]
    user_id = new_id()
    client = client_as("admin", user_id=user_id)
    export_id = ask_for(client)
    monkeypatch.setattr(exports, "PART", 2)
    monkeypatch.setattr(exports, "_lease", lambda: timedelta(seconds=1))
    taken = exports._take()
    assert taken is not None
    exports._step(taken)  # and this one never comes back

    with clock_process():
        wait_until(lambda: OrderExport.objects.get().status == "succeeded")

    assert [one["number"] for one in told(fetch(client, export_id))] == [order.number for order in orders]


# ── Whose they are ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_export_is_only_for_whoever_asked_for_it() -> None:
    confirmed()
    owner, admin = vendor_client(), client_as("admin")
    of_vendor, of_admin = ask_for(owner), ask_for(admin)
    run_exports()

    for export_id, stranger in (
        (of_vendor, vendor_client()), (of_vendor, admin), (of_vendor, vendor_client(VENDOR_B)),
        (of_admin, client_as("admin")), (of_admin, owner),
    ):  # fmt: skip
        absent = stranger.get(f"{URL}/{new_id()}")
        for path in (f"{URL}/{export_id}", f"{URL}/{export_id}/file"):
            assert stranger.get(path).status_code == absent.status_code == 404
    for path in (URL, f"{URL}/{of_admin}", f"{URL}/{of_admin}/file"):
        assert admin.get(path).status_code == 200
        assert client_as("customer").get(path).status_code == client_as("support").get(path).status_code == 403
        assert client_as().get(path).status_code == 401
    assert [row["id"] for row in body(admin.get(URL))["results"]] == [of_admin]
    assert [row["id"] for row in body(owner.get(URL))["results"]] == [of_vendor]


def test_who_speaks_for_a_vendor_no_more_has_its_files_no_more() -> None:
    user_id = new_id()
    export_id = ask_for(client_as("vendor", user_id=user_id, vendor_id=VENDOR_A))
    run_exports()

    assert client_as("vendor", user_id=user_id, vendor_id=VENDOR_B).get(f"{URL}/{export_id}/file").status_code == 404


@pytest.mark.parametrize(
    ("role", "wrong", "field"),
    [
        ("admin", {}, "format"), ("admin", {"format": "xml"}, "format"),
        ("admin", {"format": "csv", "colour": "red"}, "colour"),
        ("admin", {"format": "csv", "filter": {"colour": "red"}}, "filter.colour"),
        ("admin", {"format": "csv", "filter": {"status": "partially_shipped"}}, "filter.status"),
        ("admin", {"format": "csv", "filter": {"vendor_id": "x"}}, "filter.vendor_id"),
        ("admin", {"format": "csv", "filter": {"number": "\0"}}, "filter.number"),
        ("admin", {"format": "csv", "filter": {"from": "2026-02-02", "to": "2026-02-01"}}, "filter.from"),
        ("admin", {"format": "csv", "filter": 7}, "filter"),
        ("vendor", {"format": "csv", "filter": {"status": "awaiting_payment"}}, "filter.status"),
        ("vendor", {"format": "csv", "filter": {"email": "ada@example.com"}}, "filter.email"),
        ("vendor", {"format": "csv", "filter": {"vendor_id": str(VENDOR_B)}}, "filter.vendor_id"),
    ],
)  # fmt: skip
def test_strange_exports_are_refused(role: str, wrong: dict[str, Any], field: str) -> None:
    refused = client_as(role, vendor_id=VENDOR_A).post(URL, wrong)

    assert (refused.status_code, list(body(refused)["errors"])) == (400, [field])
    assert not OrderExport.objects.exists()


def test_only_so_many_exports_wait_at_a_time() -> None:
    client = vendor_client()
    for _ in range(exports.AT_ONCE):
        ask_for(client)

    refused = client.post(URL, {"format": "jsonl"})
    ask_for(vendor_client())
    run_exports()

    assert (refused.status_code, body(refused)["code"]) == (409, "too_many_exports")
    ask_for(client)


@pytest.mark.django_db(transaction=True)
def test_only_so_many_exports_wait_that_were_asked_for_in_one_moment() -> None:
    asker = new_id()

    def ask_at_once(_number: int) -> int:
        return int(client_as("admin", user_id=asker).post(URL, {"format": "jsonl"}).status_code)

    answers = Counter(in_parallel(12, ask_at_once))

    assert answers == {202: exports.AT_ONCE, 409: 12 - exports.AT_ONCE}


def test_a_repeated_request_with_a_key_is_one_export() -> None:
    client = vendor_client()
    first, second = (client.post(URL, {"format": "jsonl"}, headers={"Idempotency-Key": "k"}) for _ in range(2))

    assert first.content == second.content
    assert OrderExport.objects.count() == 1


@pytest.mark.parametrize(("format_", "type_"), [("csv", "text/csv; charset=utf-8"), ("jsonl", "application/x-ndjson")])
def test_a_file_has_its_type_and_name_whatever_is_accepted(format_: str, type_: str) -> None:
    client = vendor_client()
    export_id = ask_for(client, format_)
    run_exports()

    answer = client.get(f"{URL}/{export_id}/file", headers={"Accept": "image/png"})

    assert (answer.status_code, answer["Content-Type"], answer["Cache-Control"]) == (200, type_, "private, no-store")
    assert re.fullmatch(
        rf'attachment; filename="vendor-orders-\d{{8}}-\d{{4}}\.{format_}"', answer["Content-Disposition"]
    )


def test_old_exports_go_with_their_files(settings: Any) -> None:
    confirmed()
    client = vendor_client()
    old, fresh = ask_for(client), ask_for(client)
    run_exports()
    long_ago = timezone.now() - timedelta(hours=settings.EXPORT_KEEP_HOURS + 1)
    OrderExport.objects.filter(id=old).update(created_at=long_ago)

    assert exports.forget_old_exports() == 1
    assert set(OrderExportPart.objects.values_list("export_id", flat=True)) == {UUID(fresh)}


def test_what_an_admin_takes_out_is_audited() -> None:
    ask_for(client_as("admin"))
    ask_for(vendor_client())

    assert audited() == [("order.export.create", "order_export")]


@pytest.mark.parametrize("client", [client_as("admin"), vendor_client()])
def test_a_part_of_an_export_takes_few_statements(client: Any, django_assert_max_num_queries: Any) -> None:
    for _time in range(4):
        confirmed()
    ask_for(client)
    taken = exports._take()
    assert taken is not None

    with django_assert_max_num_queries(10):
        exports._step(taken)
