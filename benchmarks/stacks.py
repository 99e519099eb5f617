"""What py-spy's collapsed stacks say: whose code it was, which functions, and a picture."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html import escape

from benchmarks.picture import INK, OWN, WIDTH
from fleet.table import ROOT

Stacks = Counter[tuple[str, ...]]
"""Frames from the outermost, each as `function (path)` → microseconds of processor time."""
_THREAD = re.compile(r"thread \((\d+)\)")
_FRAME = re.compile(r"(.+) \((.+?)(?::\d+)?\)$")
_PACKAGE = re.compile(r".*/(?:site|dist)-packages/(.+)")
LAYERS = {
    "django/db/models/": "Django's ORM: querysets, SQL, models",
    "django/db/": "Django's database layer",
    "psycopg": "psycopg and libpq",
    "rest_framework/": "REST framework",
    "django/": "Django: requests, middleware, the rest",
    "gunicorn/": "gunicorn",
    "redis/": "redis",
    "pika/": "pika",
    "pydantic": "pydantic",
    "argon2/": "Argon2",
    "jwt/": "tokens: PyJWT, cryptography",
    "cryptography/": "tokens: PyJWT, cryptography",
    "httpx/": "HTTP client",
    "httpcore/": "HTTP client",
    "h11/": "HTTP client",
    "pythonjsonlogger/": "logging",
}
"""How a path under site-packages begins → whose it is; the first that fits."""
OF_THE_LIBRARY = {
    "logging/": "logging",
    "json/": "json",
    "email/": "mail: email, smtplib",
    "smtplib": "mail: email, smtplib",
}
"""What of Python's library is counted by itself. The rest of it is counted to whoever called it."""
DEEPEST, NARROWEST, ROW = 60, 0.004, 15
"""Of a picture: frames on each other, the share of its width that is still drawn, and pixels of a frame."""


def read(text: str, spent: Mapping[int, float]) -> Stacks:
    """py-spy's raw format: a thread and its frames joined by semicolons, a space, a number of samples.

    They divide the milliseconds that their thread `spent`. How much that was they can't tell: who waits in the kernel
    often seems to hold the lock.
    """
    seen: dict[int, Stacks] = defaultdict(Stacks)
    for line in text.splitlines():
        stack, _space, count = line.rpartition(" ")
        thread, *frames = stack.split(";")
        if (known := _THREAD.match(thread)) and frames:
            seen[int(known[1])][tuple(frames)] += int(count)
    found = Stacks()
    for number, stacks in seen.items():
        each = spent.get(number, 0) * 1_000 / stacks.total()
        found.update({frames: round(count * each) for frames, count in stacks.items()})
    return +found


# ── Whose it is ──────────────────────────────────────────────────────────────────────────────────────────────────────


def layers(stacks: Stacks) -> Counter[str]:
    """Time by whose the innermost frame is."""
    found = Counter[str]()
    for stack, count in stacks.items():
        found[next(filter(None, (layer(frame) for frame in reversed(stack))), "Python itself")] += count
    return found


def layer(frame: str) -> str | None:
    """Our code by its module; None for what of Python's library helps others."""
    path = _path(frame)
    if package := _PACKAGE.match(path):
        of = package[1]
        return next((name for start, name in LAYERS.items() if of.startswith(start)), of.partition("/")[0])
    if path.startswith(f"{ROOT}/") and not path.startswith(f"{ROOT}/.venv/"):
        return _module(path)
    library = path.rpartition("/python3.")[2].partition("/")[2]
    return next((name for start, name in OF_THE_LIBRARY.items() if library.startswith(start)), None)


def _module(path: str) -> str:
    """`catalog_service.queries.cards`, whose folder is named twice: once for the service, once for its package."""
    parts = path.removeprefix(f"{ROOT}/").removesuffix(".py").removesuffix("/__init__").split("/")
    return ".".join(parts[1:] if len(parts) > 1 and parts[0] == parts[1] else parts)


def _path(frame: str) -> str:
    found = _FRAME.match(frame)
    return found[2] if found else ""


def name(frame: str) -> str:
    """`CursorWrapper.execute, django/db/backends/utils.py`"""
    found = _FRAME.match(frame)
    if not found:
        return frame
    function, path = found.groups()
    package = _PACKAGE.match(path)
    short = package[1] if package else path.removeprefix(f"{ROOT}/").rpartition("/python3.")[2]
    return f"{function}, {re.sub(r'^[0-9]+/', '', short)}"


# ── Which functions ──────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass
class Function:
    """Microseconds in which it was the innermost frame, and in which it was anywhere."""

    name: str
    own: int = 0
    inclusive: int = 0


def functions(stacks: Stacks) -> list[Function]:
    """The one whose own code took most first."""
    found: dict[str, Function] = {}
    for stack, count in stacks.items():
        names = [name(frame) for frame in stack]
        for one in set(names):
            found.setdefault(one, Function(one)).inclusive += count
        found[names[-1]].own += count
    return sorted(found.values(), key=lambda one: (-one.own, one.name))


def within(stacks: Stacks, function: str, path: str) -> int:
    """Microseconds in which a function of that name, defined in a file whose path ends so, was anywhere."""
    ends = f"{path})"
    return sum(
        count
        for stack, count in stacks.items()
        if any(f"{function} (" in frame and re.sub(r":\d+\)$", ")", frame).endswith(ends) for frame in stack)
    )


# ── A picture ────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass
class Node:
    """A frame below which others stand."""

    spent: int = 0
    calls: dict[str, "Node"] = field(default_factory=dict)


def flames(title: str, stacks: Stacks) -> str:
    """A flame graph, root on top: a frame is as wide as its share of the time. What is narrower is left out."""
    root = Node()
    for stack, count in stacks.items():
        root.spent += count
        node = root
        for frame in stack[:DEEPEST]:
            node = node.calls.setdefault(frame, Node())
            node.spent += count
    boxes = list(_boxes(root, root.spent, 0.0, 0))
    height = 30 + ROW * (1 + max((depth for depth, *_box in boxes), default=0))
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {2 * WIDTH} {height}" role="img" '
        f'aria-label="{escape(title)}" font-family="ui-monospace, monospace" font-size="9" fill="#fff">'
        f'<text x="0" y="16" font-size="14" fill="{INK}">{escape(title)}</text>'
    )
    return "\n".join([head, *(_drawn(*box) for box in boxes), "</svg>", ""])


def _boxes(node: Node, whole: int, left: float, depth: int) -> Iterator[tuple[int, float, float, str]]:
    """Depth, left edge and width as shares of the whole, frame."""
    for frame, called in sorted(node.calls.items()):
        share = called.spent / whole
        if share >= NARROWEST:
            yield depth, left, share, frame
            yield from _boxes(called, whole, left, depth + 1)
        left += share


def _drawn(depth: int, left: float, share: float, frame: str) -> str:
    x, y, width = 2 * WIDTH * left, 26 + ROW * depth, 2 * WIDTH * share
    told, short = escape(name(frame)), escape(name(frame).partition(",")[0][: int(width / 5.6)])
    colour = OWN if _path(frame).startswith(f"{ROOT}/") and "/.venv/" not in _path(frame) else "#8a8378"
    return (
        f'<g><title>{told} {share:.1%}</title><rect x="{x:.1f}" y="{y}" width="{max(width - 0.5, 0.5):.1f}" '
        f'height="{ROW - 1}" fill="{colour}"/><text x="{x + 2:.1f}" y="{y + 10}">{short}</text></g>'
    )
