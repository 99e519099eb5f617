"""How quick registering is, whether logins tell who has an account, and what a flood of logins does to readers.

    .venv/bin/python -m benchmarks.identity [registration|timing|flood …]      the fleet runs here and is idle

Everything goes over the gateway with the limits of production. Each login comes from an address of its own (all of
127.0.0.0/8 is this machine), as from a botnet: neither the brake of NGINX nor that of user_service holds it back, which
is the worst case. Kinds and phases alternate within one run. Exit status 1 when a target is missed.
"""

import contextlib
import http.client
import json
import os
import random
import re
import socketserver
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from statistics import median, quantiles
from urllib.parse import urlsplit
from uuid import uuid4

from benchmarks.arguments import chosen, need
from fleet import environment, processes, services
from fleet.client import Market, Person, wait_for
from fleet.table import Table, load

REGISTRATIONS, REGISTRATION_MS, MAIL_SECONDS = 40, 100.0, 3.0
LOGINS, ALIKE_WITHIN, ACCOUNTS = 1_000, 0.05, 5
ROUNDS, PHASE_SECONDS, READS_A_SECOND, LOGINS_A_SECOND, SLOWER_AT_MOST = 10, 8.0, 25.0, 50.0, 2.0
WORKER = "notification_service-worker"


@dataclass
class Report:
    """What was measured, and whether it is good enough."""

    missed: bool = False

    def target(self, what: str, found: str, wanted: str, *, met: bool) -> None:
        self.missed = self.missed or not met
        print(f"  {what:<46}{found:>20}   {wanted:<18}{'ok' if met else 'MISSED'}")

    def figure(self, what: str, found: str) -> None:
        print(f"  {what:<46}{found:>20}")


def main() -> int:
    table = load()
    need(table, "nginx")
    market, report = Market.at(table), Report()
    parts: dict[str, Callable[[], None]] = {
        "registration": lambda: registration(table, market, report),
        "timing": lambda: timing(market, report),
        "flood": lambda: flood(market, report),
    }
    asked = chosen(__doc__, parts)
    print(f"{os.cpu_count()} cores; {os.getloadavg()[0]:.1f} processes wanted one in the last minute")
    for name in asked:
        print(name)
        parts[name]()
    return int(report.missed)


# ── Requests ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Answer:
    status: int
    body: str
    milliseconds: float


def ask(gateway: str, method: str, path: str, body: object = None, *, source: str = "127.0.0.1") -> Answer:
    """One request on a connection of its own, from one of this machine's addresses."""
    place = urlsplit(gateway)
    connection = http.client.HTTPConnection("127.0.0.1", place.port, timeout=30, source_address=(source, 0))
    started = time.perf_counter()
    try:
        content, headers = json.dumps(body) if body else None, {"Content-Type": "application/json"} if body else {}
        connection.request(method, f"/api/v1/{path}", content, headers)
        response = connection.getresponse()
        text = response.read().decode()
    finally:
        connection.close()
    return Answer(response.status, text, (time.perf_counter() - started) * 1_000)


def anywhere() -> str:
    """An address that has sent nothing yet."""
    return f"127.{random.randint(1, 250)}.{random.randint(0, 255)}.{random.randint(1, 250)}"


def log_in(market: Market, email: str) -> Answer:
    return ask(market.gateway, "POST", "auth/login", {"email": email, "password": "a wrong one 42"}, source=anywhere())


def nobody() -> str:
    return f"nobody-{uuid4().hex[:12]}@example.com"


# ── Registering ──────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass
class Postman:
    """A mail server as far as a client meets it (RFC 5321). Remembers when it was handed the mail to whom."""

    taken: dict[str, float] = field(default_factory=dict)

    @contextlib.contextmanager
    def receiving(self) -> Iterator[int]:
        """Answers its port."""
        outer = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                outer._speak(self)

        with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
            server.daemon_threads = True
            threading.Thread(target=server.serve_forever, daemon=True).start()
            yield int(server.server_address[1])
            server.shutdown()

    def _speak(self, to: socketserver.StreamRequestHandler) -> None:
        whom = ""
        to.wfile.write(b"220 here\r\n")
        for line in to.rfile:
            if found := re.match(rb"RCPT TO:<(.+)>", line, re.IGNORECASE):
                whom = found[1].decode()
            if line.upper().startswith(b"DATA"):
                to.wfile.write(b"354 go on\r\n")
                list(iter(to.rfile.readline, b".\r\n"))
                self.taken[whom] = time.perf_counter()
            to.wfile.write(b"221 bye\r\n" if line.upper().startswith(b"QUIT") else b"250 ok\r\n")


