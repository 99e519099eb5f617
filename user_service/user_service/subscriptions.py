"""Every message listened to, and every job of the clock."""

from datetime import timedelta

from shared.clock import Schedule
from shared.contracts.user import GrantRole, RecordAudit, RevokeRole, SessionsEnded
from shared.inbox import Subscriptions
from user_service.actions import accounts, answers, audit, erasure, keys, logins, sessions, two_factor

SUBSCRIPTIONS: Subscriptions = {
    GrantRole: accounts.grant_role,
    RevokeRole: accounts.revoke_role,
    SessionsEnded: sessions.mark_ended,
    RecordAudit: audit.append,
}

SCHEDULE: Schedule = {
    sessions.keep_marks_complete: timedelta(seconds=1),
    sessions.forget_expired_tokens: timedelta(minutes=10),
    sessions.forget_old_sessions: timedelta(hours=1),
    erasure.forget_unproved: timedelta(hours=1),
    logins.keep_failures: timedelta(seconds=2),
    logins.judge_logins: timedelta(seconds=2),
    logins.trim_history: timedelta(minutes=10),
    two_factor.seal_anew: timedelta(minutes=10),
    keys.retire: timedelta(minutes=1),
    answers.forget_old_answers: timedelta(hours=1),
}
