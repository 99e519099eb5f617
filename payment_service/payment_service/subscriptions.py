"""Every message listened to, and every job of the clock."""

from datetime import timedelta

from django.conf import settings

from payment_service.actions import (
    crypto_watch,
    gift_cards,
    misfits,
    payments,
    payout_accounts,
    payout_runs,
    payouts,
    reconciliations,
    refunds,
    simulator,
    vendors,
    webhooks,
)
from shared import idempotency
from shared.clock import Schedule
from shared.contracts.order import OrderCompleted, VendorOrderDelivered
from shared.contracts.payment import CancelPayment, KeepPayoutAccount, PayOut, RefundPayment, TakePayment
from shared.contracts.vendor import VendorChanged
from shared.inbox import Subscriptions

SUBSCRIPTIONS: Subscriptions = {
    TakePayment: payments.take_payment,
    CancelPayment: payments.cancel_payment,
    RefundPayment: refunds.refund_payment,
    PayOut: payouts.pay_out,
    VendorOrderDelivered: payouts.plan_release,
    OrderCompleted: payouts.release_completed,
    VendorChanged: vendors.follow_vendor,
    KeepPayoutAccount: payout_accounts.keep_account,
}

SCHEDULE: Schedule = {
    payments.ask_providers: timedelta(seconds=1),
    webhooks.act_on_webhooks: timedelta(milliseconds=500),
    refunds.ask_for_refunds: timedelta(seconds=1),
    misfits.return_misfits: timedelta(seconds=1),
    payouts.ask_for_payouts: timedelta(seconds=1),
    payouts.release_due: timedelta(seconds=1),
    payout_runs.carry_out_runs: timedelta(seconds=1),
    payout_runs.make_scheduled_runs: timedelta(minutes=1),
    crypto_watch.watch: timedelta(seconds=settings.CRYPTO_POLL_SECONDS),
    reconciliations.run_reconciliations: timedelta(seconds=1),
    reconciliations.start_daily_reconciliations: timedelta(minutes=1),
    simulator.send_webhooks: timedelta(milliseconds=500),
    simulator.settle_slow_ones: timedelta(seconds=1),
    webhooks.forget_old_webhooks: timedelta(hours=1),
    gift_cards.expire_cards: timedelta(minutes=1),
    idempotency.forget_old_answers: timedelta(hours=1),
}
