"""A benchmark that calls itself inside a process that is one of the services."""

import json
import sys
from collections.abc import Callable, Mapping
from typing import Any

FLAG = "--inside"


def run(main: Callable[[], int], answers: Mapping[str, Callable[..., Any]]) -> int:
    """`main`, or what the named function answers to the numbers after its name, as a line of JSON."""
    if FLAG not in sys.argv:
        return main()
    import django

    django.setup()
    what, *given = sys.argv[sys.argv.index(FLAG) + 1 :]
    print(json.dumps(answers[what](*map(int, given))))
    return 0
