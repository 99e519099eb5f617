"""The same requests beside ever more rows, in turn, so that whatever else the machine does slows all of them."""

import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median, quantiles
from typing import NamedTuple

from benchmarks.served import GUEST, Caller, Served
from fleet.client import Json

WARM_UP = 3
"""Rounds that nobody counts."""


class Request(NamedTuple):
    path: str
    caller: Caller = GUEST


@dataclass(frozen=True)
class Side:
    """A service beside so many rows; `groups` says what is asked in a round, by the round's number from 0."""

    served: Served
    groups: Mapping[str, Callable[[int], Sequence[Request]]]


def up_to(sizes: Sequence[int], most: int) -> list[int]:
    return [*(size for size in sizes if size < most), most]


def always(requests: Iterable[Request]) -> Callable[[int], Sequence[Request]]:
    """The same ones each round."""
    every = list(requests)
    return lambda _round: every


Taken = dict[str, dict[int, dict[str, list[float]]]]
"""Group → size → path → milliseconds."""


def in_turn(sides: Mapping[int, Side], rounds: int) -> Taken:
    """`sides` by their size; all have the same groups, with as many requests in each."""
    taken: Taken = defaultdict(lambda: defaultdict(lambda: defaultdict(list)))
    for number in range(WARM_UP + rounds):
        print(f"\rround {max(number - WARM_UP + 1, 0)} of {rounds} ", end="", file=sys.stderr, flush=True)
        for group in next(iter(sides.values())).groups:
            asked = {size: side.groups[group](number) for size, side in sides.items()}
            for place in range(len(next(iter(asked.values())))):
                for size, side in sides.items():
                    one = asked[size][place]
                    took = side.served.ask(one.path, one.caller)
                    if number >= WARM_UP:
                        taken[group][size][one.path].append(took)
    print(file=sys.stderr)
    return taken


def figures(taken: Taken) -> Json:
    """Group → p50 and p95 in milliseconds by the size, and what was slowest at the greatest, at the median."""
    found: Json = {}
    for group, sizes in taken.items():
        every = {size: [one for many in paths.values() for one in many] for size, paths in sizes.items()}
        last = sizes[max(sizes)]
        slowest = max(last, key=lambda path: median(last[path]))
        found[group] = {
            "p50": {str(size): round(median(many), 3) for size, many in every.items()},
            "p95": {str(size): round(quantiles(many, n=20)[18], 3) for size, many in every.items()},
            "slowest": {"path": slowest, "ms": round(median(last[slowest]), 3)},
        }
    return found


def table(found: Json) -> None:
    sizes = list(next(iter(found.values()))["p50"])
    print(f"{'milliseconds, medians':<44}" + "".join(f"{int(size):>12,}" for size in sizes) + f"{'rate':>8}")
    for group, told in found.items():
        took = "".join(f"{told['p50'][size]:>12.2f}" for size in sizes)
        print(f"{group:<44}{took}{rate(told):>8.2f}   slowest {told['slowest']['ms']:.1f}: {told['slowest']['path']}")


def rate(told: Json) -> float:
    """At the greatest size, as a share of that at the least."""
    took = list(told["p50"].values())
    return float(took[0] / took[-1])
