"""A benchmark that calls itself inside a process that is one of the services."""

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from typing import Any

from fleet.table import ROOT

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


def ask(module: str, variables: Mapping[str, str], what: str, *given: int) -> Any:
    """What the function named `what` answers, of a module that is started with `run`, in a process of its own."""
    command = [sys.executable, "-m", module, FLAG, what, *map(str, given)]
    done = subprocess.run(command, cwd=ROOT, env=variables, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])
