"""Every message listened to, and every job of the clock."""

from datetime import timedelta

from order_service import checkout
from order_service.actions import (
    commissions,
    completion,
    customers,
    exports,
    operations,
    refunds,
    reports,
    store_credit,
    upkeep,
    vendors,
)
from shared.clock import Schedule
from shared.contracts.catalog import (
    CategoryChanged,
    CommitFailed,
    StockCommitted,
    StockRejected,
    StockReleased,
    StockReserved,
)
from shared.contracts.payment import (
    PaymentActionRequired,
    PaymentDeclined,
    PaymentRefunded,
    PaymentTaken,
    RefundFailed,
    StoreCreditChanged,
)
from shared.contracts.user import UserChanged, UserErased
from shared.contracts.vendor import CommissionRulesChanged, VendorChanged
from shared.inbox import Subscriptions

SUBSCRIPTIONS: Subscriptions = {
    StockReserved: checkout.on_stock_reserved,
    StockRejected: checkout.on_stock_rejected,
    StockReleased: checkout.on_stock_released,
    StockCommitted: checkout.on_stock_committed,
    CommitFailed: checkout.on_commit_failed,
    PaymentActionRequired: checkout.on_payment_action_required,
    PaymentTaken: checkout.on_payment_taken,
    PaymentDeclined: checkout.on_payment_declined,
    PaymentRefunded: refunds.record_refund,
    RefundFailed: refunds.record_failed_refund,
    StoreCreditChanged: store_credit.keep_credit,
    VendorChanged: vendors.keep_terms,
    CommissionRulesChanged: commissions.keep_rules,
    CategoryChanged: commissions.keep_place,
    UserChanged: customers.keep_customer,
    UserErased: customers.forget_user,
}

SCHEDULE: Schedule = {
    checkout.sweep_deadlines: timedelta(seconds=1),
    completion.complete_orders: timedelta(minutes=1),
    checkout.run_operations: timedelta(seconds=1),
    operations.forget_old_operations: timedelta(hours=1),
    exports.run_exports: timedelta(seconds=1),
    exports.forget_old_exports: timedelta(hours=1),
    reports.refresh_reports: timedelta(minutes=1),
    customers.forget_erased: timedelta(hours=1),
    upkeep.forget_old_answers: timedelta(hours=1),
}
