"""Every message listened to, and every job of the clock."""

from datetime import timedelta

from shared import idempotency
from shared.clock import Schedule
from shared.contracts.payment import PayoutPaid, PayoutRefused, PayoutReturned, PayoutStarted, VendorBalanceChanged
from shared.contracts.user import UserErased
from shared.inbox import Subscriptions
from vendor_service.actions import erasure, payouts

SUBSCRIPTIONS: Subscriptions = {
    VendorBalanceChanged: payouts.follow_balance,
    PayoutStarted: payouts.follow_run,
    PayoutPaid: payouts.settle_paid,
    PayoutRefused: payouts.settle_refused,
    PayoutReturned: payouts.settle_returned,
    UserErased: erasure.forget_user,
}

SCHEDULE: Schedule = {idempotency.forget_old_answers: timedelta(hours=1)}
