"""Rotation of the keys that sign access tokens, all its steps in their order, while the fleet runs.

prepare → NGINX reads the new key → a pause, so that everybody knows it → activate → (an access token's life) → retire

The keeper runs this module every hour: then a key that is SIGNING_KEY_DAYS old makes way for the next.
"""

import subprocess
import sys
import time

from fleet import environment, keys, nginx, table
from fleet.progress import Problem, complain, say
from fleet.table import Table

PAUSE_SECONDS = 3.0
"""NGINX's old workers end, and services look for new keys once a second."""
NOTHING = "nothing is due"


def rotate(table: Table) -> None:
    """From now on tokens are signed with a new key; those of the old one hold until they end."""
    with keys.locked(table.var / "run" / "rotation.lock"):
        retire(table)
        _change_over(table, _step(table, "--prepare"))
    say("after an access token's life: python3 -m fleet rotate-keys --retire")


def rotate_if_due(table: Table) -> bool:
    """As `rotate`, once the signing key is old enough, or when a rotation was interrupted. Otherwise NGINX forgets the
    keys that user_service has retired meanwhile. Answers whether tokens are signed with a new key now.
    """
    with keys.locked(table.var / "run" / "rotation.lock"):
        told = _step(table, "--prepare-if-due")
        if told != NOTHING:
            _change_over(table, told)
        elif not _nginx_knows_the_keys(table):
            nginx.reload(table)
    return told != NOTHING


def _change_over(table: Table, told: str) -> None:
    """A key that NGINX does not know must not sign: if it refuses to reload, this ends here, and goes on next time."""
    say(told)
    nginx.reload(table)
    time.sleep(PAUSE_SECONDS)
    say(_step(table, "--activate"))


def retire(table: Table) -> None:
    """Forget the keys whose last token has ended."""
    told = _step(table, "--retire")
    nginx.reload(table)
    say(told)


def _nginx_knows_the_keys(table: Table) -> bool:
    """Its configuration was rendered after the last key came or went."""
    rendered, published = table.var / "nginx" / "nginx.conf", table.var / "keys" / "jwt" / "public"
    return rendered.exists() and rendered.stat().st_mtime_ns >= published.stat().st_mtime_ns


def _step(table: Table, step: str) -> str:
    """`manage.py rotate_keys <step>`; what it says, without its advice about NGINX, which is followed here."""
    service = table.service("user_service")
    variables = {**environment.passed_on(), **environment.of(table, service)}
    command = [sys.executable, "manage.py", "rotate_keys", step]
    done = subprocess.run(command, cwd=service.folder, env=variables, capture_output=True, text=True)
    if done.returncode:
        raise Problem(f"rotate_keys {step}: {(done.stderr.strip().splitlines() or ['no output'])[-1]}")
    return done.stdout.partition(";")[0].strip()


def main() -> int:
    try:
        rotate_if_due(table.load())
    except Problem as problem:
        complain(str(problem.args[0]))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
