"""Where the processor time of the ten hottest paths goes: py-spy looks at their processes while they are under load.

    .venv/bin/python -m benchmarks.profiles [seconds]        the fleet runs here and is idle

Requests go to one web process each (benchmarks/typical.py); for workers, complete checkouts go over the gateway. py-
spy says who holds the interpreter's lock, thread by thread, and the kernel how much processor time each thread took:
that is what its samples stand for, with what C does without the lock (hashing, sockets). Writes
benchmarks/profiles.md, with what benchmarks/profiles.toml says of each path, and a flame graph of each in
benchmarks/results/profiles/. Whoever may not look into others' processes has to be root.
"""

import subprocess
import sys
import tempfile
import textwrap
import threading
import time
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from benchmarks import checkouts, processor, stacks, typical
from benchmarks.arguments import need, numbers
from benchmarks.shop import machine
from fleet.client import Market
from fleet.table import ROOT, Table, load

SECONDS, RATE = 20, 250
ORDERS_EACH = 16
"""At a time, as long as anybody looks."""
PATHS, PAGE = ROOT / "benchmarks" / "profiles.toml", ROOT / "benchmarks" / "profiles.md"
FOLDER = ROOT / "benchmarks" / "results" / "profiles"
PY_SPY = Path(sys.executable).with_name("py-spy")
HEAVIEST, LEAST = 10, 0.01
NAMED = {
    "the quota": ("spend", "shared/throttling.py"),
    "who asks: the token": ("user_of", "shared/auth.py"),
    "reading what was sent": ("read", "shared/http.py"),
    "the log line of a request": ("_log", "shared/http.py"),
    "ORM: making SQL": ("as_sql", "django/db/models/sql/compiler.py"),
    "ORM: chaining querysets": ("_chain", "django/db/models/query.py"),
    "ORM: models of rows": ("__iter__", "django/db/models/query.py"),
    "ORM: saving": ("save", "django/db/models/base.py"),
    "statements, until their rows are there": ("execute", "django/db/backends/utils.py"),
    "the inbox, with the handler": ("handle", "shared/inbox.py"),
    "the relay": ("run", "shared/rabbit/relay.py"),
    "the clock's jobs": ("run_once", "shared/clock.py"),
}
"""What is told with all it calls: function, and how its file's path ends."""


@dataclass(frozen=True)
class HotPath:
    """A kind of request or a worker, and by hand what was done about where its time goes."""

    name: str
    title: str
    done: str
    picture: str

    @classmethod
    def all(cls) -> dict[str, list["HotPath"]]:
        """`request` and `worker` → those of profiles.toml."""
        table = tomllib.loads(PATHS.read_text())
        ends = {"request": "", "worker": "-worker"}
        return {
            kind: [
                cls(row["name"], row["title"], row["done"].strip(), f"{row['name']}{end}.svg") for row in table[kind]
            ]
            for kind, end in ends.items()
        }


@dataclass(frozen=True)
class Profile:
    """Where the time of a path went; `spent`: all milliseconds of its process, `cores`: how many processors it had."""

    path: HotPath
    found: stacks.Stacks
    spent: float
    cores: float

    @property
    def whole(self) -> float:
        """Microseconds."""
        return max(self.spent * 1_000, self.found.total(), 1)


def main() -> int:
    (seconds,) = numbers(__doc__, seconds=SECONDS)
    table = load()
    need(table, "nginx")
    market = Market.at(table)
    paths, profiles = HotPath.all(), list[Profile]()
    with typical.requests(table, market) as requests:
        known = {request.name: request for request in requests}
        for path in paths["request"]:
            print(f"{path.title}, {seconds} s", flush=True)
            profiles.append(of_request(table, path, known[path.name], seconds))
    with checkouts.stall(market) as variants:
        print(f"{len(paths['worker'])} workers, {seconds} s of checkouts", flush=True)
        place = partial(checkouts.place_all, table, market, variants, ORDERS_EACH)
        programs = {path: f"{table.service(path.name).name}-worker" for path in paths["worker"]}
        place()
        profiles += look(table, programs, seconds, meanwhile=place)
    write(profiles, seconds)
    return 0


# ── Looking ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def of_request(table: Table, path: HotPath, request: typical.Request, seconds: float) -> Profile:
    """The load is there a second earlier than who looks, and stays a second longer."""
    send = request.prepare(seconds + 2)
    sending = threading.Thread(target=send, args=[seconds + 2])
    sending.start()
    time.sleep(1)
    [profile] = look(table, {path: request.process}, seconds)
    sending.join()
    return profile


