from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from fleet import certificates, keys, table


def test_a_secret_is_made_once_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    first = keys.Secrets(tmp_path)["database_order"]

    assert len(first) > 32
    assert keys.Secrets(tmp_path)["database_order"] == first
    assert (tmp_path / "secrets" / "database_order").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "secrets").stat().st_mode & 0o777 == 0o700


def test_two_launchers_at_once_agree_on_a_secret(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(lambda _: keys.Secrets(tmp_path)["x"], range(8)))

    assert len(found) == 1


def test_first_start_makes_one_signing_key_and_a_pair_for_each_service(tmp_path: Path) -> None:
    page = table.load(var=tmp_path)

    keys.prepare(page)
    before = {file: file.read_bytes() for file in (tmp_path / "keys").rglob("*.pem")}
    keys.prepare(page)

    assert {file: file.read_bytes() for file in (tmp_path / "keys").rglob("*.pem")} == before
    of_services_and_the_auditor = len(page.services) + 1
    assert len([file for file in before if "tls" not in file.parts]) == 2 + 2 * of_services_and_the_auditor
    assert all(file.stat().st_mode & 0o777 == 0o600 for file in before if file.parent.name == "private")


def test_the_two_files_of_a_pair_belong_together(tmp_path: Path) -> None:
    keys.make_pair(tmp_path, "order")

    private = serialization.load_pem_private_key((tmp_path / "private" / "order.pem").read_bytes(), None)
    public = serialization.load_pem_public_key((tmp_path / "public" / "order.pem").read_bytes())
    assert isinstance(private, ec.EllipticCurvePrivateKey)
    assert private.public_key() == public
    assert private.curve.name == "secp256r1"


def test_the_certificate_is_made_anew_before_it_ends_by_the_same_authority(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificates.prepare(tmp_path)
    authority, first = (tmp_path / "ca.pem").read_bytes(), (tmp_path / "server.pem").read_bytes()
    certificates.prepare(tmp_path)
    assert (tmp_path / "server.pem").read_bytes() == first

    monkeypatch.setattr(certificates, "RENEWED_BEFORE", certificates.LIVES)
    certificates.prepare(tmp_path)

    assert (tmp_path / "server.pem").read_bytes() != first
    assert (tmp_path / "ca.pem").read_bytes() == authority
    assert {file.stat().st_mode & 0o777 for file in tmp_path.glob("*.key")} == {0o600}
