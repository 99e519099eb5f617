"""A provider's records, read from CSV with a header or from a JSON list, both with the fields of `Record`."""

import csv
import io
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.dateparse import parse_datetime

from shared.errors import Invalid
from shared.money import Money

KINDS = ("charge", "refund", "payout")
MOST_RECORDS = 50_000
MOST_COMPLAINTS = 20
_LONGEST = 200
_NEEDED = {"kind", "amount", "currency", "at"}


@dataclass(frozen=True)
class Record:
    """What the provider did. `key` is what it was asked with: our payment, refund or payout; `reference` is its own."""

    kind: str
    key: str
    reference: str
    amount: Money
    at: datetime


def read_records(content: bytes) -> list[Record]:
    """`kind` (charge, refund, payout), `key` or `reference` or both, `amount`, `currency`, `at` (ISO 8601 with offset).
    Raises Invalid naming the wrong lines, the first of them.
    """
    rows = _rows(content)
    if len(rows) > MOST_RECORDS:
        raise Invalid({"file": [f"At most {MOST_RECORDS} records; ask for fewer days."]})
    records, wrong = [], []
    for number, row in enumerate(rows, 1):
        try:
            records.append(_record(row))
        except (ValueError, TypeError, AttributeError) as error:
            wrong.append(f"Record {number}: {error}")
    if wrong:
        raise Invalid({"file": wrong[:MOST_COMPLAINTS]})
    return records


def _rows(content: bytes) -> list[Any]:
    try:
        text = content.decode("utf-8-sig")
        if text.lstrip()[:1] in {"[", "{"}:
            rows = json.loads(text)
            if not isinstance(rows, list):
                raise ValueError("A list of records is expected.")
            return rows
        table = csv.DictReader(io.StringIO(text), strict=True)
        if not set(table.fieldnames or ()) >= _NEEDED:
            raise ValueError("A header is expected.")
        return list(table)
    except (ValueError, RecursionError, csv.Error):
        names = ", ".join(sorted(_NEEDED))
        raise Invalid({"file": [f"Neither CSV in UTF-8 with a header ({names}) nor a JSON list."]}) from None


def _record(row: Any) -> Record:
    fields = {
        name: str(row.get(name) or "").strip() for name in ("kind", "key", "reference", "amount", "currency", "at")
    }
    if fields["kind"] not in KINDS:
        raise ValueError("kind is charge, refund or payout")
    names = fields["key"] + fields["reference"]
    if not names or "\0" in names or any(len(fields[name]) > _LONGEST for name in ("key", "reference")):
        raise ValueError("a key or a reference is needed")
    at = parse_datetime(fields["at"])
    if at is None or at.tzinfo is None:
        raise ValueError("at is a date and time with its offset")
    amount = Money.parse(fields["amount"], fields["currency"])
    if amount.minor <= 0:
        raise ValueError("amount is above zero")
    return Record(fields["kind"], fields["key"].lower(), fields["reference"], amount, at)
