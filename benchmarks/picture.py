"""Figures as pictures: SVG that a README shows, in colours that also a page in the dark bears."""

from collections.abc import Mapping, Sequence
from math import log10
from typing import NamedTuple

WIDTH, LABEL, BAR, GAP = 720, 110, 16, 14
OWN, OTHER, INK = "#2f6f4f", "#b9b3a7", "#6b6660"


class Pair(NamedTuple):
    """What was measured here, beside what was elsewhere."""

    name: str
    own: float
    other: float


def pairs(title: str, names: tuple[str, str], shown: Sequence[Pair]) -> str:
    """Two bars each, as long as their share of the longer one: kinds differ by a hundred times."""
    height = 70 + len(shown) * (2 * BAR + GAP)
    parts = _begun(title, height)
    for place, (name, colour) in enumerate(zip(names, (OWN, OTHER), strict=True)):
        x = LABEL + place * 110
        parts.append(
            f'<rect x="{x}" y="30" width="12" height="12" fill="{colour}"/><text x="{x + 18}" y="41">{name}</text>'
        )
    for row, pair in enumerate(shown):
        y = 56 + row * (2 * BAR + GAP)
        parts.append(f'<text x="0" y="{y + BAR + 4}">{pair.name}</text>')
        for place, (value, colour) in enumerate(((pair.own, OWN), (pair.other, OTHER))):
            length = (WIDTH - LABEL - 80) * value / max(pair.own, pair.other)
            top = y + place * BAR
            parts.append(f'<rect x="{LABEL}" y="{top}" width="{length:.1f}" height="{BAR - 2}" fill="{colour}"/>')
            parts.append(f'<text x="{LABEL + length + 6:.1f}" y="{top + 12}">{value:,.0f}</text>')
    return "\n".join([*parts, "</svg>", ""])


def _begun(title: str, height: int) -> list[str]:
    return [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{title}" '
        f'font-family="system-ui, sans-serif" font-size="13" fill="{INK}">',
        f'<text x="0" y="18" font-size="16">{title}</text>',
    ]


CHART_WIDTH, CHART_HEIGHT, COLUMNS = 200, 90, 3


def curves(title: str, shown: Mapping[str, Mapping[int, float]]) -> str:
    """A small chart each: sizes, ten times more a step, and what was found there, from 0 on."""
    rows = -(-len(shown) // COLUMNS)
    parts = _begun(title, 40 + rows * (CHART_HEIGHT + 62))
    for place, (name, points) in enumerate(shown.items()):
        left, top = 6 + place % COLUMNS * (WIDTH // COLUMNS), 48 + place // COLUMNS * (CHART_HEIGHT + 62)
        parts.append(f'<g transform="translate({left} {top})">{_chart(name, points)}</g>')
    return "\n".join([*parts, "</svg>", ""])


def _chart(name: str, points: Mapping[int, float]) -> str:
    sizes = sorted(points)
    most = 1.2 * max(points.values())
    steps = [log10(max(size, sizes[1] // 10 if len(sizes) > 1 else 1)) for size in sizes]
    width = max(steps) - min(steps) or 1
    at = [
        ((step - min(steps)) / width * CHART_WIDTH, CHART_HEIGHT * (1 - points[size] / most))
        for step, size in zip(steps, sizes, strict=True)
    ]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in at)
    parts = [
        f'<text x="0" y="-8">{name}</text>',
        f'<path d="M0 0V{CHART_HEIGHT}H{CHART_WIDTH}" fill="none" stroke="{OTHER}"/>',
        f'<polyline points="{line}" fill="none" stroke="{OWN}" stroke-width="2"/>',
    ]
    for (x, y), size in zip(at, sizes, strict=True):
        anchor = "start" if x == 0 else "end" if x == CHART_WIDTH else "middle"
        parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{OWN}"/>')
        for told, below in ((f"{points[size]:.3g}", y - 6), (_short(size), CHART_HEIGHT + 16)):
            parts.append(f'<text x="{x:.1f}" y="{below:.1f}" font-size="11" text-anchor="{anchor}">{told}</text>')
    return "".join(parts)


def _short(size: int) -> str:
    for unit, name in ((1_000_000, "m"), (1_000, "k")):
        if size >= unit:
            return f"{size / unit:g}{name}"
    return str(size)
