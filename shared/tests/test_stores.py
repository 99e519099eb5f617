import os
import socket
import threading
import time
from collections.abc import Iterator

import pytest
import redis

from shared import stores


@pytest.fixture
def dripping() -> Iterator[int]:
    """A server that answers byte by byte, for ten seconds."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    client, _address = server.accept()
                except OSError:
                    return
                threading.Thread(target=drip, args=(client,), daemon=True).start()

        def drip(client: socket.socket) -> None:
            try:
                for byte in b"+" + b"." * 100:
                    client.sendall(bytes([byte]))
                    time.sleep(0.1)
            except OSError:
                client.close()

        threading.Thread(target=serve, daemon=True).start()
        yield server.getsockname()[1]


def test_an_answer_that_comes_byte_by_byte_is_none(dripping: int) -> None:
    began = time.monotonic()

    with pytest.raises(redis.RedisError):
        stores.connected(f"redis://127.0.0.1:{dripping}/0", seconds=0.25).get("a")

    assert time.monotonic() - began < 3


def test_a_connection_that_redis_has_closed_is_opened_again() -> None:
    store, other = (stores.connected(os.environ["REDIS_URL"], seconds=1) for _ in range(2))
    store.set("stores", "here")

    other.client_kill_filter(_id=str(store.client_id()))

    assert store.get("stores") == "here"
