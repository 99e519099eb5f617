"""Every message listened to, and every job of the clock."""

from datetime import timedelta

from shared.clock import Schedule
from shared.inbox import Subscriptions
from catalog_service import actions

SUBSCRIPTIONS: Subscriptions = {}

SCHEDULE: Schedule = {actions.forget_old_answers: timedelta(hours=1)}
