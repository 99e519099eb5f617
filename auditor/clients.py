"""Asking the services, each with a token for itself. Nothing here is written anywhere: services answer and mend."""

import os
import time
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from shared.auth import signed

NAME = "auditor"
SERVICES = ("user", "catalog", "cart", "order", "vendor", "payment", "notification")
PAGE = 500
AT_ONCE = 100
TRIES, PAUSE_SECONDS = 3, 1.0
TIMEOUT = httpx.Timeout(60.0, connect=2.0)
"""A service proves its whole ledger by one statement."""
Row = Mapping[str, Any]


class Unanswered(Exception):
    """A service could not be asked; `args` say which and why."""


@dataclass
class Fleet:
    """Where the services answer, by short name, and the auditor's private key (PEM)."""

    urls: Mapping[str, str]
    key: str = field(repr=False)
    _client: httpx.Client = field(
        default_factory=lambda: httpx.Client(timeout=TIMEOUT, trust_env=False), init=False, repr=False
    )

    @classmethod
    def of_environment(cls) -> "Fleet":
        """ORDER_URL and the others, SERVICE_KEY_FILE. Raises KeyError naming what is missing."""
        urls = {name: os.environ[f"{name.upper()}_URL"] for name in SERVICES}
        return cls(urls, Path(os.environ["SERVICE_KEY_FILE"]).read_text())

    def rows(self, service: str, topic: str, after: str | None = None) -> Iterator[Row]:
        """All, or those after an id, in the order of their ids; a page of them is held at a time. Raises Unanswered."""
        while True:
            params = {"limit": PAGE, **({"after": after} if after else {})}
            answer = self._ask(service, "GET", f"rows/{topic}", params=params)
            yield from answer["rows"]
            after = answer["upto"]
            if after is None:
                return

    def rows_of(self, service: str, topic: str, ids: Collection[str]) -> dict[str, Row]:
        """Those of these ids that there are. Raises Unanswered."""
        found: dict[str, Row] = {}
        for some in _batches(ids):
            rows = self._ask(service, "POST", f"rows/{topic}", json={"ids": some})["rows"]
            found |= {row["id"]: row for row in rows}
        return found

    def broken(self, service: str, check: str) -> list[str]:
        """What a service finds by itself. Raises Unanswered."""
        return list(self._ask(service, "GET", f"checks/{check}")["broken"])

    def mend(self, service: str, name: str, ids: Collection[str]) -> int:
        """Answers how many were mended. Raises Unanswered."""
        answers = [self._ask(service, "POST", f"repairs/{name}", json={"ids": some}) for some in _batches(ids)]
        return sum(int(answer["mended"]) for answer in answers)

    def _ask(self, service: str, method: str, path: str, **kwargs: Any) -> dict[str, Any]:
        """A service that changes to new code is asked again. Raises Unanswered."""
        for _try in range(TRIES - 1):
            try:
                return self._once(service, method, path, **kwargs)
            except _Away:
                time.sleep(PAUSE_SECONDS)
        try:
            return self._once(service, method, path, **kwargs)
        except _Away as error:
            raise Unanswered(f"{service} could not be asked for {path}: {error}") from None

    def _once(self, service: str, method: str, path: str, **kwargs: Any) -> dict[str, Any]:
        """Raises _Away, which may pass, or Unanswered, which does not."""
        headers = {"Authorization": f"Bearer {signed(service, by=NAME, key=self.key)}"}
        url = f"{self.urls[service]}/internal/audit/{path}"
        try:
            response = self._client.request(method, url, headers=headers, **kwargs)
        except httpx.TransportError as error:
            raise _Away(f"{type(error).__name__}: {error}") from None
        if response.status_code in {429, *range(500, 600)}:
            raise _Away(f"it answers {response.status_code}")
        if response.status_code != 200:
            raise Unanswered(f"{service} could not be asked for {path}: it answers {response.status_code}")
        answer: dict[str, Any] = response.json()
        return answer


class _Away(Exception):
    pass


def _batches(ids: Collection[str]) -> Iterator[list[str]]:
    every = sorted(ids)
    for start in range(0, len(every), AT_ONCE):
        yield every[start : start + AT_ONCE]
