"""What still works while something is away: degradation.json is written by a drill that stops each thing in turn."""

import json
from functools import cache
from pathlib import Path
from typing import NamedTuple

_FILE = Path(__file__).parents[1] / "degradation.json"


class Away(NamedTuple):
    """A service or a server: how many routes do not notice, which are answered from before, and which not now."""

    name: str
    works: int
    recent: list[str]
    later: list[str]

    @property
    def lists(self) -> tuple[list[str], list[str]]:
        return self.recent, self.later


@cache
def policy() -> list[Away]:
    told = json.loads(_FILE.read_text())
    return [_away(name, told["routes"]) for name in told["dependencies"]]


def _away(name: str, routes: dict[str, dict[str, str]]) -> Away:
    recent = [route for route, words in routes.items() if words.get(name) == "recent"]
    later = [route for route, words in routes.items() if words.get(name) == "later"]
    return Away(name, len(routes) - len(recent) - len(later), recent, later)
