"""What the edge's token check costs, as ratios within one run: a guest, a token it has seen, tokens it never saw.

    python -m benchmarks.edge [seconds]

A rendered NGINX of its own, with the fleet's templates, stands before something that answers everything at once: first
an empty application under gunicorn, as the services are, then another NGINX, beside which nothing but the edge is
measured. Rounds alternate, the median of their ratios counts. Exits with 1 below the targets, set for the first.
"""

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from uuid import uuid4

import jwt

from benchmarks.arguments import numbers
from benchmarks.front import Front, fronting, nginx
from benchmarks.peers import free_port, wrk
from fleet.table import load

SECONDS, ROUNDS, CONNECTIONS = 1, 9, 16
NEVER_SEEN = 60_000
TARGETS = {"known token": 0.75, "never-seen token": 0.30}
PATH = "/api/v1/orders"
UPSTREAM = """
pid {folder}/upstream.pid;
error_log stderr warn;
worker_processes 1;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    keepalive_requests 1000000;
    server {{
        listen 127.0.0.1:{port};
        location /internal/sessions/ {{ add_header X-Accel-Expires 1; return 204; }}
        location / {{ default_type application/json; return 200 '{{"ok":true}}'; }}
    }}
}}
"""
APPLICATION = """
import time
def application(environ, start):
    if environ["PATH_INFO"].startswith("/internal/sessions/"):
        start("204 No Content", [("X-Accel-Expires", f"@{int(time.time())}")])
        return []
    start("200 OK", [("Content-Type", "application/json"), ("Content-Length", "11")])
    return [b'{"ok":true}']
"""
ONE_AFTER_ANOTHER = """
local tokens = {{}}
for line in io.lines("{file}") do tokens[#tokens + 1] = line end
local at = {start}
function request()
  at = at % #tokens + 1
  return wrk.format("GET", "{path}", {{["Authorization"] = "Bearer " .. tokens[at]}})
end
"""


def main() -> int:
    (seconds,) = numbers(__doc__, seconds=SECONDS)
    print(f"{CONNECTIONS} connections, {ROUNDS} rounds of {seconds} s each, medians")
    print("before an empty application under gunicorn:")
    missed = report(run(gunicorn, seconds), TARGETS)
    print("before another NGINX:")
    report(run(static, seconds), {})
    return missed


def run(upstream: Callable[[Path, int], list[str]], seconds: int) -> dict[str, list[float]]:
    with tempfile.TemporaryDirectory() as name:
        folder, port = Path(name), free_port()
        folder.chmod(0o755)
        with fronting(upstream(folder, port), ports={service.name: [port] for service in load().services}) as front:
            return measure(folder, front, seconds)


def gunicorn(folder: Path, port: int) -> list[str]:
    (folder / "trivial.py").write_text(APPLICATION)
    where = ["--chdir", str(folder), "-b", f"127.0.0.1:{port}", "--keep-alive", "75"]
    return [sys.executable, "-m", "gunicorn", "-k", "gthread", "--threads", "8", *where, "trivial:application"]


def static(folder: Path, port: int) -> list[str]:
    (folder / "upstream.conf").write_text(UPSTREAM.format(folder=folder, port=port))
    return nginx(folder, folder / "upstream.conf")


def report(rates: dict[str, list[float]], targets: dict[str, float]) -> int:
    """One line a kind; 1 if one misses its target."""
    missed = 0
    for kind, found in rates.items():
        ratio = median(one / guest for one, guest in zip(found, rates["guest"], strict=True))
        target = targets.get(kind)
        missed += bool(target and ratio < target)
        verdict = "" if target is None else f"  (at least {target:.0%}: {'ok' if ratio >= target else 'MISSED'})"
        print(f"{kind:18}{median(found):9.0f} requests/s {ratio:6.0%} of a guest's{verdict}")
    return min(missed, 1)


def measure(folder: Path, front: Front, seconds: int) -> dict[str, list[float]]:
    """Requests a second of each kind. No token of the third is used twice: each round has its own part of them."""
    url, known = front.url, token(front.key)
    (folder / "never-seen").write_text("\n".join(token(front.key) for _ in range(NEVER_SEEN)))
    rates: dict[str, list[float]] = {"guest": [], "known token": [], "never-seen token": []}
    for number in range(ROUNDS):
        rates["guest"].append(wrk(url + PATH, seconds))
        rates["known token"].append(wrk(url + PATH, seconds, "-H", f"Authorization: Bearer {known}"))
        script = folder / f"never-seen-{number}.lua"
        start = NEVER_SEEN // ROUNDS * number
        script.write_text(ONE_AFTER_ANOTHER.format(file=folder / "never-seen", start=start, path=PATH))
        rates["never-seen token"].append(wrk(url + PATH, seconds, "-s", str(script)))
    return rates


def token(key: str) -> str:
    now = int(time.time())
    claims = {
        "iss": "nexus", "aud": "nexus-api", "sub": str(uuid4()), "sid": str(uuid4()), "jti": str(uuid4()),
        "roles": ["customer"], "iat": now, "nbf": now, "exp": now + 3600,
    }  # fmt: skip
    return jwt.encode(claims, key, "ES256", {"kid": "bench", "typ": "at+jwt"})


if __name__ == "__main__":
    sys.exit(main())
