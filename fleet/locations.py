"""Where the edge sends what: NGINX's locations out of the routing table, the services' instances, and how many requests
each may have at once.
"""

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from fleet.aliases import Alias

if TYPE_CHECKING:
    from fleet.edge import Edge

Page = dict[str, Any]
"""nginx/routes.toml."""
ERRORS = {status: status for status in (400, 401, 403, 404, 405, 408, 413, 414, 429, 500, 502, 503, 504)} | {494: 431}
"""What NGINX may end a request with, and what that is called outside; 494 is its own name for too large headers."""
PROBLEMS = [f"error_page {own} = /_problem/{told};" for own, told in ERRORS.items()]


def of(edge: "Edge", page: Page, aliases: list[Alias]) -> str:
    routes = matches(page)
    every: list[tuple[str, Page, Alias | None]] = [(one.match, routed(routes, one.example), one) for one in aliases]
    every += [(match, route, None) for match, route in routes]
    return "\n".join(_block(match, _location(edge, page, route, alias)) for match, route, alias in every)


def crowded(edge: "Edge", page: Page) -> str:
    """Inside, where crowds are counted; nobody who is let in is sent away after all."""
    return "\n".join(_block(match, _counted(edge, page, route)) for match, route in matches(page) if "crowd" in route)


def _location(edge: "Edge", page: Page, route: Page, alias: Alias | None) -> list[str]:
    lines = [
        f"include {edge.folder}/strip.conf;",
        f"include {edge.folder}/{'cached' if route.get('cache') else 'conditional'}.conf;",
        "auth_request /_check;",
        f"proxy_set_header X-Request-Start {'$sent_on_alone' if 'crowd' in route else '$msec'};",
    ]
    if route.get("websocket"):
        lines.append(f"include {edge.folder}/websocket.conf;")
    if route.get("pages"):
        lines.append(f"include {edge.folder}/pages.conf;")
    if "body" in route:
        lines.append(f"client_max_body_size {route['body']};")
    if brake := route.get("brake"):
        lines.append(f"limit_req zone={brake} burst={page['brakes'][brake]['burst']} nodelay;")
    if not route.get("websocket"):
        zone = f"{route['to']}_beside" if "crowd" in route else route["to"]
        lines += ["limit_conn_status 503;", *_bounded(edge, page, zone)]
    *variables, at = _passed(edge, route)
    # In this order: a rewrite with `break` ends all that sets variables.
    lines += [*variables, f"include {edge.folder}/headers.conf;", *alias.lines()] if alias else variables
    return [*lines, at]


def _counted(edge: "Edge", page: Page, route: Page) -> list[str]:
    each = int(edge.limits.get("crowd", page["crowds"][route["crowd"]]["at_once"]))
    return [
        *PROBLEMS,
        "proxy_set_header Host $http_host;",
        'proxy_set_header Connection "";',
        f"limit_conn {route['crowd']} {each * len(edge.upstreams[route['to']])};",
        pass_to(edge, route["to"], of="_crowd"),
    ]


def _passed(edge: "Edge", route: Page) -> list[str]:
    """The last line passes it on: to a service, or what a crowd posts to the edge itself."""
    if "crowd" in route:
        at = edge.upstreams[route["to"]][0] if edge.resolver else route["to"]
        return [f"set $at {at};", "if ($posted) { set $at inside; }", "proxy_pass http://$at;"]
    variable, _semicolon, at = pass_to(edge, route["to"]).rpartition("; ")
    return [*([f"{variable};"] if variable else []), at]


def _block(match: str, lines: Sequence[str]) -> str:
    return "\n".join([f"        location {_quoted(match)} {{", *(f"            {line}" for line in lines), "        }"])


def _quoted(match: str) -> str:
    """Braces and semicolons of a regular expression must not end the directive."""
    kind, _space, text = match.partition(" ")
    return f'{kind} "{text}"'


def matches(page: Page) -> list[tuple[str, Page]]:
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


def routed(routes: list[tuple[str, Page]], path: str) -> Page:
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


def zones(edge: "Edge", page: Page) -> str:
    """What requests in progress are told apart by, and where they are counted."""
    found = [("$posted", name) for name in page["crowds"]]
    if edge.resolver:
        found += [("$whose", name) for name in edge.upstreams]
        found += [("$unposted", f"{name}_beside") for name in _crowded(page)]
    return "\n".join(f"    limit_conn_zone {key} zone={name}:64k;" for key, name in found)


def upstreams(edge: "Edge", page: Page) -> str:
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


def _crowded(page: Page) -> list[str]:
    """The services with routes where a crowd comes."""
    return sorted({route["to"] for route in page["route"] if "crowd" in route})


def _limit(edge: "Edge", page: Page, name: str) -> Any:
    return edge.limits.get(name, page["limits"][name])


def _bounded(edge: "Edge", page: Page, zone: str) -> list[str]:
    """With a resolver NGINX knows no instances that it could count for, only the name. It counts before it looks into
    its cache, so those whose answers could lie there are counted by themselves.
    """
    return [f"limit_conn {zone} {_limit(edge, page, 'at_once')};"] if edge.resolver else []


def pass_to(edge: "Edge", service: str, *, of: str = "") -> str:
    """With a resolver the name is looked up again and again, so that a redeployed service is found.

    Each service has a variable of its own: a request shares its variables with the question about its session.
    """
    if not edge.resolver:
        return f"proxy_pass http://{service}{of};"
    return f"set $at_{service} {edge.upstreams[service][0]}; proxy_pass http://$at_{service};"
