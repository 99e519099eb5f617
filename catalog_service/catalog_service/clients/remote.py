"""Fetch a file from an address that somebody gave us, without being led to where only we may go.

The name is resolved once, every address it has must be public, and the connection goes to one of exactly these: a name
that resolves to something else the next time (rebinding) is never asked again. Nothing is followed anywhere else. One
deadline holds for all of it, so that an answer of one byte every few seconds does not keep us for ever.
"""

import socket
import time
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any
from urllib.parse import SplitResult, quote, urlsplit

import httpcore
from django.conf import settings

PORTS = {"http": 80, "https": 443}
MAX_URL = 2_000
_EMBEDDING = (IPv6Network("64:ff9b::/96"), IPv6Network("::/96"))
"""IPv6 networks whose last 32 bits are an IPv4 address, which is what would be reached."""
Address = IPv4Address | IPv6Address


class NotFetched(Exception):
    """`for_good`: trying again changes nothing."""

    def __init__(self, why: str, *, for_good: bool = True) -> None:
        super().__init__(why)
        self.for_good = for_good


def fetch(url: str, *, limit: int, seconds: float) -> bytes:
    """The body of a 200, of at most `limit` bytes. Raises NotFetched."""
    parts, port = _checked(url)
    deadline = time.monotonic() + seconds
    backend = _Pinned(_resolved(str(parts.hostname), port), deadline)
    headers = [("Accept", "image/*"), ("Accept-Encoding", "identity"), ("User-Agent", "Nexus")]
    try:
        with (
            httpcore.ConnectionPool(network_backend=backend) as pool,
            pool.stream("GET", _ascii(parts), headers=headers) as answer,
        ):
            return _body(answer, limit)
    except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError, OSError) as error:
        raise NotFetched(f"no answer ({type(error).__name__})", for_good=False) from error


def _checked(url: str) -> tuple[SplitResult, int]:
    if len(url) > MAX_URL or not url.isprintable() or " " in url or "\\" in url:
        raise NotFetched("not an address")
    try:
        parts = urlsplit(url)
        port = parts.port or PORTS.get(parts.scheme, 0)
    except ValueError:
        raise NotFetched("not an address") from None
    if parts.scheme not in PORTS or not parts.hostname or parts.username is not None or parts.password is not None:
        raise NotFetched("only http and https, without a user name")
    return parts, port


def _ascii(parts: SplitResult) -> str:
    """As httpcore wants it: no fragment, and everything beyond ASCII in its encoded form."""
    host, port = _host(str(parts.hostname)), f":{parts.port}" if parts.port else ""
    netloc = f"[{host}]{port}" if ":" in host else f"{host}{port}"
    query = f"?{_encoded(parts.query)}" if parts.query else ""
    return f"{parts.scheme}://{netloc}{_encoded(parts.path) or '/'}{query}"


def _encoded(text: str) -> str:
    return quote(text, safe="%/:=&?~#+!$,;'@()*[]")


def _host(name: str) -> str:
    try:
        return name if name.isascii() else name.encode("idna").decode()
    except UnicodeError:
        raise NotFetched("not the name of a host") from None


def _resolved(name: str, port: int) -> list[Address]:
    """All addresses of the host, once and for all. Raises NotFetched if one of them is not for everybody."""
    try:
        found = socket.getaddrinfo(_host(name), port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise NotFetched("the host is not known", for_good=False) from None
    addresses = list(dict.fromkeys(ip_address(str(one[4][0]).partition("%")[0]) for one in found))
    if not addresses or not all(_is_allowed(address, port) for address in addresses):
        raise NotFetched("the host is not a public one")
    return addresses


def _is_allowed(address: Address, port: int) -> bool:
    if any(address in ip_network(network) for network in settings.FETCH_NETWORKS):
        return True
    return port in PORTS.values() and all(_is_public(one) for one in _meanings(address))


def _meanings(address: Address) -> list[Address]:
    """The address, and the IPv4 addresses that it may be a dress for."""
    if isinstance(address, IPv4Address):
        return [address]
    inner: list[Address | None] = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
    inner += [IPv4Address(int(address) & 0xFFFFFFFF) for network in _EMBEDDING if address in network]
    return [address] * (address.ipv4_mapped is None) + [one for one in inner if one is not None]


def _is_public(address: Address) -> bool:
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)


def _body(answer: httpcore.Response, limit: int) -> bytes:
    if answer.status in (408, 425, 429) or answer.status >= 500:
        raise NotFetched(f"the answer was {answer.status}", for_good=False)
    if answer.status != 200:
        raise NotFetched(f"the answer was {answer.status}" + " (not followed)" * (300 <= answer.status < 400))
    content = bytearray()
    for chunk in answer.iter_stream():
        content += chunk
        if len(content) > limit:
            raise NotFetched(f"more than {limit} bytes")
    return bytes(content)


class _Pinned(httpcore.NetworkBackend):
    """Connects to these addresses and no others, whatever host it is asked for, and never beyond the deadline."""

    def __init__(self, addresses: Sequence[Address], deadline: float) -> None:
        self._addresses, self._deadline = addresses, deadline
        self._real = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        failure: Exception = httpcore.ConnectError("no address")
        for address in self._addresses:
            try:
                return _Timed(self._real.connect_tcp(str(address), port, left(self._deadline)), self._deadline)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure


class _Timed(httpcore.NetworkStream):
    """A connection whose every step has only what is left of one deadline."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: float) -> None:
        self._stream, self._deadline = stream, deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, left(self._deadline))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, left(self._deadline))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return _Timed(self._stream.start_tls(ssl_context, server_hostname, left(self._deadline)), self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def left(deadline: float) -> float:
    """Seconds. Raises ReadTimeout when there are none."""
    seconds = deadline - time.monotonic()
    if seconds <= 0:
        raise httpcore.ReadTimeout("the deadline has passed")
    return seconds
