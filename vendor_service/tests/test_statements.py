"""Monthly statements: payment's figures, as JSON and CSV, of the vendor that asks and nobody else."""

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from factories import make_vendor

from shared.testing import body, client_as
from vendor_service.models import Vendor

pytestmark = pytest.mark.django_db
PATH = "/api/v1/vendors/me/statements"
FIGURES = {
    "opening": 0, "sales": 6_000, "refunds": -1_500, "commissions": -375, "commission_tax": -75, "tax": -675,
    "payouts": -2_000, "other": 0, "closing": 1_375,
}  # fmt: skip


class Payment(BaseHTTPRequestHandler):
    """Answers the same to everybody, and keeps what it was asked."""

    asked: list[tuple[str, dict[str, list[str]], str]]

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        self.asked.append((parts.path, parse_qs(parts.query), self.headers["Authorization"]))
        rows = [{"currency": "JPY", **FIGURES}, {"currency": "USD", **FIGURES}]
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps({"statements": rows}).encode())

    def log_message(self, *_told: Any) -> None:
        """Not on the screen."""


@pytest.fixture
def payment(settings: Any) -> Iterator[list[Any]]:
    Payment.asked = []
    server = HTTPServer(("127.0.0.1", 0), Payment)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    settings.PAYMENT_URL = f"http://127.0.0.1:{server.server_port}"
    yield Payment.asked
    server.shutdown()
    thread.join()
    server.server_close()


def ask(vendor: Vendor, query: str = "", path: str = PATH) -> Any:
    return client_as("customer", "vendor", user_id=vendor.owner_id, vendor_id=vendor.id).get(f"{path}{query}")


def test_a_month_is_told_by_currency_with_each_currencys_digits(payment: list[Any]) -> None:
    answer = body(ask(make_vendor(), "?month=2026-02"))

    assert answer["month"] == "2026-02"
    yen, dollars = answer["statements"]
    assert yen["closing"] == {"amount": "1375", "currency": "JPY"}
    assert (dollars["refunds"]["amount"], dollars["sales"]["amount"]) == ("-15.00", "60.00")


def test_payment_is_asked_of_the_caller_s_own_vendor_and_month(payment: list[Any]) -> None:
    vendor = make_vendor()

    ask(vendor, "?month=2026-12")

    ((path, asked, token),) = payment
    assert (path, token.startswith("Bearer ")) == ("/internal/statements", True)
    assert asked == {
        "vendor_id": [str(vendor.id)],
        "since": ["2026-12-01T00:00:00+00:00"],
        "until": ["2027-01-01T00:00:00+00:00"],
    }


def test_without_a_month_it_is_the_present_one(payment: list[Any]) -> None:
    assert body(ask(make_vendor()))["month"] == f"{datetime.now(UTC):%Y-%m}"


def test_one_currency_can_be_asked_for(payment: list[Any]) -> None:
    assert [row["currency"] for row in body(ask(make_vendor(), "?currency=USD"))["statements"]] == ["USD"]


def test_the_table_comes_whatever_is_accepted(payment: list[Any]) -> None:
    vendor = make_vendor()
    client = client_as("vendor", user_id=vendor.owner_id, vendor_id=vendor.id)

    assert client.get(f"{PATH}.csv", headers={"Accept": "text/csv"}).status_code == 200


def test_it_can_be_had_as_a_table(payment: list[Any]) -> None:
    answer = ask(make_vendor(), "?month=2026-11", f"{PATH}.csv")

    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.content.decode().splitlines() == [
        "month,currency,opening,sales,refunds,commissions,commission_tax,tax,payouts,other,closing",
        "2026-11,JPY,0,6000,-1500,-375,-75,-675,-2000,0,1375",
        "2026-11,USD,0.00,60.00,-15.00,-3.75,-0.75,-6.75,-20.00,0.00,13.75",
    ]


@pytest.mark.parametrize(
    "query", ["?month=2026-13", "?month=2026-1", "?month=%00", "?month=9999-01", "?currency=XXX", "?x=1"]
)
def test_odd_questions_are_refused(payment: list[Any], query: str) -> None:
    assert [ask(make_vendor(), query, path).status_code for path in (PATH, f"{PATH}.csv")] == [400, 400]


def test_while_payment_is_away_the_answer_is_503(settings: Any) -> None:
    settings.PAYMENT_URL = "http://127.0.0.1:1"

    assert ask(make_vendor()).status_code == 503


def test_only_vendors_may(payment: list[Any]) -> None:
    assert [client_as(*roles).get(PATH).status_code for roles in ((), ("customer",))] == [401, 403]
