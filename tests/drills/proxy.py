"""A TCP proxy with toxics, to stand on an edge between two parts of the fleet. As Toxiproxy, without being one more
program to install.

    client ──▶ Proxy ──▶ server      whole    passes everything on
                                     latency  each answer comes two seconds late
                                     reset    a connection ends as soon as something is said on it
                                     timeout  what is said is swallowed, for ever
                                     slicer   answers come byte by byte, ever so slowly
                                     half     the server's side is gone, which nobody told the client
"""

import contextlib
import socket
import struct
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

LATENCY_SECONDS = 2.0
SLICE_SECONDS = 0.1
"""Between two bytes: an answer of a hundred lasts ten seconds, and never is there silence."""
CHUNK = 65_536
TOXICS = ("latency", "reset", "timeout", "slicer", "half")
RESET = struct.pack("ii", 1, 0)
"""SO_LINGER by which closing sends RST."""


@dataclass
class Proxy:
    """Listens on a free port while inside; `toxic` may be changed at any time and holds for open connections, too."""

    host: str
    server: int
    toxic: str = "whole"
    port: int = 0
    spoilt: int = 0
    """How often a toxic met something that was said."""
    open: set[socket.socket] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)
    stopping: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> "Proxy":
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.stopping.set()
        _hang_up(self.listener)
        with self.lock:
            for one in list(self.open):
                _hang_up(one)

    @contextlib.contextmanager
    def poisoned(self, toxic: str) -> Iterator[None]:
        """Inside. Afterwards connections are cut, so that nobody is left with one that was spoilt."""
        self.toxic = toxic
        try:
            yield
        finally:
            self.toxic = "whole"
            with self.lock:
                for one in list(self.open):
                    _hang_up(one)

    def _accept(self) -> None:
        while not self.stopping.is_set():
            try:
                client, _address = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        """One connection, in two directions."""
        try:
            server = socket.create_connection((self.host, self.server), timeout=5)
            server.settimeout(None)
        except OSError:
            _hang_up(client)
            return
        with self.lock:
            self.open |= {client, server}
        back = threading.Thread(target=self._pass_on, args=(server, client, True), daemon=True)
        back.start()
        self._pass_on(client, server, False)
        back.join()
        with self.lock:
            self.open -= {client, server}
        client.close()
        server.close()

    def _pass_on(self, source: socket.socket, target: socket.socket, is_answer: bool) -> None:
        """Until the source ends."""
        with contextlib.suppress(OSError):
            while data := source.recv(CHUNK):
                self.spoilt += self.toxic != "whole"
                getattr(self, f"_{self.toxic}")(source, target, data, is_answer)
        if self.toxic != "half":
            _hang_up(target)

    def _whole(self, _source: socket.socket, target: socket.socket, data: bytes, _is_answer: bool) -> None:
        target.sendall(data)

    def _latency(self, _source: socket.socket, target: socket.socket, data: bytes, is_answer: bool) -> None:
        if is_answer:
            self.stopping.wait(LATENCY_SECONDS)
        target.sendall(data)

    def _reset(self, source: socket.socket, _target: socket.socket, _data: bytes, _is_answer: bool) -> None:
        source.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        source.close()

    def _timeout(self, _source: socket.socket, _target: socket.socket, _data: bytes, _is_answer: bool) -> None:
        """Swallowed."""

    def _slicer(self, _source: socket.socket, target: socket.socket, data: bytes, is_answer: bool) -> None:
        for piece in [data[n : n + 1] for n in range(len(data))] if is_answer else [data]:
            if is_answer and self.toxic == "slicer":
                self.stopping.wait(SLICE_SECONDS)
            target.sendall(piece)

    def _half(self, _source: socket.socket, target: socket.socket, _data: bytes, is_answer: bool) -> None:
        if not is_answer:
            _hang_up(target)


def _hang_up(one: socket.socket) -> None:
    with contextlib.suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
    with contextlib.suppress(OSError):
        one.close()
