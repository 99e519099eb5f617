"""What this machine does at best with the least code: what everything else is compared with, in the same run.

    .venv/bin/python -m benchmarks.floors [nginx|django|asking|postgres|hash …]      needs the servers only

`nginx`      a file of the size of a product list, requests a second over kept connections
`django`     a bare Django view of JSON under gunicorn with two processes, requests a second over kept connections
`asking`     the same view, which counts its caller in Redis and asks PostgreSQL for 24 cards that stand there as JSON
`postgres`   an order as plain statements, transactions a second of eight clients (pgbench)
`hash`       Argon2id as passwords are hashed (19 MiB, two passes), hashes a second of two processes

The machine is anybody's: between two runs the same code may take half as long again. Beside a rate, its floor says how
much of that was the machine.
"""

import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks.arguments import chosen
from benchmarks.catalogue import database
from benchmarks.peers import figure, free_port, running, wrk
from fleet import environment
from fleet.nginx import BINARY
from fleet.postgres import binaries
from fleet.processes import Program
from fleet.table import load

SECONDS = 3
CONNECTIONS = 16
LIST_BYTES = 24_000
"""Of a page of 24 products, about."""
ELSEWHERE = {"nginx": 50_000, "django": 5_200, "postgres": 3_800, "hash": 73}
"""The floors of the machine that other shops were measured on, a second."""

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
ASKING = """
import os
import django
import redis
from django.conf import settings
settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], SECRET_KEY="floor", MIDDLEWARE=[])
django.setup()
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse
from django.urls import path
from psycopg_pool import ConnectionPool
pool = ConnectionPool(os.environ["FLOOR_DATABASE"], min_size=4, kwargs={"autocommit": True, "prepare_threshold": 1})
counter = redis.Redis.from_url(os.environ["FLOOR_REDIS"])
def cards(request):
    counter.incr("floor")
    with pool.connection() as connection:
        rows = connection.execute("SELECT body::text FROM card ORDER BY id DESC LIMIT 24").fetchall()
    return HttpResponse('{"results":[' + ",".join(body for body, in rows) + "]}", content_type="application/json")
urlpatterns = [path("", cards)]
application = get_wsgi_application()
"""
CARDS = """
CREATE TABLE card (id bigint PRIMARY KEY, body jsonb NOT NULL);
INSERT INTO card SELECT n, jsonb_build_object('id', n, 'name', 'A lamp', 'text', repeat('x', 900))
FROM generate_series(1, 1000) n;
ANALYZE card;
"""
HASH = """
import time
from argon2.low_level import Type, hash_secret
begun = time.perf_counter()
for number in range(50):
    hash_secret(b"a password", b"0123456789abcdef", 2, 19456, 1, 32, Type.ID)
print(50 / (time.perf_counter() - begun))
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
    floors: dict[str, Callable[[], float]] = {
        "nginx": nginx, "django": django, "asking": asking, "postgres": postgres, "hash": hashes,
    }  # fmt: skip
    for name in chosen(__doc__, floors):
        floor = floors[name]()
        elsewhere = f", {floor / ELSEWHERE[name]:.0%} of where others were measured" if name in ELSEWHERE else ""
        print(f"{name:<10}{floor:>10,.0f} a second{elsewhere}")
    return 0


def nginx(size: int = LIST_BYTES) -> float:
    """Requests a second for a static file of so many bytes."""
    with tempfile.TemporaryDirectory() as name:
        folder, port = Path(name), free_port()
        folder.chmod(0o755)
        (folder / "list.json").write_bytes(b"x" * size)
        (folder / "nginx.conf").write_text(NGINX.format(folder=folder, port=port))
        with running([BINARY, "-p", name, "-c", f"{folder}/nginx.conf"], ports=[port]):
            return requests(f"http://127.0.0.1:{port}/list.json")


def django() -> float:
    """Requests a second for a view that does nothing, under what serves our services."""
    return _served(DJANGO, {})


def asking() -> float:
    """Requests a second for a list with no framework, check, language or price: what is left when all of that goes."""
    table = load()
    redis = environment.of(table, table.service("catalog_service"), test=True)["REDIS_URL"]
    with database("floor") as url:
        subprocess.run([f"{binaries()}/psql", "-q", url, "-c", CARDS], check=True, stdout=subprocess.DEVNULL)
        return _served(ASKING, {"FLOOR_DATABASE": url, "FLOOR_REDIS": redis})


def _served(application: str, variables: dict[str, str]) -> float:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "floor.py").write_text(application)
        port = free_port()
        gunicorn = (sys.executable, "-m", "gunicorn", "-b", f"127.0.0.1:{port}", "--reuse-port", "--chdir", folder)
        command = (*gunicorn, "-w", "2", "-k", "gthread", "--threads", "4", "floor:application")
        with running(Program("floor", command, Path(folder), variables), ports=[port]):
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


def hashes() -> float:
    """Passwords hashed a second as user_service does it, on all processors, by nobody who does anything else."""
    began = [subprocess.Popen([sys.executable, "-c", HASH], stdout=subprocess.PIPE, text=True) for _ in range(2)]
    return sum(float(one.communicate()[0]) for one in began)


def requests(url: str) -> float:
    wrk(url, 1, connections=CONNECTIONS)  # whoever has just begun still reads its code
    return wrk(url, SECONDS, connections=CONNECTIONS)


if __name__ == "__main__":
    sys.exit(main())
