"""A case: an invariant, and how to break it."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from databases import Databases
from story import Story

Injection = Callable[[Databases, Story], AbstractContextManager[str]]


@dataclass(frozen=True)
class Case:
    """`mends`: repair=1 puts it right."""

    invariant: str
    inject: Injection
    mends: bool


CASES: dict[str, Case] = {}


def case(invariant: str, *, mends: bool = False) -> Callable[[Callable[[Databases, Story], Iterator[str]]], Injection]:
    def add(function: Callable[[Databases, Story], Iterator[str]]) -> Injection:
        inject = contextmanager(function)
        CASES[function.__name__] = Case(invariant, inject, mends)
        return inject

    return add


def ago(**times: float) -> str:
    return (datetime.now(UTC) - timedelta(**times)).isoformat()
