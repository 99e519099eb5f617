"""The edge's configuration: nginx/ plus the process table plus the public keys, rendered into one folder.

python -m fleet.edge --out /etc/nexus --media /media order_service=order_service:8000 …     for containers
"""

import argparse
import base64
import json
import os
import pwd
import re
import shutil
import stat
import tomllib
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from fleet import environment, locations
from fleet.aliases import Alias, read
from fleet.postgres import reachable
from fleet.progress import Problem
from fleet.table import ROOT, Table

SOURCES = ROOT / "nginx"
LOG_KEPT = 20_000_000
ON_ONE_MACHINE = {"rate": "2000r/s", "burst": 4000, "crowd": 512, "at_once": 512}
"""Here all clients have the same address, and tests and demonstrations play hundreds of buyers at once."""
HSTS = "max-age=31536000; includeSubDomains"
HSTS_ON_ONE_MACHINE = "max-age=300"
"""`localhost` is the name of everything that a developer runs here: it must not be pinned to HTTPS for a year."""
TLS_CIPHERS = (
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305"
)
FILES = ("strip.conf", "headers.conf", "conditional.conf", "cached.conf", "websocket.conf", "pages.conf", "njs/edge.js")
ORIGIN = re.compile(r"https?://[A-Za-z0-9.-]+(?::[0-9]{1,5})?")
MEMORY = Path("/dev/shm")
_PLACE = re.compile(r"<<(\w+)>>")


@dataclass(frozen=True)
class Edge:
    """Where things are: on this machine or in containers."""

    folder: Path
    """Receives everything that is rendered, and NGINX's own files."""
    upstreams: dict[str, list[str]]
    """Service → `host:port` of each instance."""
    keys: Path
    """Public keys of tokens, `<kid>.pem`."""
    media: Path
    public_url: str
    listen: str = "8000"
    user: str = ""
    log: str = "/dev/stdout"
    resolver: str = ""
    """A name server, where the addresses of upstreams change while NGINX runs."""
    limits: dict[str, Any] = field(default_factory=dict)
    """Instead of those in routes.toml."""
    cors_origins: tuple[str, ...] = ()
    """Origins whose pages may read answers; `*` for all."""
    listen_tls: str = ""
    """Where HTTPS is spoken, if it is."""
    tls: Path | None = None
    """Folder with `server.pem` and `server.key`."""
    hsts: str = HSTS
    inside: str = "127.0.0.1:8001"
    """Where NGINX asks itself whether a signature holds."""
    verdicts: Path | None = None
    """Receives what is kept about tokens and sessions, if not `folder`."""


def render(table: Table, var: Path) -> Path:
    """For the launcher; called again when keys or instances have changed. Answers nginx.conf's path."""
    return write(
        Edge(
            folder=var / "nginx",
            upstreams={name: [f"127.0.0.1:{port}" for port in ports] for name, ports in table.upstreams.items()},
            keys=var / "keys" / "jwt" / "public",
            media=var / "media",
            public_url=table.public_url,
            listen=f"127.0.0.1:{table.ports['nginx']}",
            user=_user(var),
            log=str(_log(var / "log" / "nginx-access.log")),
            limits=ON_ONE_MACHINE,
            cors_origins=origins(environment.outside().get("CORS_ORIGINS", table.edge["cors_origins"])),
            listen_tls=f"127.0.0.1:{table.ports['nginx_tls']}",
            tls=var / "keys" / "tls",
            hsts=HSTS_ON_ONE_MACHINE,
            inside=f"127.0.0.1:{table.ports['nginx_inside']}",
            verdicts=verdicts(var),
        )
    )


def origins(text: str) -> tuple[str, ...]:
    """`https://shop.example, http://localhost:3000` → one by one. Raises Problem for what is no origin."""
    found = tuple(filter(None, (one.strip() for one in text.split(","))))
    for one in found:
        if one != "*" and not ORIGIN.fullmatch(one):
            raise Problem(f"CORS_ORIGINS: {one!r} is not an origin, such as https://shop.example")
    return found


def _user(var: Path) -> str:
    """NGINX's workers give up root's rights, if what they read can be read by somebody else."""
    if os.geteuid() != 0:
        return ""
    known = {entry.pw_name for entry in pwd.getpwall()}
    return "www-data" if "www-data" in known and reachable(var, "www-data") else "root"


def verdicts(var: Path) -> Path | None:
    """A folder in memory: each new session brings a file, which on disk costs more than all else about a new token.

    None where there is no such place, or somebody else holds it: who writes there decides who comes in.
    """
    place = _in_memory(var)
    try:
        place.mkdir(exist_ok=True)
        found = place.lstat()
    except OSError:
        return None
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        return None
    place.chmod(0o711)
    return place


def _in_memory(var: Path) -> Path:
    return MEMORY / f"nexus-{sha256(str(var).encode()).hexdigest()[:12]}"


def remove(var: Path) -> None:
    """For `make clean`: also what lies outside var."""
    shutil.rmtree(_in_memory(var), ignore_errors=True)


def _log(file: Path) -> Path:
    """Put aside when it has grown large; a running NGINX goes on writing there until it reloads."""
    file.parent.mkdir(parents=True, exist_ok=True)
    if file.exists() and file.stat().st_size > LOG_KEPT:
        file.replace(file.with_name(f"{file.name}.1"))
    return file


