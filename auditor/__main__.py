"""`python -m auditor`: an audit now, or one every so often. Where the services are, the environment says.

Exit status 0: all is well (or was mended), 1: findings, 2: not all was looked at.
"""

import argparse
import logging
import os
import re
import signal
import sys
import threading
from datetime import timedelta
from pathlib import Path

from pythonjsonlogger.json import JsonFormatter

from auditor.clients import Fleet
from auditor.invariants import every_invariant
from auditor.pages import log_line, summary, table, write
from auditor.runs import STILL_SECONDS, Report, Tell, audit

log = logging.getLogger("nexus.auditor")
UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def main() -> int:
    options = parser().parse_args()
    try:
        fleet = Fleet.of_environment()
    except (KeyError, OSError) as error:
        print(f"auditor: the environment lacks {error}", file=sys.stderr)
        return 2
    if options.every is None:
        return at_once(fleet, options)
    return on_the_clock(fleet, options)


def at_once(fleet: Fleet, options: argparse.Namespace) -> int:
    """With its progress on the terminal's error output, and the findings on the other."""
    report = _audit(fleet, options, tell=lambda line: print(line, file=sys.stderr, flush=True))
    print(table(report))
    for line in report.gaps:
        print(f"auditor: {line}", file=sys.stderr)
    for file in write(report, options.folder) if options.folder else ():
        print(file)
    return report.status


def on_the_clock(fleet: Fleet, options: argparse.Namespace) -> int:
    """Until SIGTERM; a line of the log for each finding. The fleet that has just begun is left alone at first."""
    _log_json()
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    while not stopped.wait(options.every.total_seconds()):
        report = _audit(fleet, options)
        for finding in report.findings:
            named = {"about": finding.about, "repair": finding.invariant.repair}
            log.log(logging.INFO if finding.mended else logging.ERROR, log_line(finding), extra=named)
        for line in report.gaps:
            log.error(line)
        log.info(summary(report))
        if options.folder:
            write(report, options.folder)
    return 0


def _audit(fleet: Fleet, options: argparse.Namespace, tell: Tell = lambda _line: None) -> Report:
    chosen = {"still": options.still.total_seconds(), "since": options.since, "only": options.only}
    return audit(fleet, **chosen, repair=options.repair, tell=tell)


def _log_json() -> None:
    handler = logging.StreamHandler()
    names = {"asctime": "at", "levelname": "level", "name": "logger"}
    handler.setFormatter(JsonFormatter("{asctime} {levelname} {name} {message}", style="{", rename_fields=names))
    logging.basicConfig(level="INFO", handlers=[handler])
    logging.getLogger("httpx").setLevel("WARNING")


def duration(text: str) -> timedelta:
    """`90s`, `15m`, `6h`, `7d`."""
    found = re.fullmatch(r"([0-9]{1,6})([smhd])", text)
    if found is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no time such as 90s, 15m, 6h or 7d")
    return timedelta(**{UNITS[found[2]]: int(found[1])})


def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="auditor", description="Compares what the services say.")
    parser.add_argument("--repair", action="store_true", help="have mended what a service can mend safely")
    parser.add_argument(
        "--still", type=duration, default=timedelta(seconds=STILL_SECONDS), help="60s: what moves, waits"
    )
    parser.add_argument("--since", type=duration, help="only orders of this time, as 7d; the rest is always looked at")
    parser.add_argument(
        "--only", nargs="+", default=(), choices=[one.name for one in every_invariant()], metavar="NAME"
    )
    parser.add_argument("--every", type=duration, help="again and again, as 15m, with its findings in the log")
    parser.add_argument(
        "--folder", type=Path, default=os.environ.get("AUDIT_DIR"), help="for audit.json and audit.html"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
