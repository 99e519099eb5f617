"""Every message listened to, and every job of the clock."""

from datetime import timedelta

from notification_service.actions import accounts, carts, deliveries, erasure, orders, products, recipients, vendors
from shared import idempotency
from shared.clock import Schedule
from shared.contracts.cart import CartAbandoned, WishCameBack, WishPriceDropped
from shared.contracts.catalog import (
    ProductDecided,
    ProductSubmitted,
    ReviewPublished,
    StockCameBack,
    StockRanLow,
    StockRanOut,
)
from shared.contracts.order import (
    OrderCancelled,
    OrderConfirmed,
    OrderPlaced,
    OrderRefunded,
    ReturnDecided,
    ReturnRequested,
    VendorOrderDelivered,
    VendorOrderShipped,
)
from shared.contracts.user import (
    EmailCodeIssued,
    EmailRegisteredAgain,
    PasswordChanged,
    PhoneCodeIssued,
    SecurityAlertRaised,
    TwoFactorChanged,
    UserChanged,
    UserErased,
    UserRegistered,
)
from shared.contracts.vendor import (
    MemberInvited,
    PayoutAccountChanged,
    PayoutSettled,
    VendorApplicationDecided,
    VendorApplicationSubmitted,
    VendorChanged,
    VendorStatusChanged,
)
from shared.inbox import Subscriptions

SUBSCRIPTIONS: Subscriptions = {
    UserRegistered: recipients.keep_new_user,
    UserChanged: recipients.keep_user,
    UserErased: erasure.forget_user,
    VendorChanged: recipients.keep_vendor,
    EmailCodeIssued: accounts.mail_code,
    PhoneCodeIssued: accounts.text_code,
    EmailRegisteredAgain: accounts.tell_registered_again,
    PasswordChanged: accounts.tell_password_changed,
    TwoFactorChanged: accounts.tell_two_factor_changed,
    SecurityAlertRaised: accounts.tell_security_alert,
    VendorApplicationSubmitted: vendors.tell_application_submitted,
    VendorApplicationDecided: vendors.tell_application_decided,
    VendorStatusChanged: vendors.tell_status_changed,
    MemberInvited: vendors.mail_invitation,
    PayoutSettled: vendors.tell_payout_settled,
    PayoutAccountChanged: vendors.tell_payout_account_changed,
    ProductSubmitted: products.tell_product_submitted,
    ProductDecided: products.tell_product_decided,
    StockRanLow: products.tell_stock_low,
    StockRanOut: products.tell_stock_out,
    StockCameBack: products.tell_stock_back,
    ReviewPublished: products.tell_review_published,
    CartAbandoned: carts.tell_cart_abandoned,
    WishCameBack: carts.tell_wish_back,
    WishPriceDropped: carts.tell_wish_cheaper,
    OrderPlaced: orders.tell_order_placed,
    OrderConfirmed: orders.tell_order_confirmed,
    OrderCancelled: orders.tell_order_cancelled,
    VendorOrderShipped: orders.tell_shipped,
    VendorOrderDelivered: orders.tell_delivered,
    ReturnRequested: orders.tell_return_requested,
    ReturnDecided: orders.tell_return_decided,
    OrderRefunded: orders.tell_refunded,
}

SCHEDULE: Schedule = {
    deliveries.send_mails: timedelta(seconds=1),
    idempotency.forget_old_answers: timedelta(hours=1),
}
