"""Every message listened to, and every job of the clock."""

from datetime import timedelta

from shared import idempotency
from shared.clock import Schedule
from shared.contracts.catalog import ReviewPublished, StockCameBack, StockRanLow, StockRanOut
from shared.contracts.order import (
    OrderCancelled,
    OrderConfirmed,
    OrderRefunded,
    ReturnDecided,
    ReturnReceived,
    ReturnRequested,
    VendorOrderCancelled,
    VendorOrderShipped,
)
from shared.contracts.payment import PayoutPaid, PayoutRefused, PayoutReturned, PayoutStarted, VendorBalanceChanged
from shared.contracts.user import UserErased
from shared.inbox import Subscriptions
from vendor_service.actions import dashboard, erasure, members, payouts

SUBSCRIPTIONS: Subscriptions = {
    VendorBalanceChanged: payouts.follow_balance,
    PayoutStarted: payouts.follow_run,
    PayoutPaid: payouts.settle_paid,
    PayoutRefused: payouts.settle_refused,
    PayoutReturned: payouts.settle_returned,
    UserErased: erasure.forget_user,
    OrderConfirmed: dashboard.keep_confirmed,
    VendorOrderShipped: dashboard.keep_shipped,
    OrderCancelled: dashboard.keep_cancelled,
    VendorOrderCancelled: dashboard.keep_part_cancelled,
    ReturnRequested: dashboard.keep_return,
    ReturnDecided: dashboard.keep_decision,
    ReturnReceived: dashboard.keep_received,
    OrderRefunded: dashboard.keep_refund,
    ReviewPublished: dashboard.keep_review,
    StockRanLow: dashboard.keep_low,
    StockRanOut: dashboard.keep_out,
    StockCameBack: dashboard.forget_scarce,
}

SCHEDULE: Schedule = {
    idempotency.forget_old_answers: timedelta(hours=1),
    members.forget_old_invitations: timedelta(hours=1),
    dashboard.forget_old_figures: timedelta(hours=1),
    members.seat_owners: timedelta(minutes=1),
}