def write(edge: Edge) -> Path:
    """Render everything into `edge.folder`."""
    for name in ("temp", "cache"):
        (edge.folder / name).mkdir(parents=True, exist_ok=True)
    edge.media.mkdir(parents=True, exist_ok=True)
    for name in FILES:
        shutil.copy(SOURCES / name, edge.folder)
    (edge.folder / "keys.js").write_text(_keys(edge))
    file = edge.folder / "nginx.conf"
    page = tomllib.loads((SOURCES / "routes.toml").read_text())
    places = _places(edge, page, read(SOURCES / "aliases.toml"))
    template = (SOURCES / "nginx.conf.template").read_text()
    file.write_text(_PLACE.sub(lambda place: places[place.group(1)], template))
    return file


def _keys(edge: Edge) -> str:
    """A JavaScript module with the public keys as base64 of their SPKI."""
    public_keys = {file.stem: _spki(file.read_text()) for file in sorted(edge.keys.glob("*.pem"))}
    told = {"issuer": "nexus", "audience": "nexus-api", "public_url": edge.public_url, "public_keys": public_keys}
    return f"export default {json.dumps(told, indent=2)};\n"


def _spki(pem: str) -> str:
    lines = [line for line in pem.splitlines() if line and not line.startswith("-----")]
    return base64.b64encode(base64.b64decode("".join(lines))).decode()


def _places(edge: Edge, page: dict[str, Any], aliases: list[Alias]) -> dict[str, str]:
    limits = {**page["limits"], **edge.limits}
    return {
        "user": f"user {edge.user};" if edge.user else "",
        "folder": str(edge.folder),
        "modules": "/usr/lib/nginx/modules",
        "access_log": edge.log,
        "body": limits["body"],
        "rate": limits["rate"],
        "burst": str(limits["burst"]),
        "listen": edge.listen,
        "inside": edge.inside,
        "verdicts": str(edge.verdicts or edge.folder / "cache"),
        "media": str(edge.media),
        "brakes": "\n".join(_brake(name, row) for name, row in page["brakes"].items()),
        "crowds": locations.zones(edge, page),
        "resolver": f"    resolver {edge.resolver} valid=5s ipv6=off;" if edge.resolver else "",
        "upstreams": locations.upstreams(edge, page),
        "problems": "\n".join(f"        {line}" for line in locations.PROBLEMS),
        "gateway": locations.pass_to(edge, "gateway"),
        "tls": _tls(edge),
        "hsts": edge.hsts,
        "cors_origins": "\n".join(_cors_origin(one) for one in edge.cors_origins),
        "refused_methods": "|".join(alias.refused for alias in aliases if alias.methods),
        "alias_maps": "\n".join(line for alias in aliases for line in alias.maps()),
        "locations": locations.of(edge, page, aliases),
        "crowded": locations.crowded(edge, page),
    }


def _cors_origin(origin: str) -> str:
    return '        "~." "*";' if origin == "*" else f'        "{origin}" $http_origin;'


def _tls(edge: Edge) -> str:
    """Versions and ciphers as Mozilla's intermediate profile has them; older clients than those are not asked for."""
    if edge.tls is None:
        return ""
    lines = [
        f"listen {edge.listen_tls} ssl http2;",
        f"ssl_certificate {edge.tls}/server.pem;",
        f"ssl_certificate_key {edge.tls}/server.key;",
        "ssl_protocols TLSv1.2 TLSv1.3;",
        f"ssl_ciphers {TLS_CIPHERS};",
        "ssl_prefer_server_ciphers off;",
        "ssl_session_cache shared:tls:2m;",
        "ssl_session_timeout 1d;",
        "ssl_session_tickets off;",
    ]
    return "\n".join(f"        {line}" for line in lines)


def _brake(name: str, row: dict[str, Any]) -> str:
    return f"    limit_req_zone $binary_remote_addr zone={name}:10m rate={row['rate']};"


def main() -> None:
    """Render for containers, where the launcher does not run."""
    parser = argparse.ArgumentParser(prog="python -m fleet.edge", description=main.__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--keys", type=Path, required=True)
    parser.add_argument("--media", type=Path, required=True)
    parser.add_argument("--public-url", default="http://localhost:8000")
    parser.add_argument("--listen", default="8000")
    parser.add_argument("--resolver", default="")
    parser.add_argument("upstreams", nargs="+", metavar="service=host:port")
    parser.add_argument("--cors-origins", default=os.environ.get("CORS_ORIGINS", ""), help="separated by commas")
    parser.add_argument("--listen-tls", default="")
    parser.add_argument("--tls", type=Path, help="folder with server.pem and server.key")
    given = parser.parse_args()
    upstreams = {name: [address] for name, address in (one.split("=", 1) for one in given.upstreams)}
    print(write(Edge(given.out, upstreams, given.keys, given.media, given.public_url, given.listen,
                     resolver=given.resolver, cors_origins=origins(given.cors_origins),
                     listen_tls=given.listen_tls, tls=given.tls)))  # fmt: skip


if __name__ == "__main__":
    main()
