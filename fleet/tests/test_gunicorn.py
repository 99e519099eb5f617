"""The web processes' configuration, with an application that does nothing."""

import http.client
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fleet.client import wait_for
from fleet.services import CONFIGURATION

HEEDLESS = """
def application(environ, start_response):
    start_response("415 Unsupported Media Type", [("Content-Length", "0")])
    return [b""]
"""


@pytest.fixture
def heedless(tmp_path: Path) -> Iterator[int]:
    """The port of an application that answers without looking at what is sent."""
    (tmp_path / "heedless.py").write_text(HEEDLESS)
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = int(probe.getsockname()[1])
    command = (sys.executable, "-m", "gunicorn", "-c", str(CONFIGURATION), "heedless:application")
    process = subprocess.Popen(command, cwd=tmp_path, env=os.environ | {"PORT": str(port)})
    try:
        wait_for(lambda: _listens(port), "gunicorn")
        yield port
    finally:
        process.terminate()
        process.wait()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.parametrize("size", [10, 100_000, 1_000_000])
def test_a_connection_is_kept_whatever_of_a_body_was_not_read(heedless: int, size: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", heedless, timeout=10)
    connection.connect()
    kept = connection.sock
    for _request in range(2):
        connection.request("POST", "/", body=b"x" * size)
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 415
    assert connection.sock is kept
