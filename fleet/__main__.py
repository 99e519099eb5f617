"""`python -m fleet <command>`: read the command line, make sure of the virtual environment, hand over."""

import argparse
import os
import sys

from fleet import bootstrap, table
from fleet.progress import Problem, complain


def main() -> int:
    options = parser().parse_args()
    try:
        page = table.load()
        bootstrap.ensure_venv(page)
        if not bootstrap.in_venv():
            bootstrap.continue_in_venv()
        return int(run(options, page) or 0)
    except (Problem, LookupError) as problem:
        complain(str(problem.args[0]))
        return 1
    except KeyboardInterrupt:
        return 130


def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="fleet", description="The whole fleet on one machine, without Docker.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    commands.add_parser("servers", help="start only PostgreSQL, Redis and RabbitMQ")
    commands.add_parser("down", help="stop exactly what was started")
    env = commands.add_parser("env", help="run a command in a service's folder with its environment")
    env.add_argument("--test", action="store_true", help="the environment for tests")
    env.add_argument("service")
    env.add_argument("arguments", nargs=argparse.REMAINDER, help="-- command …; none: print the environment")
    return parser


def run(options: argparse.Namespace, page: table.Table) -> int | None:
    """The modules are imported here, where the virtual environment is certain."""
    from fleet import inside, up

    match options.command:
        case "servers":
            return up.servers_only(page)
        case "down":
            return up.down(page)
        case "env":
            return inside.run(page, options.service, options.arguments, test=options.test)
    raise Problem(f"unknown command {options.command}")


if __name__ == "__main__":
    os.chdir(table.ROOT)
    sys.exit(main())