def look(
    table: Table, programs: dict[HotPath, str], seconds: float, *, meanwhile: Callable[[], object] | None = None
) -> list[Profile]:
    """py-spy at each program's youngest process, which does the work; `meanwhile` goes on as long as one looks."""
    pids = {path: processor.pids(program, table.var)[-1:] for path, program in programs.items()}
    if missing := [programs[path] for path, pid in pids.items() if not pid]:
        raise SystemExit(f"{', '.join(missing)} does not run; start the fleet with: make up")
    with tempfile.TemporaryDirectory() as folder:
        files = {path: Path(folder) / f"{path.name}.txt" for path in programs}
        before, begun = {path: processor.threads(pid) for path, [pid] in pids.items()}, time.perf_counter()
        spying = [spy(pids[path][0], seconds, file) for path, file in files.items()]
        while meanwhile and any(one.poll() is None for one in spying):
            meanwhile()
        for one in spying:
            if one.communicate() and one.returncode:
                raise SystemExit(f"py-spy could not look: exit status {one.returncode}; it has to be root here")
        took = (time.perf_counter() - begun) * 1_000
        profiles = []
        for path, [pid] in pids.items():
            spent = {one: ms - before[path].get(one, 0.0) for one, ms in processor.threads(pid).items()}
            found, whole = stacks.read(files[path].read_text(), spent), sum(spent.values())
            profiles.append(Profile(path, found, whole, whole / took))
        return profiles


def spy(pid: int, seconds: float, file: Path) -> "subprocess.Popen[bytes]":
    how = ["--gil", "--threads", "--function", "--full-filenames", "--format", "raw", "--rate", str(RATE)]
    command = [str(PY_SPY), "record", *how, "--duration", str(seconds), "--pid", str(pid), "--output", str(file)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


# ── Telling ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def write(profiles: list[Profile], seconds: float) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    told = machine()
    head = textwrap.fill(
        f"Written by `benchmarks/profiles.py` on {datetime.now(UTC):%Y-%m-%d}: {told['machine']}, Python "
        f"{told['python']}; {seconds} s of each under load, {RATE} looks a second. Shares are of the process's "
        "processor time; nobody's waiting is in them. A layer is whose code the innermost frame is, with what helps it "
        "in Python's library. A quote is no path of its own here: an order works out the same.",
        120,
    )
    for one in profiles:
        (FOLDER / one.path.picture).write_text(stacks.flames(one.path.title, one.found))
    parts = ["# Where the time of the ten hottest paths goes", head, *map(section, profiles)]
    PAGE.write_text("\n\n".join(parts) + "\n")
    print(f"{PAGE.relative_to(ROOT)}, and {len(profiles)} pictures in {FOLDER.relative_to(ROOT)}/")


def section(one: Profile) -> str:
    """What there is to say of a path."""
    picture = f"[Flame graph](results/profiles/{one.path.picture})"
    functions = sorted(stacks.functions(one.found), key=lambda function: -function.own)[:HEAVIEST]
    heaviest = [(f"`{each.name}`", each.own, each.inclusive) for each in functions]
    return "\n\n".join([
        f"## {one.path.title}",
        f"{one.spent / 1_000:.1f} s of processor time, {one.cores:.2f} of a processor. {picture}",
        textwrap.fill(f"What was done: {one.path.done}", 120),
        _table("| whose | share |", [(name, count) for name, count in _layers(one)], one.whole),
        _table("| with all that it calls | share |", _named(one), one.whole),
        _table("| heaviest function | its own code | with all that it calls |", heaviest, one.whole),
    ])  # fmt: skip


def _layers(one: Profile) -> list[tuple[str, float]]:
    """The small ones together; the rest is of threads that were never seen with the lock."""
    found: list[tuple[str, float]] = list(stacks.layers(one.found).most_common())
    shown = [(name, count) for name, count in found if count >= LEAST * one.whole]
    small = one.found.total() - sum(count for _name, count in shown)
    without = one.whole - one.found.total()
    return [
        *shown,
        (f"{len(found) - len(shown)} others", small),
        ("threads that were never seen", without),
    ]


def _named(one: Profile) -> list[tuple[str, float]]:
    found = [(name, stacks.within(one.found, *where)) for name, where in NAMED.items()]
    return [(name, count) for name, count in sorted(found, key=lambda pair: -pair[1]) if count >= LEAST * one.whole]


def _table(head: str, rows: Sequence[tuple[str, *tuple[float, ...]]], whole: float) -> str:
    lines = [f"| {' | '.join([name, *(f'{count / whole:.1%}' for count in counts)])} |" for name, *counts in rows]
    return "\n".join([head, "|---" * head.count(" |") + "|", *lines])


if __name__ == "__main__":
    sys.exit(main())
