"""No float in the money path: where amounts are made, added, shared out, sent and booked, numbers are whole or Decimal.

Read from the syntax of each module, so that no figure has to go wrong first.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from fleet.table import ROOT

MONEY_PATH = [
    "shared/shared/money.py",
    "shared/shared/contracts",
    "order_service/order_service",
    "payment_service/payment_service",
    "vendor_service/vendor_service",
    "cart_service/cart_service",
    "catalog_service/catalog_service/models/products.py",
    "catalog_service/catalog_service/models/prices.py",
    "catalog_service/catalog_service/actions/variants.py",
    "catalog_service/catalog_service/actions/rates.py",
]
NO_MONEY = {
    "order_service/order_service/queries/paper.py": {"Paper", "LABEL"},
    "order_service/order_service/queries/timeline.py": {"Happening", "_sent", "_heard"},
    "order_service/order_service/admin/orders.py": {"_took"},
    "order_service/order_service/api/orders.py": {"HappeningShape"},
    "payment_service/payment_service/clients/simulator.py": {"_http"},
    "vendor_service/vendor_service/queries/dashboard.py": {"_counted"},
    "vendor_service/vendor_service/api/dashboard.py": {"rating"},
    "cart_service/cart_service/clients.py": {"PATIENCE_SECONDS"},
    "cart_service/cart_service/models/store.py": {"TIMEOUT_SECONDS"},
    "cart_service/cart_service/models/abandoned.py": {"left_before"},
    "catalog_service/catalog_service/models/products.py": {"rate"},
}
"""Classes, functions and constants with floats that are millimetres, seconds or stars."""
FLOAT_MAKERS = {"float", "round", "fsum", "fmean", "sqrt", "FloatField", "FloatRange", "Avg", "StdDev", "Variance"}
"""`round` too: of a Decimal it goes to the even neighbour, of a float to whatever it stands for."""


def modules() -> list[Path]:
    found: list[Path] = []
    for name in MONEY_PATH:
        place = ROOT / name
        found += sorted(place.rglob("*.py")) if place.is_dir() else [place] if place.exists() else []
    return [file for file in found if "migrations" not in file.parts]


def floats(tree: ast.AST, but_for: frozenset[str] | set[str] = frozenset()) -> Iterator[str]:
    """Line and reason of whatever is, makes or asks for a float, outside what has one of these names."""
    for node in ast.iter_child_nodes(tree):
        if _names(node) & but_for:
            continue
        if reason := _reason(node):
            yield f"line {getattr(node, 'lineno', '?')}: {reason}"
        yield from floats(node, but_for)


def _names(node: ast.AST) -> set[str]:
    match node:
        case ast.FunctionDef(name=name) | ast.ClassDef(name=name) | ast.AnnAssign(target=ast.Name(id=name)):
            return {name}
        case ast.Assign(targets=targets):
            return {target.id for target in targets if isinstance(target, ast.Name)}
    return set()


def _reason(node: ast.AST) -> str:
    match node:
        case ast.Constant(value=float() | complex()):
            return f"the number {node.value}"
        case ast.BinOp(op=ast.Div(), left=left, right=right) if not _is_path(left) and not _is_path(right):
            return "a true division"
        case ast.AugAssign(op=ast.Div()):
            return "a true division"
        case ast.Name(id=name) | ast.Attribute(attr=name) if name in FLOAT_MAKERS:
            return name
        case ast.BinOp(op=ast.Pow(), right=ast.UnaryOp(op=ast.USub())):
            return "a negative power"
    return ""


def _is_path(node: ast.AST) -> bool:
    """`FOLDER / "name"`: only a text divides so."""
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))


@pytest.mark.parametrize("file", modules(), ids=lambda file: str(file.relative_to(ROOT)))
def test_no_float_touches_an_amount(file: Path) -> None:
    but_for = NO_MONEY.get(str(file.relative_to(ROOT)), set())

    assert list(floats(ast.parse(file.read_text()), but_for)) == []


def test_what_is_said_to_be_no_money_is_there_and_has_floats() -> None:
    for file, names in NO_MONEY.items():
        tree = ast.parse((ROOT / file).read_text())
        for name in names:
            assert len(list(floats(tree, names - {name}))) > 0, f"{name} of {file}"


@pytest.mark.parametrize(
    "code",
    [
        "x = 0.1", "x = 1e3", "x = a / b", "x /= 2", "x = float(a)", "x: float = a", "def f(a: float): ...",
        "x = round(a, 2)", "x = models.FloatField()", "x = 10 ** -2", "x = list[float]", "x = Avg('minor')",
        "x = math.fsum(a)", "x = map(float, a)",
    ],
)  # fmt: skip
def test_the_check_finds_what_it_looks_for(code: str) -> None:
    assert list(floats(ast.parse(code))) != []


def test_the_money_path_is_not_empty() -> None:
    assert len(modules()) > 150
