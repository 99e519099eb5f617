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
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from fleet import environment
from fleet.aliases import Alias, read
from fleet.postgres import reachable
from fleet.progress import Problem
from fleet.table import ROOT, Table

SOURCES = ROOT / "nginx"
ERRORS = {status: status for status in (400, 401, 403, 404, 405, 408, 413, 414, 429, 500, 502, 503, 504)} | {494: 431}
"""What NGINX may end a request with, and what that is called outside; 494 is its own name for too large headers."""
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
        "crowds": "\n".join(f"    limit_conn_zone {key} zone={name}:64k;" for key, name in _counted(edge, page)),
        "resolver": f"    resolver {edge.resolver} valid=5s ipv6=off;" if edge.resolver else "",
        "upstreams": _upstreams(edge, page),
        "problems": "\n".join(f"        error_page {own} = /_problem/{told};" for own, told in ERRORS.items()),
        "gateway": _pass(edge, "gateway"),
        "tls": _tls(edge),
        "hsts": edge.hsts,
        "cors_origins": "\n".join(_cors_origin(one) for one in edge.cors_origins),
        "refused_methods": "|".join(alias.refused for alias in aliases if alias.methods),
        "alias_maps": "\n".join(line for alias in aliases for line in alias.maps()),
        "locations": "\n".join(_locations(edge, page, aliases)),
    }


def _locations(edge: Edge, page: dict[str, Any], aliases: list[Alias]) -> list[str]:
    routes = _matches(page)
    return [
        *(_location(edge, page, alias.match, routed(routes, alias.example), alias) for alias in aliases),
        *(_location(edge, page, *one) for one in routes),
    ]


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


def _counted(edge: Edge, page: dict[str, Any]) -> list[tuple[str, str]]:
    """What requests in progress are told apart by, and where they are counted."""
    found = [("$posted", name) for name in page["crowds"]]
    if edge.resolver:
        found += [("$whose", name) for name in edge.upstreams]
        found += [("$unposted", f"{name}_beside") for name in _crowded(page)]
    return found


def _upstreams(edge: Edge, page: dict[str, Any]) -> str:
    """What NGINX knows of instances; nothing with a resolver.

    None is given more than it answers soon. A crowd is counted already, and has connections of its own: neither it nor
    those who come beside it take the other's places.
    """
    if edge.resolver:
        return ""
    most = int(_limit(edge, page, "at_once"))
    blocks = [_upstream(name, addresses, f"max_conns={most} ") for name, addresses in edge.upstreams.items()]
    return "\n".join([*blocks, *(_upstream(f"{name}_crowd", edge.upstreams[name], "") for name in _crowded(page))])


def _upstream(name: str, addresses: Sequence[str], bound: str) -> str:
    """An instance that refused a connection is tried again after two seconds; a service's only one always."""
    servers = "".join(f"        server {one} {bound}max_fails=2 fail_timeout=2s;\n" for one in addresses)
    return f"    upstream {name} {{\n        zone {name} 64k;\n{servers}        keepalive 16;\n    }}"


def _crowded(page: dict[str, Any]) -> list[str]:
    """The services with routes where a crowd comes."""
    return sorted({route["to"] for route in page["route"] if "crowd" in route})


def _limit(edge: Edge, page: dict[str, Any], name: str) -> Any:
    return edge.limits.get(name, page["limits"][name])


def _bounded(edge: Edge, page: dict[str, Any], zone: str) -> list[str]:
    """With a resolver NGINX knows no instances that it could count for, only the name. It counts before it looks into
    its cache, so those whose answers could lie there are counted by themselves.
    """
    return [f"limit_conn {zone} {_limit(edge, page, 'at_once')};"] if edge.resolver else []


def _in_a_crowd(edge: Edge, page: dict[str, Any], route: dict[str, Any]) -> list[str]:
    """Who posts is counted, and sent away here only: nobody whom it lets in shall be sent away after all."""
    each = int(edge.limits.get("crowd", page["crowds"][route["crowd"]]["at_once"]))
    return [
        f"limit_conn {route['crowd']} {each * len(edge.upstreams[route['to']])};",
        *_bounded(edge, page, f"{route['to']}_beside"),
        "proxy_set_header X-Request-Start $sent_on_alone;",
    ]


def _pass(edge: Edge, service: str, *, crowd: bool = False) -> str:
    """With a resolver the name is looked up again and again, so that a redeployed service is found.

    Each service has a variable of its own: a request shares its variables with the question about its session.
    """
    if not edge.resolver:
        return f"proxy_pass http://{service}{'$of_the_crowd' if crowd else ''};"
    return f"set $at_{service} {edge.upstreams[service][0]}; proxy_pass http://$at_{service};"


def _matches(page: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Each location's match with its route."""
    found = []
    for route in page["route"]:
        found += [(f"= {path}", route) for path in route.get("exact", ())]
        found += [(f"= {path}/", route) for path in route.get("exact", ()) if path != "/"]
        found += [(f"^~ {path}", route) for path in route.get("under", ())]
        found += [(f"~ {route['pattern']}", route)] if "pattern" in route else []
        if names := route.get("api"):
            found.append((f"~ ^/api/v1/(?:{'|'.join(map(re.escape, names))})(?:/|$)", route))
    return [(match.replace("\\-", "-"), route) for match, route in found]


def routed(routes: list[tuple[str, dict[str, Any]]], path: str) -> dict[str, Any]:
    """The route of a path, in NGINX's own order: exact, then ^~ prefixes, then regular expressions. {}: none."""
    kinds: dict[str, Callable[[str, str], bool]] = {
        "=": lambda path, text: path == text,
        "^~": lambda path, text: path.startswith(text),
        "~": lambda path, text: re.search(text, path) is not None,
    }
    for kind, fits in kinds.items():
        for match, route in routes:
            own, _space, text = match.partition(" ")
            if own == kind and fits(path, text):
                return route
    return {}


def _location(edge: Edge, page: dict[str, Any], match: str, route: dict[str, Any], alias: Alias | None = None) -> str:
    lines = [
        f"include {edge.folder}/strip.conf;",
        f"include {edge.folder}/{'cached' if route.get('cache') else 'conditional'}.conf;",
        "auth_request /_check;",
    ]
    if route.get("websocket"):
        lines.append(f"include {edge.folder}/websocket.conf;")
    if route.get("pages"):
        lines.append(f"include {edge.folder}/pages.conf;")
    if "body" in route:
        lines.append(f"client_max_body_size {route['body']};")
    if brake := route.get("brake"):
        lines.append(f"limit_req zone={brake} burst={page['brakes'][brake]['burst']} nodelay;")
    if "crowd" in route:
        lines += _in_a_crowd(edge, page, route)
    else:
        lines.append("proxy_set_header X-Request-Start $msec;")
        if not route.get("websocket"):
            lines += ["limit_conn_status 503;", *_bounded(edge, page, route["to"])]
    at = _pass(edge, route["to"], crowd="crowd" in route)
    if alias:
        # In this order: a rewrite with `break` ends all that sets variables.
        variable, _semicolon, at = at.rpartition("; ")
        lines += [f"{variable};"] if variable else []
        lines += [f"include {edge.folder}/headers.conf;", *alias.lines()]
    lines.append(at)
    return "\n".join([f"        location {_quoted(match)} {{", *(f"            {line}" for line in lines), "        }"])


def _quoted(match: str) -> str:
    """Braces and semicolons of a regular expression must not end the directive."""
    kind, _space, text = match.partition(" ")
    return f'{kind} "{text}"'


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
