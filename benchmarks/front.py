"""The fleet's edge before anything: rendered with its own templates, for a benchmark, without brakes."""

import contextlib
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from benchmarks.peers import Command, free_port, running
from fleet import edge, keys
from fleet.nginx import BINARY
from fleet.table import load


class Front(NamedTuple):
    url: str
    key: str
    """The private key, as PEM, of the tokens that it takes for its own; its id is `bench`."""


@contextlib.contextmanager
def fronting(*commands: Command, ports: Mapping[str, list[int]]) -> Iterator[Front]:
    """Starts servers, which listen on these ports of each service, and the edge before them."""
    folder = Path(tempfile.mkdtemp(prefix="nexus-edge-"))
    folder.chmod(0o755)
    keys.make_pair(folder / "jwt", "bench")
    port = free_port()
    nowhere = [free_port()]
    configured = edge.Edge(
        folder=folder / "nginx",
        upstreams={
            service.name: [f"127.0.0.1:{one}" for one in ports.get(service.name, nowhere)]
            for service in load().services
        },
        keys=folder / "jwt/public",
        media=folder / "media",
        public_url=f"http://127.0.0.1:{port}",
        listen=f"127.0.0.1:{port}",
        inside=f"127.0.0.1:{free_port()}",
        verdicts=edge.verdicts(folder),
        user=edge._user(folder),
        log=str(folder / "access.log"),
        limits={"rate": "1000000r/s", "burst": 100000},
    )
    listening = [port, *(one for several in ports.values() for one in several)]
    try:
        with running(*commands, nginx(folder, edge.write(configured)), ports=listening):
            yield Front(configured.public_url, (folder / "jwt/private/bench.pem").read_text())
    finally:
        shutil.rmtree(folder)
        edge.remove(folder)


def nginx(folder: Path, configuration: Path) -> list[str]:
    return [BINARY, "-p", f"{folder}/", "-c", str(configuration), "-g", "daemon off;"]
