"""Chapa over HTTP, as developer.chapa.co documents it: a hosted page to pay on, verification, refunds, signed webhooks.

`tx_ref` is the payment's id. Chapa takes one only once and tells the page's address only once: where that answer was
lost, the page that nobody has seen is closed, and another is opened under the id with a number.
"""

import hashlib
import hmac
import json
import logging
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

import httpx
from django.conf import settings

from payment_service.clients.events import read_event
from payment_service.clients.port import Charge, ChargeRequest, Record, RecordPage, Transfer
from payment_service.errors import BadSignature, ProviderAway
from shared.money import EXPONENTS, Money, MoneyError

log = logging.getLogger("nexus.payments")
CURRENCIES = frozenset({"ETB", "USD"})
SIGNATURE_HEADERS = ("x-chapa-signature", "Chapa-Signature")
PRIVATE = {"first_name", "last_name", "email", "mobile", "phone_number"}
USED_BEFORE = "reference has been used before"
PAGES = 5
"""So many answers in a row may be lost."""
PAGE = 100
"""Of the list of transactions."""

Answer = dict[str, Any]


class Chapa:
    """Implements clients.port.Provider and KeepsRecords. Chapa lists its transactions by its own references, and no
    refunds.
    """

    listed = frozenset({"charge"})

    def charge(self, request: ChargeRequest) -> Charge:
        for reference in _references(request.key):
            done, answer = _ask("POST", "/v1/transaction/initialize", _page(request, reference))
            if done:
                return Charge(reference, "requires_action", url=_part(answer, "checkout_url"))
            if USED_BEFORE not in _message(answer):
                return Charge("", "declined", "refused")
            before = self._stopped(reference)
            if before.status == "succeeded":
                return before
        raise ProviderAway("Chapa's answers are all lost.")

    def look_up(self, reference: str) -> Charge:
        """What Chapa does not know (yet) is pending: a page that nobody opened is no transaction everywhere."""
        _done, answer = _ask("GET", f"/v1/transaction/verify/{reference}")
        data = answer.get("data")
        status = str(data.get("status", "")).lower() if isinstance(data, dict) else ""
        if status == "success":
            return Charge(reference, "succeeded", taken=_taken(answer), listed_as=_listed_as(answer))
        if "cancel" in status or "fail" in status:
            return Charge(reference, "declined", "declined")
        return Charge(reference, "pending")

    def cancel(self, request: ChargeRequest, reference: str) -> Charge:
        return self._stopped(reference or str(request.key))

    def _stopped(self, reference: str) -> Charge:
        """Chapa closes the page of a transaction that is active; what is not was paid, or never was."""
        done, _answer = _ask("PUT", f"/v1/transaction/cancel/{reference}")
        found = Charge(reference, "cancelled") if done else self.look_up(reference)
        return found if found.status == "succeeded" else Charge(reference, "cancelled")

    def refund(self, *, key: UUID, reference: str, amount: Money) -> Transfer:
        """Refunds go by Chapa's own reference. That ours was used before means that they are made already."""
        _done, found = _ask("GET", f"/v1/transaction/verify/{reference}")
        paid = _part(found, "reference")
        body = {"amount": amount.amount, "reason": "refund", "reference": str(key)}
        done, answer = _ask("POST", f"/v1/refund/{paid}", body)
        if done or USED_BEFORE in _message(answer):
            return Transfer(str(key), True)
        return Transfer("", False, "refused")

    def pay_out(self, *, key: UUID, vendor_id: UUID, amount: Money) -> Transfer:
        return Transfer("", False, "payouts_are_off")

    def event_of(self, *, body: bytes, headers: Mapping[str, str]) -> tuple[str, dict[str, Any]]:
        """Chapa's events have no id: the same body is the same event. Nor does it sign a time; but what an event says
        is not believed, so that an old one that is sent again changes nothing.
        """
        check_signature(body, headers)
        try:
            event = read_event(body)
            kind = str(event["event"])[:40]
            kept = {name: value for name, value in event.items() if name not in PRIVATE}
        except KeyError:
            raise BadSignature("The event cannot be read.") from None
        return f"{kind}:{hashlib.sha256(body).hexdigest()}", kept

    def charge_in(self, event: dict[str, Any]) -> str:
        reference = event.get("tx_ref")
        return reference if isinstance(reference, str) else ""

    def records(self, *, since: datetime, until: datetime, after: str) -> RecordPage:
        """Chapa knows no days: its list is read from the newest on, until it is older than what is wanted."""
        page = int(after or "1")
        done, answer = _ask("GET", f"/v1/transactions?page={page}&per_page={PAGE}")
        data = answer.get("data")
        rows = data.get("transactions") if isinstance(data, dict) else None
        if not done or not isinstance(data, dict) or not isinstance(rows, list):
            raise ProviderAway("Chapa's answer is no list of transactions.")
        told = [_record(row) for row in rows if not _is_foreign(row)]
        if skipped := len(rows) - len(told):
            log.warning("%s rows of Chapa's list are skipped: they cannot be ours", skipped)
        more = (data.get("pagination") or {}).get("next_page_url") and not _is_past(told, since)
        paid = [one for status, one in told if _is_paid(status) and since <= one.at < until]
        return RecordPage(paid, str(page + 1) if more else "")


