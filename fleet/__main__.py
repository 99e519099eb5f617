"""`python -m fleet <command>`: read the command line, make sure of the virtual environment, hand over."""

import argparse
import os
import sys
import traceback
from collections.abc import Callable

from fleet import bootstrap, table
from fleet.progress import Problem, complain

COMMANDS: list[tuple[str, ...]] = [
    ("up", "start everything that does not run yet"),
    ("down", "stop exactly what was started"),
    ("status", "processes, health, restarts and memory"),
    ("logs", "follow the logs of a service, a process, or all", "service?"),
    ("servers", "start only PostgreSQL, Redis and RabbitMQ"),
    ("run", "run one service alone in the foreground, with the servers it needs", "service"),
    ("restart", "restart the processes of a service, or one process", "service"),
    ("reload", "let a service's web processes change to new code without refusing a request", "service"),
    ("scale", "more or fewer web instances of a service", "service", "instances"),
    ("reload-edge", "render NGINX's configuration again (new keys, new upstreams) and reload it"),
    ("rotate-keys", "sign access tokens with a new key from now on"),
    ("seed", "make the demo marketplace"),
    ("demo", "drive the main journey over the gateway and show each step"),
    ("audit", "compare what the services say, and name what does not agree"),
    ("projections", "make the copies that services keep of each other's rows what their owners say"),
    ("test", "run the tests of one service, or all", "service?"),
    ("drill", "do on purpose what could go wrong, and judge what came of it", "name"),
    ("drills", "all drills, and their report"),
    ("guards", "take each guard out of a copy of the code; its drill must find out", "drill?"),
    ("check", "lint, types, import rules, migrations, schemas"),
    ("messages", "who sends and who hears what"),
    ("postman", "write the API as a Postman collection", "file?"),
    ("new-service", "render a service from shared's template", "name"),
    ("settings", "write the settings the code reads into .env.example"),
    ("lock", "pin what requirements.in and the services ask for"),
    ("clean", "stop everything and delete all data"),
    ("provision", "migrations and queues of one service, or all", "service?"),
    ("env", "run a command in a service's folder with its environment"),
]
"""Name, which is a function of commands.py; explanation; positional arguments, optional ones with a question mark."""


LOOKING = ("down", "status", "logs")
"""Commands that leave `.venv` as it is: what runs was started from there."""


def main() -> int:
    options = parser().parse_args()
    try:
        page = table.load()
        if options.command in ("down", "status") and not bootstrap.PYTHON.exists():
            raise Problem("nothing runs; start it with: make up")
        if options.command not in LOOKING or not bootstrap.PYTHON.exists():
            bootstrap.ensure_venv(page)
        if not bootstrap.in_venv():
            bootstrap.continue_in_venv()
        from fleet import commands

        run: Callable[[table.Table, argparse.Namespace], int | None] = getattr(commands, options.command)
        return run(page, options) or 0
    except (Problem, LookupError) as problem:
        complain(str(problem.args[0]))
        return 1
    except BrokenPipeError:  # whoever read has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        complain(unexpected(error))
        return 1
    except KeyboardInterrupt:
        return 130


def unexpected(error: Exception) -> str:
    """One line; the traceback goes where it does not frighten anybody."""
    file = table.var_folder() / "log" / "launcher.log"
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a") as log:
        log.write("".join(traceback.format_exception(error)))
    return f"{type(error).__name__}: {error} (details in {file})"


def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="fleet", description="The whole fleet on one machine, without Docker.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    for name, explanation, *positional in COMMANDS:
        one = commands.add_parser(name, help=explanation, description=explanation)
        one.set_defaults(command=name.replace("-", "_"))
        for argument in positional:
            one.add_argument(argument.rstrip("?"), nargs="?" if argument.endswith("?") else None)
    _options_of_rotate_keys(commands.choices["rotate-keys"])
    _options_of_audit(commands.choices["audit"])
    commands.choices["projections"].add_argument("--check", action="store_true", help="compare only")
    _options_of_env(commands.choices["env"])
    for name in ("drill", "drills"):
        commands.choices[name].add_argument("--seed", type=int, help="to repeat a run; else one nobody has thought of")
        commands.choices[name].add_argument("--full", action="store_true", help="at the size its target is meant for")
    for name in ("drills", "guards"):
        commands.choices[name].add_argument("--keep", action="store_true", help="the report goes to docs/drills/")
    return parser


def _options_of_rotate_keys(command: argparse.ArgumentParser) -> None:
    rotate = command.add_mutually_exclusive_group()
    rotate.add_argument("--if-due", action="store_true", help="only when the signing key is old enough; hourly anyway")
    rotate.add_argument("--retire", action="store_true", help="only forget old keys whose last token has ended")


def _options_of_audit(command: argparse.ArgumentParser) -> None:
    command.add_argument("--repair", action="store_true", help="have mended what can be mended safely")
    command.add_argument("--still", default="60s", help="what was touched within this time is no finding yet")
    command.add_argument("--since", help="only orders of this time, as 7d; everything else is always looked at")


def _options_of_env(command: argparse.ArgumentParser) -> None:
    command.add_argument("--test", action="store_true", help="the environment for tests")
    command.add_argument("service")
    command.add_argument("arguments", nargs=argparse.REMAINDER, help="-- command …; none: print the environment")


if __name__ == "__main__":
    os.chdir(table.ROOT)
    sys.exit(main())
