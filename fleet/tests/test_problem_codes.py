"""Every code a service refuses with has its page at the gateway, /problems/<code>."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from fleet.table import ROOT, load
from gateway.errors import CODES

SPOKEN_INSIDE = {"bad_api_key", "no_such_key"}
"""Never leaves the fleet: between services, in commands, or at the simulator's own API."""

FILES = [
    *(service.folder / service.name / "errors.py" for service in load().services),
    ROOT / "shared/shared/errors.py",
]


def codes(file: Path) -> Iterator[str]:
    """What is written `code = "…"` in the classes of a module."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Constant):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if any(isinstance(target, ast.Name) and target.id == "code" for target in targets):
                yield str(node.value.value)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.parent.name)
def test_the_gateway_explains_every_code(file: Path) -> None:
    assert sorted(set(codes(file)) - CODES.keys() - SPOKEN_INSIDE - {"refused"}) == []
