"""Text messages out, in the requests of Twilio's REST API (Messages, 2010-04-01); by default to the simulator of
api/simulator.py.
"""

from functools import lru_cache
from typing import Any

import httpx
from django.conf import settings

from notification_service.clients.away import Away, Undeliverable

VERSION = "2010-04-01"
_CURED_BY_WAITING = {401, 403, 408, 429}
"""Besides 5xx: wrong credentials are the operator's mistake, and no fault of the message."""


def send_sms(*, phone: str, body: str) -> str:
    """Hand a message over; answers the provider's id of it. The API knows no idempotency key: a sender killed between
    handing over and noting it sends it again. Errors never repeat the text. Raises Away, Undeliverable.
    """
    path = f"/{VERSION}/Accounts/{settings.SMS_ACCOUNT}/Messages.json"
    form = {"To": phone, "From": settings.SMS_FROM, "Body": body}
    credentials = (settings.SMS_ACCOUNT, settings.SMS_TOKEN)
    try:
        response = _http().post(f"{settings.SMS_URL}{path}", data=form, auth=credentials)
        answer = response.json()
    except (httpx.TransportError, ValueError) as error:
        raise Away(f"The text message service does not answer: {type(error).__name__}.") from None
    return _outcome(response.status_code, answer if isinstance(answer, dict) else {})


@lru_cache(maxsize=1)
def _http() -> httpx.Client:
    return httpx.Client(timeout=httpx.Timeout(settings.SMS_TIMEOUT_SECONDS, connect=2.0))


def _outcome(status: int, answer: dict[str, Any]) -> str:
    """A created message may have failed all the same: `status` and `error_code` say so."""
    if status >= 500 or status in _CURED_BY_WAITING:
        raise Away(f"The text message service answered {status}.")
    if status != 201:
        raise Undeliverable(f"The text message service answered {status}, error {answer.get('code')}.")
    if answer.get("error_code") or answer.get("status") in {"failed", "undelivered", "canceled"}:
        raise Undeliverable(f"The message is {answer.get('status')}, error {answer.get('error_code')}.")
    return str(answer.get("sid", ""))
