"""Somebody with many networks and much time guesses: at a second factor, and at whether there is an account."""

import time

import pyotp
import pytest
from conftest import PASSWORD, Register, as_user
from django.contrib.auth.hashers import make_password
from rest_framework.test import APIClient

from shared.testing import body
from user_service.models import Session, User

pytestmark = pytest.mark.django_db

LOGIN, FACTOR = "/api/v1/auth/login", "/api/v1/auth/two-factor"
GUESSES, NETWORKS, CHALLENGES = 1_000, 250, 25
STRANGE = {"X-Real-IP": "203.0.113.250"}
OWN = {"X-Real-IP": "198.51.100.7"}


def challenge() -> str:
    right = {"email": "ada@example.com", "password": PASSWORD}
    return str(body(APIClient().post(LOGIN, right, headers=OWN))["challenge"])


def test_of_a_thousand_guesses_at_a_second_factor_fifty_are_looked_at(make_account: Register) -> None:
    """By who knows the password, has networks and asks for new challenges. The owner still signs in meanwhile."""
    client = as_user(make_account()["access"])
    secret = pyotp.TOTP(body(client.post(f"{FACTOR}/setup"))["secret"])
    assert client.post(f"{FACTOR}/confirm", {"code": secret.now()}).status_code == 200
    Session.objects.update(address=OWN["X-Real-IP"])
    challenges = [challenge() for _ in range(CHALLENGES)]
    never_right = {f"{n:06}" for n in range(2 * GUESSES)} - {secret.at(int(time.time()) + 30 * n) for n in range(-9, 9)}

    answers = [
        APIClient().post(
            f"{FACTOR}/challenge",
            {"challenge": challenges[n % CHALLENGES], "code": code},
            headers={"X-Real-IP": f"203.0.113.{n % NETWORKS}"},
        )
        for n, code in enumerate(sorted(never_right)[:GUESSES])
    ]
    fresh, right = [challenge(), challenge()], secret.at(int(time.time()), counter_offset=1)
    stranger = APIClient().post(f"{FACTOR}/challenge", {"challenge": fresh[0], "code": right}, headers=STRANGE)
    owner = APIClient().post(f"{FACTOR}/challenge", {"challenge": fresh[1], "code": right}, headers=OWN)

    statuses = [answer.status_code for answer in answers]
    assert set(statuses) <= {400, 401, 429}
    assert statuses.count(400) == 50
    assert stranger.status_code == 429
    assert int(stranger["Retry-After"]) > 0
    assert owner.status_code == 200


def test_a_wrong_password_tells_nothing_of_the_account(make_account: Register) -> None:
    """Whether there is one, whether it is disabled, unproved, or has no password at all."""
    for name in ("known", "disabled"):
        make_account(f"{name}@example.com")
    make_account("unproved@example.com", verified=False)
    make_account("without@example.com")
    User.objects.filter(email="disabled@example.com").update(active=False)
    User.objects.filter(email="without@example.com").update(password=make_password(None))

    answers = [
        APIClient().post(LOGIN, {"email": f"{name}@example.com", "password": "a wrong one 42"})
        for name in ("known", "disabled", "unproved", "without", "nobody")
    ]

    told = [(answer.status_code, {**body(answer), "request_id": ""}, sorted(answer.headers)) for answer in answers]
    assert told[0][0] == 401
    assert told == told[:1] * len(answers)
