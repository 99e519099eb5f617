"""A plain client of the gateway, as a front end would write one: for the demonstration, the tests, the drills."""

import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

from fleet.table import Table

WAIT_SECONDS = 20.0
_CODE = re.compile(r"\b(\d{6})\b")
Json = dict[str, Any]


class Unexpected(AssertionError):
    """The gateway answered otherwise than it should have."""


@dataclass
class Person:
    """Somebody at the gateway: a guest until `login`."""

    http: httpx.Client
    mail: Path
    email: str = ""
    password: str = ""
    access: str | None = None
    refresh_token: str | None = None
    cart_token: str | None = None
    user: Json = field(default_factory=dict)

    def ask(
        self, method: str, path: str, *, expect: int | tuple[int, ...] | None = None, **kwargs: Any
    ) -> httpx.Response:
        """A request under /api/v1 (or an absolute path); `expect` names the statuses that are right."""
        headers = {name: value for name, value in self._headers().items() if value} | kwargs.pop("headers", {})
        url = path if path.startswith("/") else f"/api/v1/{path}"
        response = self.http.request(method, url, headers=headers, **kwargs)
        self.cart_token = response.headers.get("X-Cart-Token", self.cart_token)
        statuses = (expect,) if isinstance(expect, int) else expect
        if statuses and response.status_code not in statuses:
            raise Unexpected(f"{method} {url}: {response.status_code}, not {expect}: {response.text[:500]}")
        return response

    def get(self, path: str, **kwargs: Any) -> Json:
        body: Json = self.ask("GET", path, expect=200, **kwargs).json()
        return body

    def post(
        self, path: str, body: Any = None, *, expect: int | tuple[int, ...] = (200, 201, 202), **kwargs: Any
    ) -> Json:
        headers = {"Idempotency-Key": str(uuid4())} | kwargs.pop("headers", {})
        response = self.ask(
            "POST", path, json=body if body is not None else {}, expect=expect, headers=headers, **kwargs
        )
        answer: Json = response.json() if response.content else {}
        return answer

    def register(self, first_name: str, last_name: str) -> Json:
        """Register, take the code from the mail, verify, log in."""
        body = {"email": self.email, "password": self.password, "password_confirm": self.password}
        registered = self.post("auth/register", {**body, "first_name": first_name, "last_name": last_name}, expect=201)
        code = _CODE.search(self.wait_for_mail("code"))
        assert code, "the mail has no six-digit code"
        self.post("auth/verify-email", {"email": self.email, "code": code.group(1)}, expect=200)
        self.login()
        return registered

    def login(self) -> Json:
        self.access = None
        answer = self.post("auth/login", {"email": self.email, "password": self.password}, expect=200)
        self.access, self.refresh_token, self.user = answer["access"], answer["refresh"], answer["user"]
        return answer

    def refresh(self) -> None:
        """Without the access token, which may have expired: the edge refuses a bad one everywhere."""
        self.access = None
        answer = self.post("auth/refresh", {"refresh": self.refresh_token}, expect=200)
        self.access, self.refresh_token = answer["access"], answer["refresh"]

    def mails(self) -> list[str]:
        """Texts of the mails to this address, subject first, oldest first. Of thousands only these are parsed."""
        sent = [path.read_bytes() for path in sorted(self.mail.glob("*"), key=lambda path: path.stat().st_mtime)]
        mails = [message_from_bytes(mail, policy=policy.default) for mail in sent if self.email.encode() in mail]
        return [_text(mail) for mail in mails if self.email in str(mail["To"])]

    def wait_for_mail(self, containing: str) -> str:
        text: str = wait_for(
            lambda: next((text for text in reversed(self.mails()) if containing.lower() in text.lower()), None),
            f"a mail to {self.email} with {containing!r}",
        )
        return text

    def _headers(self) -> dict[str, str | None]:
        return {"Authorization": f"Bearer {self.access}" if self.access else None, "X-Cart-Token": self.cart_token}


def _text(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    return f"{mail['Subject']}\n{body.get_content() if body else ''}"


def wait_for(look: Callable[[], Any], what: str, seconds: float = WAIT_SECONDS) -> Any:
    """Look until there is something; what other processes do can only be seen by looking."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if found := look():
            return found
        time.sleep(0.05)
    raise Unexpected(f"waited {seconds:g} s in vain for {what}")


@dataclass(frozen=True)
class Market:
    """The running fleet as its clients know it: a URL, and the accounts of the demo marketplace."""

    gateway: str
    accounts: Json
    mail: Path

    @classmethod
    def at(cls, table: Table) -> "Market":
        """Where the fleet answers now, whichever ports it had when the marketplace was made."""
        demo = json.loads((table.var / "demo.json").read_text())
        return cls(table.public_url, demo["accounts"], table.var / "mail")

    def guest(self) -> Person:
        return Person(httpx.Client(base_url=self.gateway, timeout=30), self.mail)

    def newcomer(self, name: str) -> Person:
        """Somebody who has not registered yet: an own address, and a password that is too long to look like it."""
        person = self.guest()
        person.email, person.password = f"{name}-{uuid4().hex[:10]}@example.com", f"Quiet-{uuid4().hex}"
        return person

    def account(self, role: str) -> Person:
        """`admin`, `vendor` or `customer` of the demo marketplace, logged in."""
        person = self.guest()
        person.email, person.password = self.accounts[role]["email"], self.accounts[role]["password"]
        person.login()
        return person
