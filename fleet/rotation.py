"""Rotation of the keys that sign access tokens, all its steps in their order, while the fleet runs.

prepare → NGINX reads the new key → a pause, so that everybody knows it → activate → (an access token's life) → retire
"""

import subprocess
import sys
import time

from fleet import environment, keys, nginx
from fleet.progress import Problem, say
from fleet.table import Table

PAUSE_SECONDS = 3.0
"""NGINX's old workers end, and services look for new keys once a second."""


def rotate(table: Table) -> None:
    """From now on tokens are signed with a new key; those of the old one hold until they end."""
    with keys.locked(table.var / "run" / "rotation.lock"):
        retire(table)
        say(_step(table, "--prepare"))
        nginx.reload(table)
        time.sleep(PAUSE_SECONDS)
        say(_step(table, "--activate"))
    say("after an access token's life: python3 -m fleet rotate-keys --retire")


def retire(table: Table) -> None:
    """Forget the keys whose last token has ended."""
    told = _step(table, "--retire")
    nginx.reload(table)
    say(told)


def _step(table: Table, step: str) -> str:
    """`manage.py rotate_keys <step>`; what it says, without its advice about NGINX, which is followed here."""
    service = table.service("user_service")
    variables = {**environment.passed_on(), **environment.of(table, service)}
    command = [sys.executable, "manage.py", "rotate_keys", step]
    done = subprocess.run(command, cwd=service.folder, env=variables, capture_output=True, text=True)
    if done.returncode:
        raise Problem(f"rotate_keys {step}: {(done.stderr.strip().splitlines() or ['no output'])[-1]}")
    return done.stdout.partition(";")[0].strip()
