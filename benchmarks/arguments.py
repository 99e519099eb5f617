"""What a benchmark is asked for, read from the command line; what it does not know it says in one line."""

import argparse
from collections.abc import Iterable

from fleet import processes
from fleet.table import Table


def chosen(what: str | None, parts: Iterable[str]) -> list[str]:
    """Which parts to measure; without any, all of them."""
    return chosen_with(what, parts)[0]


def chosen_with(what: str | None, parts: Iterable[str], **usual: int) -> tuple[list[str], dict[str, int]]:
    """Which parts to measure; and `--name 100`, whole numbers above 0, those left out as usual."""
    known = list(parts)
    parser = argparse.ArgumentParser(description=what, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="part", help=f"of {', '.join(known)}; none: all")
    for name, number in usual.items():
        parser.add_argument(f"--{name}", type=_above_zero, default=number, help=f"usually {number:,}")
    told = vars(parser.parse_args())
    asked: list[str] = told.pop("parts")
    if unknown := [name for name in asked if name not in known]:
        parser.error(f"no such part: {', '.join(unknown)}; there are: {', '.join(known)}")
    return asked or known, told


def numbers(what: str | None, **usual: int) -> list[int]:
    """Whole numbers above 0, in this order; those left out are as usual."""
    parser = argparse.ArgumentParser(description=what, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, number in usual.items():
        parser.add_argument(name, nargs="?", type=_above_zero, default=number, help=f"usually {number:,}")
    return list(vars(parser.parse_args()).values())


def need(table: Table, *names: str) -> None:
    """What is measured runs, or one line says what to do."""
    running = processes.all_info(table.var)
    if missing := [name for name in names if name not in running]:
        raise SystemExit(f"{missing[0]} does not run; start the fleet with: make up")


def _above_zero(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError
    return number


_above_zero.__name__ = "whole number above 0"
