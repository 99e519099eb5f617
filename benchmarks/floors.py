"""What this machine does at best with the least code: what everything else is compared with, in the same run.

    .venv/bin/python -m benchmarks.floors [nginx|django|postgres …]      needs the servers only

`nginx`      a file of the size of a product list, requests a second over kept connections
`django`     a bare Django view of JSON under gunicorn with two processes, requests a second over kept connections
`postgres`   an order as plain statements, transactions a second of eight clients (pgbench)

The machine is anybody's: between two runs the same code may take half as long again. A target that was set on another
machine is therefore carried over by the floor of the run: as many times less as the floor is less.
"""

import re
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.arguments import chosen
from benchmarks.catalogue import database
from fleet import bootstrap
from fleet.client import wait_for
from fleet.nginx import BINARY
from fleet.postgres import binaries

SECONDS = 3
CONNECTIONS = 16
LIST_BYTES = 24_000
"""Of a page of 24 products, about."""
WHERE_TARGETS_WERE_SET = {"nginx": 50_000, "django": 5_200, "postgres": 3_800}
"""The floors there, a second."""

DJANGO = """
import django
from django.conf import settings
settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], SECRET_KEY="floor", MIDDLEWARE=[])
django.setup()
from django.core.wsgi import get_wsgi_application
from django.http import JsonResponse
from django.urls import path
urlpatterns = [path("", lambda request: JsonResponse({"ok": True, "results": []}))]
application = get_wsgi_application()
"""
NGINX = """
daemon off; worker_processes 2; pid {folder}/pid; error_log {folder}/log crit;
events {{ worker_connections 512; }}
http {{ access_log off; keepalive_requests 1000000; server {{ listen 127.0.0.1:{port}; root {folder}; }} }}
"""
SHOP = """
CREATE TABLE stock (sku int PRIMARY KEY, on_hand int NOT NULL, reserved int NOT NULL DEFAULT 0);
CREATE TABLE placed (id bigserial PRIMARY KEY, buyer int, total bigint, at timestamptz DEFAULT now());
CREATE TABLE line (id bigserial PRIMARY KEY, placed bigint REFERENCES placed, sku int REFERENCES stock, price bigint);
CREATE TABLE outbox (id bigserial PRIMARY KEY, body jsonb NOT NULL);
INSERT INTO stock SELECT n, 1000000 FROM generate_series(1, 1000) n;
"""
ORDER = r"""
\set one random(1, 500)
\set other random(501, 1000)
BEGIN;
UPDATE stock SET reserved = reserved + 1 WHERE sku = :one AND on_hand > reserved;
UPDATE stock SET reserved = reserved + 1 WHERE sku = :other AND on_hand > reserved;
INSERT INTO placed (buyer, total) VALUES (1, 4000) RETURNING id \gset
INSERT INTO line (placed, sku, price) VALUES (:id, :one, 2000), (:id, :other, 2000);
INSERT INTO outbox (body) VALUES ('{"type": "order.placed", "total": 4000}');
COMMIT;
"""


def main() -> int:
    floors: dict[str, Callable[[], float]] = {"nginx": nginx, "django": django, "postgres": postgres}
    for name in chosen(__doc__, floors):
        floor = floors[name]()
        share = floor / WHERE_TARGETS_WERE_SET[name]
        print(f"{name:<10}{floor:>10,.0f} a second, {share:.0%} of where targets were set")
    return 0


def carried_over(target: float, floor: str, found: float) -> float:
    """A rate that was wanted where the floor was another, for where it is `found`; never more than was wanted."""
    return target * min(found / WHERE_TARGETS_WERE_SET[floor], 1)


# ── Floors ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def nginx(size: int = LIST_BYTES) -> float:
    """Requests a second for a static file of so many bytes."""
    with tempfile.TemporaryDirectory() as name:
        folder, port = Path(name), free_port()
        folder.chmod(0o755)
        (folder / "list.json").write_bytes(b"x" * size)
        (folder / "nginx.conf").write_text(NGINX.format(folder=folder, port=port))
        with running([BINARY, "-p", name, "-c", f"{folder}/nginx.conf"], port):
            return requests(f"http://127.0.0.1:{port}/list.json")


def django() -> float:
    """Requests a second for a view that does nothing, under what serves our services."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "floor.py").write_text(DJANGO)
        port = free_port()
        gunicorn = [sys.executable, "-m", "gunicorn", "-b", f"127.0.0.1:{port}", "--reuse-port", "--chdir", folder]
        with running([*gunicorn, "-w", "2", "-k", "gthread", "--threads", "4", "floor:application"], port):
            return requests(f"http://127.0.0.1:{port}/")


def postgres() -> float:
    """Transactions a second: two units held, an order with its lines, a message; fsync as in production."""
    with database("floor") as url, tempfile.NamedTemporaryFile("w", suffix=".sql") as script:
        subprocess.run([f"{binaries()}/psql", "-q", url, "-c", SHOP], check=True)
        script.write(ORDER)
        script.flush()
        command = [f"{binaries()}/pgbench", "-n", "-c", "8", "-j", "2", "-M", "prepared", "-T", str(SECONDS)]
        told = subprocess.run([*command, "-f", script.name, url], capture_output=True, text=True)
        return figure(r"tps = ([\d.]+)", told.stdout, told.stderr)


# ── Asking ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def requests(url: str, *, connections: int = CONNECTIONS, seconds: int = SECONDS) -> float:
    """Answers a second that wrk gets, all of them 2xx."""
    bootstrap.ensure_packages(bootstrap.BENCH_PACKAGES)
    wrk = ["wrk", "-t", "1", "-c", str(connections)]
    subprocess.run([*wrk, "-d", "1s", url], capture_output=True)  # whoever has just begun still reads its code
    told = subprocess.run([*wrk, "-d", f"{seconds}s", url], capture_output=True, text=True)
    if "Non-2xx" in told.stdout:
        raise SystemExit(f"{url} is answered with errors: {told.stdout}")
    return figure(r"Requests/sec:\s+([\d.]+)", told.stdout, told.stderr)


def figure(pattern: str, text: str, error: str) -> float:
    found = re.search(pattern, text)
    if found is None:
        raise SystemExit(error or text)
    return float(found[1])


@contextmanager
def running(command: list[str], port: int) -> Iterator[None]:
    """A server of our own that answers on this port, and ends with us."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(lambda: answers(port), "the server of a floor", 15)
        yield
    finally:
        process.terminate()
        process.wait(10)


def free_port() -> int:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        return int(door.getsockname()[1])


def answers(port: int) -> bool:
    with socket.socket() as door:
        return door.connect_ex(("127.0.0.1", port)) == 0


if __name__ == "__main__":
    sys.exit(main())