def _references(key: UUID) -> Iterator[str]:
    yield str(key)
    yield from (f"{key}-{number}" for number in range(2, PAGES + 1))


def _page(request: ChargeRequest, reference: str) -> dict[str, Any]:
    """Chapa shows the title, at most 16 characters of it, and the description."""
    return {
        "amount": request.amount.amount,
        "currency": request.amount.currency,
        "tx_ref": reference,
        "return_url": settings.PAYMENT_RETURN_URL,
        "customization": {"title": "Order", "description": request.description},
    }


def _taken(answer: Answer) -> Money:
    """An answer that is no amount is no answer."""
    try:
        return Money.parse(_part(answer, "amount"), _part(answer, "currency"))
    except MoneyError as error:
        raise ProviderAway(f"Chapa took a strange amount: {error}.") from None


def _part(answer: Answer, name: str) -> str:
    """Raises ProviderAway for an answer without it."""
    data = answer.get("data")
    if not (isinstance(data, dict) and isinstance(data.get(name), (str, int))):
        raise ProviderAway(f"Chapa's answer lacks {name}.")
    return str(data[name])


def _is_foreign(row: Any) -> bool:
    """In a currency that nobody trades here, or without a reference of Chapa's: ours have both."""
    return isinstance(row, dict) and (str(row.get("currency")) not in EXPONENTS or not row.get("ref_id"))


def _record(row: Any) -> tuple[str, Record]:
    """A transaction's status, and the rest. Of an older kind of answer, its `tx_ref` is there too."""
    try:
        amount = Money.parse(str(row["amount"]), str(row["currency"]))
        at = datetime.fromisoformat(str(row["created_at"]))
        at = at if at.tzinfo else at.replace(tzinfo=UTC)
        key = str(row.get("tx_ref") or "")
        return str(row["status"]).lower(), Record("charge", key, str(row["ref_id"]), amount, at)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ProviderAway(f"Chapa lists a strange transaction: {error}.") from None


def _is_paid(status: str) -> bool:
    """What was given back later had been paid before."""
    return status == "success" or "refund" in status


def _is_past(told: list[tuple[str, Record]], since: datetime) -> bool:
    """Newest first, as Chapa lists; from a list in another order nothing follows."""
    times = [one.at for _status, one in told]
    return bool(times) and times[0] >= times[-1] and times[-1] < since


def _listed_as(answer: Answer) -> str:
    """Chapa's own reference, by which it lists; without one the money is taken all the same."""
    return str(answer["data"].get("reference") or "")[:200]


def _message(answer: Answer) -> str:
    return str(answer.get("message", "")).lower()


@lru_cache(maxsize=1)
def _http() -> httpx.Client:
    return httpx.Client(timeout=httpx.Timeout(settings.PROVIDER_TIMEOUT_SECONDS, connect=1))


def _ask(method: str, path: str, body: Answer | None = None) -> tuple[bool, Answer]:
    """Was it done, and the answer. Raises ProviderAway where it is not known, where asking later may help, and where
    the key is not accepted. Numbers with a point are left as they are written: no float touches an amount.
    """
    headers = {"Authorization": f"Bearer {settings.CHAPA_SECRET_KEY}"}
    try:
        response = _http().request(method, f"{settings.CHAPA_URL}{path}", headers=headers, json=body)
        if response.status_code in {401, 403, 408, 409, 429} or response.status_code >= 500:
            raise ProviderAway(f"Chapa answered {response.status_code}.")
        answer = json.loads(response.text, parse_float=str)
    except (httpx.TransportError, ValueError) as error:
        raise ProviderAway(f"Chapa does not answer: {type(error).__name__}.") from None
    if not isinstance(answer, dict):
        raise ProviderAway("Chapa's answer is not an object.")
    return response.is_success and answer.get("status") == "success", answer


def sign(body: bytes, *, secret: str) -> str:
    """HMAC-SHA256 of the body, in hexadecimal digits."""
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def check_signature(body: bytes, headers: Mapping[str, str]) -> None:
    """Against every active secret, so that secrets can be changed with an overlap. Either header counts, but only if it
    signs this body: that of the bare secret, which Chapa sends too, would fit any. Raises BadSignature.
    """
    given = [headers.get(name, "").encode() for name in SIGNATURE_HEADERS]
    expected = [sign(body, secret=secret).encode() for secret in settings.CHAPA_WEBHOOK_SECRETS]
    if not any(hmac.compare_digest(one, other) for one in given for other in expected):
        raise BadSignature("The signature does not match.")


# ── The provider's own side, for development ─────────────────────────────────────────────────────────────────────────


def tell(event: dict[str, Any]) -> bool:
    """Post a signed webhook to the merchant; did it answer 2xx?"""
    body = json.dumps(event).encode()
    signature = sign(body, secret=settings.CHAPA_WEBHOOK_SECRETS[0])
    headers = {SIGNATURE_HEADERS[0]: signature, "Content-Type": "application/json"}
    try:
        return _http().post(settings.CHAPA_WEBHOOK_URL, content=body, headers=headers).is_success
    except httpx.TransportError:
        return False
