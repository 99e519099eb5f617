"""The auditor's invariants, held against services that share one process: asked as over HTTP, a few rows at a time."""

import json
from collections.abc import Collection, Iterator
from importlib import import_module
from typing import Any
from uuid import UUID

from rest_framework.renderers import JSONRenderer
from world import serving

import auditor
from auditor.clients import Row
from auditor.invariants import every_invariant
from shared.evidence import OF_ALL, Page, as_told

PAGE = 3
BY_THE_CLOCK = {"reports_say_what_orders_say", "an_open_order_ends"}
"""Nobody plays the clock of order here."""
AT_THE_BROKER = {"no_message_is_given_up"}
"""There is none here, and no worker that counts what is dead at it: `World.dead` has what was given up on."""
MADE_UP = {"a_vendor_that_is_known_is_there", "who_is_known_has_an_account"}
"""Vendors and buyers are told of by nobody but the test."""


class InOneProcess(auditor.Fleet):
    """A fleet that is asked without a wire."""

    def __init__(self) -> None:
        super().__init__(urls={}, key="")

    def rows(self, service: str, topic: str, after: str | None = None) -> Iterator[Row]:
        while True:
            rows = _asked(service, topic, Page(limit=PAGE, after=UUID(after) if after else None))
            yield from rows
            if len(rows) < PAGE:
                return
            after = rows[-1]["id"]

    def rows_of(self, service: str, topic: str, ids: Collection[str]) -> dict[str, Row]:
        return {row["id"]: row for row in _asked(service, topic, Page(ids=tuple(map(UUID, ids))))}

    def broken(self, service: str, check: str) -> list[str]:
        with serving(service):
            return list({**OF_ALL, **_evidence(service).CHECKS}[check]())


def _asked(service: str, topic: str, page: Page) -> list[dict[str, Any]]:
    with serving(service):
        told = [as_told(row) for row in _evidence(service).TOPICS[topic](page)]
    rows: list[dict[str, Any]] = json.loads(JSONRenderer().render(told))
    return rows


def _evidence(service: str) -> Any:
    return import_module(f"{service}_service.queries.evidence")


def check_consistency() -> None:
    """Once everything has been heard."""
    names = {invariant.name for invariant in every_invariant()} - BY_THE_CLOCK - AT_THE_BROKER - MADE_UP
    found = auditor.run(InOneProcess(), still=0, only=names)
    assert found == [], [finding.as_json() for finding in found]
