"""Remember who received what: the purchases behind verified reviews."""

from catalog_service.models import Product, Purchase, Review
from shared.contracts.order import VendorOrderDelivered


def remember_purchase(told: VendorOrderDelivered) -> None:
    """From now on this buyer's reviews of these products are verified, one written before included.

    Whoever writes a review has its product locked, so either they see this purchase, or this sees their review.
    """
    if told.buyer.user_id is None:
        return
    products = Product.objects.filter(id__in=told.product_ids).order_by("id").select_for_update(no_key=True)
    list(products.values_list("id", flat=True))
    purchases = [
        Purchase(
            user_id=told.buyer.user_id, product_id=product_id, order_id=told.order_id, delivered_at=told.delivered_at
        )
        for product_id in sorted(set(told.product_ids))
    ]
    Purchase.objects.bulk_create(purchases, ignore_conflicts=True)
    reviews = Review.objects.filter(user_id=told.buyer.user_id, product_id__in=told.product_ids)
    reviews.update(verified_purchase=True)