def registration(table: Table, market: Market, report: Report) -> None:
    """The password is hashed in the request; its code's mail is handed to a mail server a moment later."""
    postman, answers, begun = Postman(), list[Answer](), dict[str, float]()
    with postman.receiving() as port, mails_to(table, port):
        for _ in range(REGISTRATIONS):
            email = f"bench-{uuid4().hex[:12]}@example.com"
            begun[email] = time.perf_counter()
            answers.append(register(market, email))
            time.sleep(0.05)
        wait_for(lambda: begun.keys() <= postman.taken.keys(), "all mails", 60)
    if wrong := [answer for answer in answers if answer.status != 201]:
        raise SystemExit(f"registering was refused: {wrong[0]}")
    took, mails = [answer.milliseconds for answer in answers], [postman.taken[one] - begun[one] for one in begun]
    middle, slowest = median(took), max(mails)
    wanted = f"< {REGISTRATION_MS:.0f} ms"
    report.target(f"{REGISTRATIONS} registrations, median", f"{middle:.1f} ms", wanted, met=middle < REGISTRATION_MS)
    report.figure("slowest", f"{max(took):.1f} ms")
    report.figure("its mail is with the mail server after, median", f"{median(mails):.2f} s")
    report.target("slowest mail", f"{slowest:.2f} s", f"< {MAIL_SECONDS:.0f} s", met=slowest < MAIL_SECONDS)


def register(market: Market, email: str) -> Answer:
    password = f"Quiet-{uuid4().hex}"
    names = {"first_name": "Ada", "last_name": "Bench"}
    form = {"email": email, "password": password, "password_confirm": password, **names}
    return ask(market.gateway, "POST", "auth/register", form, source=anywhere())


@contextlib.contextmanager
def mails_to(table: Table, port: int) -> Iterator[None]:
    """Inside, the notification worker hands its mails to a mail server instead of writing files."""
    service = table.service("notification_service")
    smtp = {"EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend", "EMAIL_HOST": "127.0.0.1"}
    variables = {**environment.passed_on(), **environment.of(table, service), **smtp, "EMAIL_PORT": str(port)}
    program = services.worker(service, variables)
    processes.stop(table.var, [WORKER])
    with subprocess.Popen(program.command, cwd=program.folder, env=variables, stderr=subprocess.DEVNULL) as worker:
        try:
            time.sleep(3)  # it connects to the broker
            yield
        finally:
            worker.terminate()
            worker.wait(20)
            processes.call(table.var, "startProcess", WORKER, False)


# ── Who has an account ───────────────────────────────────────────────────────────────────────────────────────────────


