"""Every message listened to, and every job of the clock."""

from datetime import timedelta

from catalog_service.actions import (
    cards,
    erasure,
    exports,
    files,
    holds,
    images,
    imports,
    offers,
    part_cancellations,
    popularity,
    purchases,
    rates,
    recommendations,
    remote_images,
    reservations,
    sale_prices,
    sales,
    searches,
    taxonomy,
    vendor_holds,
    vendors,
)
from shared import idempotency
from shared.clock import Schedule
from shared.contracts.catalog import ReleaseStock, ReserveStock
from shared.contracts.order import (
    OrderCancelled,
    OrderConfirmed,
    ReturnReceived,
    VendorOrderCancelled,
    VendorOrderDelivered,
)
from shared.contracts.payment import ExchangeRatesPublished
from shared.contracts.user import UserErased
from shared.contracts.vendor import VendorChanged
from shared.inbox import Subscriptions, Together

SUBSCRIPTIONS: Subscriptions = {
    ReserveStock: Together(holds.reserve_stock),
    ReleaseStock: reservations.release_stock,
    OrderConfirmed: sales.confirm_order,
    OrderCancelled: sales.cancel_order,
    VendorOrderCancelled: part_cancellations.give_back_part,
    ReturnReceived: reservations.restock,
    VendorOrderDelivered: purchases.remember_purchase,
    VendorChanged: vendors.follow_vendor,
    ExchangeRatesPublished: rates.follow_rates,
    UserErased: erasure.forget_user,
}

SCHEDULE: Schedule = {
    reservations.expire_holds: timedelta(seconds=1),
    vendor_holds.expire_vendor_holds: timedelta(seconds=1),
    offers.tell_untold: timedelta(seconds=1),
    taxonomy.tell_places: timedelta(seconds=5),
    imports.run_imports: timedelta(seconds=1),
    remote_images.fetch_images: timedelta(seconds=1),
    exports.run_exports: timedelta(seconds=1),
    exports.forget_old_exports: timedelta(hours=1),
    images.make_thumbnails: timedelta(seconds=1),
    files.delete_discarded: timedelta(minutes=1),
    files.sweep_files: timedelta(hours=6),
    popularity.flush_views: timedelta(seconds=10),
    popularity.refresh_trends: timedelta(minutes=1),
    popularity.forget_old_views: timedelta(hours=1),
    recommendations.refresh_recommendations: timedelta(minutes=1),
    sale_prices.turn_prices: timedelta(seconds=1),
    idempotency.forget_old_answers: timedelta(hours=1),
    cards.mend: timedelta(hours=1),
    cards.count_sales: timedelta(minutes=10),
    cards.note_common_words: timedelta(minutes=10),
    searches.keep_counts: timedelta(seconds=10),
    searches.forget_old_counts: timedelta(hours=24),
}
