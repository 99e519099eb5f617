"""Every message listened to, and every job of the clock."""

from datetime import timedelta

from cart_service.actions import abandoned, carts, erasure, offers
from shared import idempotency
from shared.clock import Schedule
from shared.contracts.catalog import OfferChanged
from shared.contracts.order import OrderConfirmed, OrderPlaced
from shared.contracts.user import UserErased
from shared.inbox import Subscriptions, Together

SUBSCRIPTIONS: Subscriptions = {
    OfferChanged: Together(offers.keep_offers),
    OrderPlaced: abandoned.note_order,
    OrderConfirmed: carts.take_out_ordered,
    UserErased: erasure.forget_user,
}

SCHEDULE: Schedule = {
    abandoned.find_abandoned: timedelta(minutes=1),
    abandoned.forget_old: timedelta(hours=12),
    carts.forget_ordered: timedelta(hours=1),
    idempotency.forget_old_answers: timedelta(hours=1),
}
