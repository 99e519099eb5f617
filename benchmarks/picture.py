"""Figures as pictures: SVG that a README shows, in colours that also a page in the dark bears."""

from collections.abc import Sequence
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
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{title}" '
        f'font-family="system-ui, sans-serif" font-size="13" fill="{INK}">',
        f'<text x="0" y="18" font-size="16">{title}</text>',
    ]
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
