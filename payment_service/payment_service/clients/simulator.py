"""The simulated provider, over HTTP, as a real one would be asked. Its other side is api/simulator.py."""

import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import httpx
from django.conf import settings

from payment_service.clients.events import read_event
from payment_service.clients.port import Charge, ChargeRequest, Record, RecordPage, Transfer
from payment_service.errors import BadSignature, ProviderAway
from shared.money import Money

SIGNATURE_HEADER = "Simulator-Signature"
TOLERANCE_SECONDS = 300


class Simulator:
    """Implements clients.port.Provider and KeepsRecords."""

    listed = frozenset({"charge", "refund", "payout"})

    def charge(self, request: ChargeRequest) -> Charge:
        body = {
            "minor": request.amount.minor,
            "currency": request.amount.currency,
            "token": request.token,
            "description": request.description,
            "expires_at": request.expires_at.isoformat(),
        }
        return _charge(_ask("POST", "/simulator/v1/charges", request.key, body))

    def look_up(self, reference: str) -> Charge:
        return _charge(_ask("GET", f"/simulator/v1/charges/{reference}"))

    def cancel(self, request: ChargeRequest, reference: str) -> Charge:
        return _charge(_ask("POST", "/simulator/v1/cancellations", request.key, {}))

    def refund(self, *, key: UUID, reference: str, amount: Money) -> Transfer:
        body = {"charge": reference, "minor": amount.minor, "currency": amount.currency}
        return _transfer(_ask("POST", "/simulator/v1/refunds", key, body))

    def pay_out(self, *, key: UUID, vendor_id: UUID, amount: Money) -> Transfer:
        body = {"recipient": str(vendor_id), "minor": amount.minor, "currency": amount.currency}
        return _transfer(_ask("POST", "/simulator/v1/payouts", key, body))

    def event_of(self, *, body: bytes, headers: Mapping[str, str]) -> tuple[str, dict[str, Any]]:
        check_signature(body, headers.get(SIGNATURE_HEADER, ""))
        try:
            event = read_event(body)
            return str(event["id"])[:200], event
        except KeyError:
            raise BadSignature("The event cannot be read.") from None

    def charge_in(self, event: dict[str, Any]) -> str:
        charge = event.get("charge")
        return charge if isinstance(charge, str) else ""

    def records(self, *, since: datetime, until: datetime, after: str) -> RecordPage:
        query = urlencode({"since": since.isoformat(), "until": until.isoformat(), "after": after})
        answer = _ask("GET", f"/simulator/v1/records?{query}")
        return RecordPage([_record(row) for row in answer["records"]], answer["next"])


@lru_cache(maxsize=1)
def _http() -> httpx.Client:
    return httpx.Client(timeout=httpx.Timeout(settings.PROVIDER_TIMEOUT_SECONDS, connect=1.0))


def _ask(method: str, path: str, key: UUID | None = None, body: dict[str, Any] | None = None) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {settings.SIMULATOR_API_KEY}"}
    if key:
        headers["Idempotency-Key"] = str(key)
    try:
        response = _http().request(method, f"{settings.SIMULATOR_URL}{path}", headers=headers, json=body)
        if not response.is_success:
            raise ProviderAway(f"The simulator answered {response.status_code}.")
        answer: dict[str, Any] = response.json()
    except (httpx.TransportError, ValueError) as error:
        raise ProviderAway(f"The simulator does not answer: {type(error).__name__}.") from None
    return answer


def _charge(answer: dict[str, Any]) -> Charge:
    taken = Money(answer["minor"], answer["currency"]) if answer["status"] == "succeeded" else None
    return Charge(answer["id"], answer["status"], answer.get("decline_code", ""), answer.get("url", ""), taken)


def _transfer(answer: dict[str, Any]) -> Transfer:
    return Transfer(answer["id"], answer["status"] == "succeeded", answer.get("reason", ""))


def _record(row: dict[str, Any]) -> Record:
    amount = Money(row["minor"], row["currency"])
    return Record(row["kind"], row["key"], row["id"], amount, datetime.fromisoformat(row["at"]))


def sign(body: bytes, *, secret: str, at: int) -> str:
    """`t=<unix seconds>,v1=<HMAC-SHA256 of "t.body">`, the scheme that Stripe made common."""
    digest = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"


def check_signature(body: bytes, header: str) -> None:
    """Against every active secret, so that secrets can be changed with an overlap. Raises BadSignature."""
    parts = dict(part.partition("=")[::2] for part in header.split(","))
    at = parts.get("t", "")
    if not (at.isascii() and at.isdigit() and len(at) <= 12):
        raise BadSignature("There is no signature.")
    expected = [sign(body, secret=secret, at=int(at)) for secret in settings.SIMULATOR_WEBHOOK_SECRETS]
    if not any(hmac.compare_digest(one.encode(), header.encode()) for one in expected):
        raise BadSignature("The signature does not match.")
    if abs(time.time() - int(at)) > TOLERANCE_SECONDS:
        raise BadSignature("The signature is too old or from the future.")


# ── The provider's own side ──────────────────────────────────────────────────────────────────────────────────────────


def tell(event: dict[str, str]) -> bool:
    """Post a signed webhook to the merchant; did it answer 2xx?"""
    body = json.dumps(event).encode()
    signature = sign(body, secret=settings.SIMULATOR_WEBHOOK_SECRETS[0], at=int(time.time()))
    headers = {SIGNATURE_HEADER: signature, "Content-Type": "application/json"}
    try:
        return _http().post(settings.SIMULATOR_WEBHOOK_URL, content=body, headers=headers).is_success
    except httpx.TransportError:
        return False
