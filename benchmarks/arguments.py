"""What a benchmark is asked for, read from the command line; what it does not know it says in one line."""

import argparse
from collections.abc import Iterable


def chosen(what: str | None, parts: Iterable[str]) -> list[str]:
    """Which parts to measure; without any, all of them."""
    known = list(parts)
    parser = argparse.ArgumentParser(description=what, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="part", help=f"of {', '.join(known)}; none: all")
    asked: list[str] = parser.parse_args().parts
    if unknown := [name for name in asked if name not in known]:
        parser.error(f"no such part: {', '.join(unknown)}; there are: {', '.join(known)}")
    return asked or known


def numbers(what: str | None, **usual: int) -> list[int]:
    """Whole numbers above 0, in this order; those left out are as usual."""
    parser = argparse.ArgumentParser(description=what, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, number in usual.items():
        parser.add_argument(name, nargs="?", type=_above_zero, default=number, help=f"usually {number:,}")
    return list(vars(parser.parse_args()).values())


def _above_zero(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError
    return number


_above_zero.__name__ = "whole number above 0"
