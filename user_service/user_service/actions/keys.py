"""Rotation of the keys that sign access tokens: prepare, activate, retire.

Files cannot be rolled back with a transaction, so the audit entry is committed before them.
"""

import time

from django.conf import settings
from django.db import transaction

from shared.audit import record
from user_service.errors import NoSuchKey
from user_service.models import keys


def make_first_key() -> str | None:
    """A first pair, if there is none; answers its key id."""
    if keys.exists():
        return None  # without the lock: the folder may be read-only, with keys that come from somewhere else
    with keys.changing():
        return None if keys.exists() else keys.make_pair()


def prepare() -> str:
    """Publish the public half of the next key; answers its id. The one prepared before stays."""
    with keys.changing():
        state = keys.read_state()
        if state.prepared is None:
            _record("prepare", f"after {state.signing}")
            state.prepared, state.prepared_since = keys.make_pair(), time.time()
            keys.write_state(state)
        return state.prepared


def activate() -> str:
    """Sign with the prepared key from now on; answers its id. Raises NoSuchKey."""
    with keys.changing():
        state = keys.read_state()
        if state.prepared is None:
            raise NoSuchKey("No key is prepared: run rotate_keys --prepare first.")
        _record("activate", state.prepared)
        state.retiring[state.signing] = time.time() + settings.ACCESS_TOKEN_LIFETIME.total_seconds() + 60
        state.signing, state.signing_since = state.prepared, time.time()
        state.prepared = state.prepared_since = None
        keys.write_state(state)
        return state.signing


def retire() -> list[str]:
    """Remove the keys whose last token has ended; answers their ids."""
    if not _over(keys.read_state()):
        return []
    with keys.changing():
        state = keys.read_state()
        over = _over(state)
        for kid in over:
            _record("retire", kid)
            keys.remove_pair(kid)
            del state.retiring[kid]
        if over:
            keys.write_state(state)
        return over


@transaction.atomic
def _record(step: str, kid: str) -> None:
    record(action=f"user.key.{step}", subject_kind="key", subject_id=kid)


def _over(state: keys.KeyState) -> list[str]:
    return [kid for kid, until in state.retiring.items() if until <= time.time()]


def rotate_if_due() -> list[str]:
    """Whatever is due: prepare when the signing key is old, activate after the notice, retire; told in words."""
    state, now = keys.read_state(), time.time()
    told = [f"retired {kid}" for kid in retire()]
    if state.prepared and now - (state.prepared_since or 0) >= settings.SIGNING_KEY_NOTICE.total_seconds():
        return [*told, f"activated {activate()}"]
    if not state.prepared and now - state.signing_since >= settings.SIGNING_KEY_AGE.total_seconds():
        return [*told, f"prepared {prepare()}"]
    return told
