"""Rotation of the keys that sign access tokens: prepare, activate, retire.

Files cannot be rolled back with a transaction, so the audit entry is committed before them. A `clock` tells seconds
since 1970.
"""

import os
import time
from collections.abc import Callable

from django.conf import settings
from django.db import transaction

from shared.audit import record
from user_service.errors import NoSuchKey
from user_service.models import keys

Clock = Callable[[], float]
MARGIN_SECONDS = 60
"""Clocks differ, and running processes look once a second which key signs."""


def make_first_key() -> str | None:
    """A first pair, if there is none; answers its key id."""
    if keys.exists():
        return None  # without the lock: the folder may be read-only, with keys that come from somewhere else
    with keys.changing():
        return None if keys.exists() else keys.make_pair()


def prepare(clock: Clock = time.time) -> str:
    """Publish the public half of the next key; answers its id. The one prepared before stays."""
    with keys.changing():
        state = keys.read_state()
        if state.prepared is None:
            _record("prepare", f"after {state.signing}")
            state.prepared, state.prepared_since = keys.make_pair(), clock()
            keys.write_state(state)
        return state.prepared


def prepare_if_due(clock: Clock = time.time) -> str | None:
    """The prepared key that still waits, or a new one when the signing key is old enough; None: nothing is due."""
    state = keys.read_state()
    if state.prepared is None and not _is_old(state, clock):
        return None
    return prepare(clock)


def activate(clock: Clock = time.time) -> str:
    """Sign with the prepared key from now on; answers its id. Raises NoSuchKey."""
    with keys.changing():
        state = keys.read_state()
        if state.prepared is None:
            raise NoSuchKey("No key is prepared: run rotate_keys --prepare first.")
        _record("activate", state.prepared)
        state.retiring[state.signing] = clock() + settings.ACCESS_TOKEN_LIFETIME.total_seconds() + MARGIN_SECONDS
        state.signing, state.signing_since = state.prepared, clock()
        state.prepared = state.prepared_since = None
        keys.write_state(state)
        return state.signing


def retire(clock: Clock = time.time) -> list[str]:
    """Remove the keys whose last token has ended; answers their ids. Where the folder is only read, whoever fills it
    does this.
    """
    if not _over(keys.read_state(), clock) or not os.access(settings.JWT_PRIVATE_KEYS_DIR, os.W_OK):
        return []
    with keys.changing():
        state = keys.read_state()
        over = _over(state, clock)
        for kid in over:
            _record("retire", kid)
            keys.remove_pair(kid)
            del state.retiring[kid]
        if over:
            keys.write_state(state)
        return over


def rotate_if_due(clock: Clock = time.time) -> list[str]:
    """The next step, if it is due, told in words: prepare when the signing key has reached its age, activate after the
    notice, retire. Between two steps NGINX has to read the keys.
    """
    told, state = [f"retired {kid}" for kid in retire(clock)], keys.read_state()
    if state.prepared is None:
        return [*told, f"prepared {prepare(clock)}"] if _is_old(state, clock) else told
    if clock() - (state.prepared_since or 0) < settings.SIGNING_KEY_NOTICE.total_seconds():
        return told
    return [*told, f"activated {activate(clock)}"]


@transaction.atomic
def _record(step: str, kid: str) -> None:
    record(action=f"user.key.{step}", subject_kind="key", subject_id=kid)


def _is_old(state: keys.KeyState, clock: Clock) -> bool:
    """Never, if SIGNING_KEY_DAYS is 0."""
    age = settings.SIGNING_KEY_AGE.total_seconds()
    return bool(age) and clock() - state.signing_since >= age


def _over(state: keys.KeyState, clock: Clock) -> list[str]:
    return [kid for kid, until in state.retiring.items() if until <= clock()]
