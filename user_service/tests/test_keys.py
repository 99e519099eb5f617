"""Rotation of the keys that sign access tokens, by a clock of the test's own."""

import os
from io import StringIO
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.core.management import call_command

from shared.testing import audited
from user_service.actions import keys
from user_service.models.keys import read_state

pytestmark = pytest.mark.django_db

MINUTE, HOUR, DAY = 60.0, 3_600.0, 86_400.0


class Clock:
    """Begins when the first key does."""

    def __init__(self) -> None:
        self.now = read_state().signing_since

    def __call__(self) -> float:
        return self.now


def published(settings: LazySettings) -> set[str]:
    return {file.stem for file in Path(settings.JWT_PUBLIC_KEYS_DIR).glob("*.pem")}


def test_a_young_key_goes_on_signing() -> None:
    clock = Clock()
    clock.now += 30 * DAY - MINUTE

    assert (keys.prepare_if_due(clock), keys.rotate_if_due(clock), audited()) == (None, [], [])


def test_an_old_key_makes_way_and_what_was_interrupted_goes_on() -> None:
    clock = Clock()
    clock.now += 30 * DAY

    prepared = [keys.prepare_if_due(clock) for _ in range(2)]
    signing = keys.activate(clock)

    assert prepared == [signing] * 2
    assert read_state().signing_since == clock.now
    assert keys.prepare_if_due(clock) is None
    assert audited() == [("user.key.prepare", "key"), ("user.key.activate", "key")]


def test_an_old_key_is_known_until_its_last_token_has_ended(settings: LazySettings) -> None:
    clock, old = Clock(), read_state().signing
    keys.prepare(clock)
    keys.activate(clock)

    clock.now += settings.ACCESS_TOKEN_LIFETIME.total_seconds() + keys.MARGIN_SECONDS - 1
    kept = keys.retire(clock)
    clock.now += 1
    gone = keys.retire(clock)

    assert (kept, gone) == ([], [old])
    assert published(settings) == {read_state().signing}


def test_months_of_rotations_never_signs_with_an_unknown_key_nor_forgets_a_living_token(settings: LazySettings) -> None:
    """Every twenty minutes the edge reads the keys, a token is made, and the next step is taken if it is due."""
    clock, tokens, signed = Clock(), list[tuple[float, str]](), set[str]()
    lifetime = settings.ACCESS_TOKEN_LIFETIME.total_seconds()
    ends = clock.now + 100 * DAY
    while clock.now < ends:
        edge = published(settings)
        tokens = [(made, kid) for made, kid in tokens if made + lifetime > clock.now]
        tokens.append((clock.now, read_state().signing))
        signed.add(read_state().signing)
        assert {kid for _made, kid in tokens} <= edge
        assert clock.now - read_state().signing_since < 30 * DAY + 2 * HOUR
        keys.rotate_if_due(clock)
        clock.now += 20 * MINUTE

    assert len(signed) == 4
    assert len(published(settings)) <= 3


def test_a_key_is_not_used_before_everybody_could_have_read_it(settings: LazySettings) -> None:
    clock = Clock()
    clock.now += 31 * DAY
    keys.rotate_if_due(clock)
    clock.now += settings.SIGNING_KEY_NOTICE.total_seconds() - 1
    early = keys.rotate_if_due(clock)
    clock.now += 1

    assert (early, keys.rotate_if_due(clock)) == ([], [f"activated {read_state().signing}"])


def test_without_an_age_nothing_rotates_by_itself(settings: LazySettings) -> None:
    settings.SIGNING_KEY_AGE *= 0
    clock = Clock()
    clock.now += 1_000 * DAY

    assert (keys.prepare_if_due(clock), keys.rotate_if_due(clock)) == (None, [])


def test_the_command_says_when_nothing_is_due(settings: LazySettings) -> None:
    told = StringIO()
    call_command("rotate_keys", stdout=told)
    call_command("rotate_keys", "--prepare-if-due", stdout=told)
    os.utime(settings.JWT_PRIVATE_KEYS_DIR / "k1.pem", (0, 0))
    call_command("rotate_keys", "--prepare-if-due", stdout=told)

    lines = told.getvalue().splitlines()
    assert lines[:2] == ["nothing is due"] * 2
    assert lines[2].startswith(f"prepared {read_state().prepared};")
