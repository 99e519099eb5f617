"""Does a session still live? Asked by NGINX once a session and second, so it costs one round trip to Redis."""

from enum import Enum
from uuid import UUID

from gateway import clients
from shared.errors import Unavailable


class Verdict(Enum):
    LIVE = 204
    ENDED = 403
    UNKNOWN = 503


def verdict(session_id: UUID) -> Verdict:
    """Redis's word where it can be believed, else user_service's; never open because somebody is away."""
    try:
        ended, believable = clients.session_marks(session_id)
    except Unavailable:
        ended, believable = False, False
    if ended:
        return Verdict.ENDED
    return Verdict.LIVE if believable else _ask(session_id)


def _ask(session_id: UUID) -> Verdict:
    try:
        return Verdict.LIVE if clients.session_lives(session_id) else Verdict.ENDED
    except Unavailable:
        return Verdict.UNKNOWN
