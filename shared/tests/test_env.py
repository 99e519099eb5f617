"""Settings that cannot be used are refused with one clear line."""

from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from shared import env


@pytest.mark.parametrize(
    ("given", "minor"),
    [
        ("", {}),
        ("USD=10.00", {"USD": 1_000}),
        (" USD = 10 , JPY=1000,KWD=0.001", {"USD": 1_000, "JPY": 1_000, "KWD": 1}),
    ],
)
def test_amounts_are_minor_units_by_currency(monkeypatch: Any, given: str, minor: dict[str, int]) -> None:
    monkeypatch.setenv("LIMIT", given)

    assert env.amounts("LIMIT", "EUR=1.00") == minor


def test_shares_are_basis_points_by_what_they_are_of(monkeypatch: Any) -> None:
    monkeypatch.setenv("RATES", " DE=1900, GB = 2000,")

    assert env.shares("RATES", "") == {"DE": 1_900, "GB": 2_000}


@pytest.mark.parametrize("given", ["1900", "DE", "DE=", "DE=-1", "DE=10001", "DE=19.5", "=5", "DE=1=2"])
def test_shares_that_are_none_are_refused_by_name(monkeypatch: Any, given: str) -> None:
    monkeypatch.setenv("RATES", given)

    with pytest.raises(ImproperlyConfigured, match="RATES is"):
        env.shares("RATES", "")


@pytest.mark.parametrize("given", ["10.00", "USD", "USD=", "USD=1.001", "XXX=1", "USD=1=2", "USD=a"])
def test_amounts_that_are_none_are_refused_by_name(monkeypatch: Any, given: str) -> None:
    monkeypatch.setenv("LIMIT", given)

    with pytest.raises(ImproperlyConfigured, match="LIMIT is"):
        env.amounts("LIMIT", "")
