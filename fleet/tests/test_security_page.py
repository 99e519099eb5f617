"""docs/security.md names modules that exist and tests that exist."""

import ast
import re
from functools import cache

import pytest

from fleet.table import ROOT

TEXT = (ROOT / "docs" / "security.md").read_text()
PLACES = sorted(set(re.findall(r"`([\w./]+/[\w./]+?(?:::test_\w+)?)`", TEXT)))
"""Of what stands between back quotes, what looks like a path, with or without a test's name."""


@cache
def functions(path: str) -> set[str]:
    return {node.name for node in ast.parse((ROOT / path).read_text()).body if isinstance(node, ast.FunctionDef)}


def is_there(place: str) -> bool:
    path, _, name = place.partition("::")
    if not name:
        return (ROOT / path).exists() or (ROOT / f"{path}.py").is_file()
    return (ROOT / path).is_file() and name in functions(path)


@pytest.mark.parametrize("place", PLACES)
def test_what_the_page_names_is_there(place: str) -> None:
    assert is_there(place)


def test_a_test_that_is_gone_would_be_noticed() -> None:
    here = "fleet/tests/test_security_page.py"

    assert is_there(here)
    assert is_there(f"{here}::test_what_the_page_names_is_there")
    assert not is_there(f"{here}::test_that_nobody_wrote")
    assert not is_there("fleet/tests/test_of_nobody.py::test_that_nobody_wrote")


def test_every_risk_has_proofs() -> None:
    risks = re.split(r"^### ", TEXT.partition("## ASVS")[0], flags=re.MULTILINE)[1:]

    assert [risk.partition(":")[0] for risk in risks] == [f"API{n}" for n in range(1, 11)]
    assert [risk for risk in risks if "::test_" not in risk] == []