def timing(market: Market, report: Report) -> None:
    """A wrong password for an account, for a disabled one and for nobody: same status, same body, same time."""
    admin = market.account("admin")
    known, inactive = accounts(market, ACCOUNTS), accounts(market, ACCOUNTS)
    for person in inactive:
        admin.ask("PATCH", f"admin/users/{person.user['id']}", json={"active": False}, expect=200)
    whose: dict[str, Callable[[], str]] = {
        "known": lambda: random.choice(known).email,
        "unknown": nobody,
        "inactive": lambda: random.choice(inactive).email,
    }
    answers: dict[str, list[Answer]] = {kind: [] for kind in whose}
    for _ in range(LOGINS // len(whose) + 1):
        for kind in random.sample(list(whose), len(whose)):
            answers[kind].append(log_in(market, whose[kind]()))
    told = {(answer.status, without_id(answer.body)) for found in answers.values() for answer in found}
    middles = {kind: median(answer.milliseconds for answer in found) for kind, found in answers.items()}
    for kind, middle in middles.items():
        report.figure(f"{len(answers[kind])} wrong logins, {kind}, median", f"{middle:.2f} ms")
    apart = max(middles.values()) / min(middles.values()) - 1
    report.target("different answers", str(len(told)), "1", met=len(told) == 1)
    report.target("medians apart", f"{apart:.1%}", f"<= {ALIKE_WITHIN:.0%}", met=apart <= ALIKE_WITHIN)


def accounts(market: Market, count: int) -> list[Person]:
    people = [market.newcomer("bench") for _ in range(count)]
    for person in people:
        person.register("Ada", "Bench")
    return people


def without_id(body: str) -> str:
    return re.sub(r'"request_id": ?"[^"]*"', "", body)


# ── A flood of logins ────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass
class Steadily:
    """While inside, `job` is done so often a second, however long each takes."""

    job: Callable[[], Answer]
    per_second: float
    answers: list[Answer] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def __enter__(self) -> "Steadily":
        self.stopping = threading.Event()
        self.started: list[threading.Thread] = []
        self.pacing = threading.Thread(target=self._pace)
        self.pacing.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.stopping.set()
        self.pacing.join()
        for thread in self.started:
            thread.join()

    def _pace(self) -> None:
        due = time.monotonic()
        while not self.stopping.wait(max(due - time.monotonic(), 0)):
            thread = threading.Thread(target=self._do)
            thread.start()
            self.started.append(thread)
            due += 1 / self.per_second

    def _do(self) -> None:
        try:
            self.answers.append(self.job())
        except (OSError, http.client.HTTPException) as error:
            self.errors.append(f"{type(error).__name__}: {error}")


def flood(market: Market, report: Report) -> None:
    """Readers of pages that no cache has, first alone, then beside 50 logins a second, in turns."""
    listed = market.guest().get("products", params={"limit": 20})["results"]

    def read() -> Answer:
        path = f"products/{random.choice(listed)['slug']}?fresh={uuid4().hex}"
        return ask(market.gateway, "GET", path, source=anywhere())

    alone, beside, logins = list[Answer](), list[Answer](), list[Answer]()
    errors: list[str] = []
    for _ in range(ROUNDS):
        with Steadily(read, READS_A_SECOND) as readers:
            time.sleep(PHASE_SECONDS)
        alone += readers.answers
        with Steadily(lambda: log_in(market, nobody()), LOGINS_A_SECOND) as flooding:
            time.sleep(1)
            with Steadily(read, READS_A_SECOND) as readers:
                time.sleep(PHASE_SECONDS)
        beside, logins = beside + readers.answers, logins + flooding.answers
        errors += readers.errors + flooding.errors
        time.sleep(3)  # what waits for a hash is done
    report_flood(report, alone, beside, logins, errors)


def report_flood(
    report: Report, alone: list[Answer], beside: list[Answer], logins: list[Answer], errors: list[str]
) -> None:
    idle, flooded = p99(alone), p99(beside)
    statuses = Counter(answer.status for answer in logins)
    report.figure("reads alone, median / p99", f"{middle(alone):.1f} / {idle:.1f} ms")
    report.figure("reads beside the flood, median / p99", f"{middle(beside):.1f} / {flooded:.1f} ms")
    wanted = f"<= {SLOWER_AT_MOST:.0f} x"
    report.target("p99 beside the flood", f"{flooded / idle:.2f} x", wanted, met=flooded <= SLOWER_AT_MOST * idle)
    told = ", ".join(f"{status}: {count}" for status, count in sorted(statuses.items()))
    report.target("answers to logins", told, "401 and 429 only", met=statuses.keys() <= {401, 429})
    reads = Counter(answer.status for answer in alone + beside)
    report.target("reads that failed", str(len(errors) + sum(reads.values()) - reads[200]), "0", met=not errors)


def middle(answers: list[Answer]) -> float:
    return median(answer.milliseconds for answer in answers)


def p99(answers: list[Answer]) -> float:
    return quantiles((answer.milliseconds for answer in answers), n=100)[98]


if __name__ == "__main__":
    sys.exit(main())
