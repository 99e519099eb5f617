import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.db import connection
from rest_framework.test import APIClient

from shared.contracts.user import EmailCodeIssued
from shared.testing import body, make_key_files, published
from user_service.models import User, stores

PASSWORD = "correct horse 42 battery"
Register = Callable[..., dict[str, Any]]


@pytest.fixture(autouse=True)
def _own_redis_and_keys(settings: LazySettings, tmp_path: Path) -> None:
    """Empty databases of the test's own, and a signing key."""
    for store in (stores.own(), stores.sessions()):
        store.flushdb()
    private, public = tmp_path / "private", tmp_path / "public"
    private.mkdir()
    (private / "k1.pem").write_text(make_key_files(public, "k1"))
    settings.JWT_PRIVATE_KEYS_DIR, settings.JWT_PUBLIC_KEYS_DIR = private, public


@pytest.fixture
def client() -> APIClient:
    return APIClient()


@pytest.fixture
def make_account(client: APIClient) -> Register:
    """A verified account, signed in: {access, refresh, user}."""

    def make(email: str = "ada@example.com", *, verified: bool = True) -> dict[str, Any]:
        names = {"first_name": "Ada", "last_name": "Buyer"}
        form = {"email": email, "password": PASSWORD, "password_confirm": PASSWORD, **names}
        assert client.post("/api/v1/auth/register", form).status_code == 201
        if not verified:
            return form
        code = published(EmailCodeIssued)[-1].code
        assert client.post("/api/v1/auth/verify-email", {"email": email, "code": code}).status_code == 200
        return sign_in(client, email)

    return make


def sign_in(client: APIClient, email: str = "ada@example.com", password: str = PASSWORD) -> dict[str, Any]:
    return body(client.post("/api/v1/auth/login", {"email": email, "password": password}))


def bearer(access: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {access}"}


def as_user(access: str) -> APIClient:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {access}")
    return client


def make_admin_client(make_account: Register) -> APIClient:
    make_account("root@example.com")
    User.objects.filter(email="root@example.com").update(roles=["admin", "customer"])
    return as_user(sign_in(APIClient(), "root@example.com")["access"])


def in_parallel(times: int, run: Callable[[int], Any]) -> list[Any]:
    """What `run(0)`, `run(1)`, … answer, all begun at the same moment."""
    barrier, answers = threading.Barrier(times), [None] * times

    def one(number: int) -> None:
        barrier.wait()
        try:
            answers[number] = run(number)
        finally:
            connection.close()

    threads = [threading.Thread(target=one, args=(number,)) for number in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers
