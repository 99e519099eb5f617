"""An edge of its own for each module that asks one."""

from collections.abc import Iterator

import pytest
from cryptography.hazmat.primitives import serialization
from door import KID, SERVICES, Door, Stub, free_port, opened

from fleet import certificates, edge, keys


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    folder = tmp_path_factory.mktemp("edge")
    stubs = {name: Stub(name).start() for name in SERVICES}
    keys.make_pair(folder / "jwt", KID)
    private = (folder / "jwt/private" / f"{KID}.pem").read_bytes()
    configured = edge.Edge(
        folder=folder / "nginx",
        upstreams={name: [f"127.0.0.1:{stub.port}"] for name, stub in stubs.items()},
        keys=folder / "jwt/public",
        media=folder / "media",
        public_url="http://localhost:8000",
        listen=f"127.0.0.1:{free_port()}",
        user=edge._user(folder),
        log=str(folder / "access.log"),
        cors_origins=("https://shop.example", "http://localhost:3000"),
        listen_tls=f"127.0.0.1:{free_port()}",
        inside=f"127.0.0.1:{free_port()}",
        tls=folder / "tls",
    )
    certificates.prepare(folder / "tls")
    with opened(configured, stubs, serialization.load_pem_private_key(private, None)) as running:
        yield running
    for stub in stubs.values():
        stub.stop()
