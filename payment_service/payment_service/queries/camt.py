"""A bank's statement or notification, ISO 20022 camt.053 or camt.054 of any version, as records of payouts.

What was debited is a payout, named by the end-to-end id that our file gave it. Of what was credited, only what came
back is of interest: it says so, or bears our end-to-end id.
"""

import re
from collections.abc import Iterator
from itertools import chain
from xml.etree.ElementTree import Element

from defusedxml import DefusedXmlException  # type: ignore[import-untyped]
from defusedxml.ElementTree import ParseError, fromstring  # type: ignore[import-untyped]

_BOOKED = {"BOOK", ""}
_OURS = re.compile(r"[0-9a-fA-F]{32}|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_DOCUMENTS = (("BkToCstmrStmt", "Stmt"), ("BkToCstmrDbtCdtNtfctn", "Ntfctn"))
_AMOUNTS = ("Amt", "AmtDtls/TxAmt/Amt", "AmtDtls/InstdAmt/Amt")


def entries(content: bytes) -> Iterator[dict[str, str]]:
    """One for each transaction, with the fields of a record. Raises ValueError for what is no such document.

    Only where the standard has them is looked for anything: entries within entries would be read over and over.
    """
    try:
        root = fromstring(content, forbid_dtd=True)
    except (ParseError, DefusedXmlException, LookupError) as error:
        raise ValueError(str(error)) from None
    if all(root.find(f"{{*}}{name}") is None for name, _part in _DOCUMENTS):
        raise ValueError("This is no camt.053 and no camt.054.")
    found = chain.from_iterable(
        root.iterfind(f"{{*}}{document}/{{*}}{part}/{{*}}Ntry") for document, part in _DOCUMENTS
    )
    return (row for entry in found if _status(entry) in _BOOKED for row in _rows(entry))


def _rows(entry: Element) -> list[dict[str, str]]:
    """An entry of many transactions has them listed, or nobody can say which they are."""
    details = entry.findall("{*}NtryDtls/{*}TxDtls")
    count = _text(entry, "NtryDtls/Btch/NbOfTxs")
    if not details and count not in {"", "1"}:
        return [{"kind": "payout"}]  # a sum of many: refused by its number, as a record without its fields
    rows = [_row(entry, one, alone=len(details) == 1) for one in details] if details else [_row(entry, entry)]
    return [row for row in rows if row]


def _row(entry: Element, one: Element, *, alone: bool = True) -> dict[str, str]:
    """Empty for money that came in and is not a payout's."""
    key = next((text for text in (_text(one, "Refs/EndToEndId"), _text(one, "Refs/InstrId")) if text), "")
    reversed_ = _text(entry, "RvslInd").lower() in {"true", "1"}
    returned = reversed_ or one.find("{*}RtrInf") is not None or bool(_OURS.fullmatch(key))
    direction = _text(one, "CdtDbtInd") or _text(entry, "CdtDbtInd")
    debit = direction != "CRDT"  # one that says neither is refused, as a record without its fields
    if not debit and not returned:
        return {}
    amount = _amount(one) if one is not entry else None
    amount = entry.find("{*}Amt") if amount is None and alone else amount
    references = (_text(one, "Refs/AcctSvcrRef"), _text(entry, "AcctSvcrRef"), _text(entry, "NtryRef"))
    return {
        "kind": {"DBIT": "payout", "CRDT": "payout_return"}.get(direction, ""),
        "key": key if key != "NOTPROVIDED" else "",
        "reference": next((text for text in references if text), "unnamed"),
        "amount": (amount.text or "") if amount is not None else "",
        "currency": amount.get("Ccy", "") if amount is not None else "",
        "at": _time(entry),
    }


def _amount(one: Element) -> Element | None:
    found = (one.find("/".join(f"{{*}}{name}" for name in path.split("/"))) for path in _AMOUNTS)
    return next((amount for amount in found if amount is not None), None)


def _status(entry: Element) -> str:
    return _text(entry, "Sts/Cd") or _text(entry, "Sts")


def _time(entry: Element) -> str:
    """A day is its noon, in UTC."""
    day = _text(entry, "BookgDt/Dt")
    moment = _text(entry, "BookgDt/DtTm")
    if day:
        return f"{day[:10]}T12:00:00Z"
    return moment if re.search(r"(Z|[+-]\d\d:\d\d)$", moment) else f"{moment}Z" if moment else ""


def _text(parent: Element, path: str) -> str:
    found = parent.find("/".join(f"{{*}}{name}" for name in path.split("/")))
    return (found.text or "").strip() if found is not None else ""
