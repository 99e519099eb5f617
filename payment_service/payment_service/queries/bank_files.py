"""ISO 20022 customer credit transfer initiation, pain.001.001.09, of one run.

Our own writer: sepaxml, the library for it, writes cents and IBANs only, and vendors are paid in yen and dinars and at
banks without IBANs too. Tests hold it against the schema that the library ships.
"""

from collections.abc import Sequence
from datetime import UTC
from typing import Any
from xml.etree import ElementTree as ET

from django.conf import settings

from payment_service.models import Payout, PayoutRun
from shared.money import Money

SCHEMA = "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"
MEDIA_TYPE = "application/xml"


def credit_transfer(run: PayoutRun, payouts: Sequence[Payout]) -> bytes:
    """All of it follows from the rows, so that it is the same file every time. Payouts have their `item`."""
    assert run.approved_at is not None
    root = ET.Element("Document", xmlns=SCHEMA)
    message = ET.SubElement(root, "CstmrCdtTrfInitn")
    header = ET.SubElement(message, "GrpHdr")
    _text(header, "MsgId", run.id.hex)
    _text(header, "CreDtTm", run.approved_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S"))
    _totals(header, run, payouts)
    _text(header, "InitgPty/Nm", settings.PAYOUT_DEBTOR_NAME)
    batch = ET.SubElement(message, "PmtInf")
    _text(batch, "PmtInfId", run.id.hex)
    _text(batch, "PmtMtd", "TRF")
    _totals(batch, run, payouts)
    _text(batch, "ReqdExctnDt/Dt", run.approved_at.astimezone(UTC).date().isoformat())
    _debtor(batch)
    _text(batch, "ChrgBr", "SLEV" if run.currency == "EUR" else "SHAR")
    for payout in payouts:
        _transfer(batch, payout)
    ET.indent(root)
    content: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return content


def _totals(parent: ET.Element, run: PayoutRun, payouts: Sequence[Payout]) -> None:
    _text(parent, "NbOfTxs", str(len(payouts)))
    _text(parent, "CtrlSum", Money(sum(payout.minor for payout in payouts), run.currency).amount)


def _debtor(batch: ET.Element) -> None:
    _text(batch, "Dbtr/Nm", settings.PAYOUT_DEBTOR_NAME)
    _text(batch, "DbtrAcct/Id/IBAN", settings.PAYOUT_DEBTOR_IBAN)
    if settings.PAYOUT_DEBTOR_BIC:
        _text(batch, "DbtrAgt/FinInstnId/BICFI", settings.PAYOUT_DEBTOR_BIC)
    else:
        _text(batch, "DbtrAgt/FinInstnId/Othr/Id", "NOTPROVIDED")


def _transfer(batch: ET.Element, payout: Payout) -> None:
    assert payout.item is not None
    account: dict[str, Any] = payout.item.destination or {}
    transfer = ET.SubElement(batch, "CdtTrfTxInf")
    _text(transfer, "PmtId/EndToEndId", payout.id.hex)
    _text(transfer, "Amt/InstdAmt", payout.amount.amount).set("Ccy", payout.currency)
    if account["bic"]:
        _text(transfer, "CdtrAgt/FinInstnId/BICFI", account["bic"])
    elif account["bank_code"]:
        _text(transfer, "CdtrAgt/FinInstnId/ClrSysMmbId/MmbId", account["bank_code"])
    _text(transfer, "Cdtr/Nm", account["holder_name"])
    if account["iban"]:
        _text(transfer, "CdtrAcct/Id/IBAN", account["iban"])
    else:
        _text(transfer, "CdtrAcct/Id/Othr/Id", account["account_number"])
    _text(transfer, "RmtInf/Ustrd", f"Payout {payout.id}")


def _text(parent: ET.Element, path: str, text: str) -> ET.Element:
    """A text at the end of a path of new elements."""
    for name in path.split("/"):
        parent = ET.SubElement(parent, name)
    parent.text = text
    return parent
