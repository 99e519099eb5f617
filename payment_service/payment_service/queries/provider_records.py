"""A provider's records, read from CSV with a header or from a JSON list, both with the fields of `Record`; a bank's
also from its statement in XML (camt.py).
"""

import csv
import io
import json
import re
from itertools import islice
from typing import Any
from uuid import UUID

from django.utils.dateparse import parse_datetime

from payment_service.clients.port import Record
from payment_service.queries import camt
from shared.errors import Invalid
from shared.money import Money

__all__ = ["KINDS", "Record", "read_records"]

KINDS = ("charge", "refund", "payout", "payout_return")
MOST_RECORDS = 50_000
MOST_COMPLAINTS = 20
_LONGEST = 200
_NEEDED = {"kind", "amount", "currency", "at"}
_BARE_ID = re.compile(r"[0-9a-f]{32}")
"""An id without its hyphens, as banks have room for it."""


def read_records(content: bytes) -> list[Record]:
    """`kind` (one of KINDS), `key` or `reference` or both, `amount`, `currency`, `at` (ISO 8601 with offset). Raises
    Invalid naming the wrong lines, the first of them.
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
        if content.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"<"):
            return list(islice(camt.entries(content), MOST_RECORDS + 1))
        text = content.decode("utf-8-sig")
        if text.lstrip()[:1] in {"[", "{"}:
            rows = json.loads(text)
            if not isinstance(rows, list):
                raise ValueError("A list of records is expected.")
            return rows
        table = csv.DictReader(io.StringIO(text), strict=True)
        if not set(table.fieldnames or ()) >= _NEEDED:
            raise ValueError("A header is expected.")
        return list(islice(table, MOST_RECORDS + 1))
    except (ValueError, RecursionError, csv.Error):
        names = ", ".join(sorted(_NEEDED))
        wanted = f"Neither CSV in UTF-8 with a header ({names}), nor a JSON list, nor a bank's statement (camt)."
        raise Invalid({"file": [wanted]}) from None


def _record(row: Any) -> Record:
    fields = {
        name: str(row.get(name) or "").strip() for name in ("kind", "key", "reference", "amount", "currency", "at")
    }
    if fields["kind"] not in KINDS:
        raise ValueError(f"kind is one of {', '.join(KINDS)}")
    names = fields["key"] + fields["reference"]
    names.encode()  # JSON can hold halves of characters
    if not names or "\0" in names or any(len(fields[name]) > _LONGEST for name in ("key", "reference")):
        raise ValueError("a key or a reference is needed")
    at = parse_datetime(fields["at"])
    if at is None or at.tzinfo is None:
        raise ValueError("at is a date and time with its offset")
    amount = Money.parse(fields["amount"], fields["currency"])
    if amount.minor <= 0:
        raise ValueError("amount is above zero")
    return Record(fields["kind"], _key(fields["key"].lower()), fields["reference"], amount, at)


def _key(text: str) -> str:
    return str(UUID(text)) if _BARE_ID.fullmatch(text) else text
