"""What somebody would like to have one day."""

from django.db import models
from django.utils import timezone

from shared.context import new_id

MAX_LISTS = 50
MAX_ITEMS = 200


class Wishlist(models.Model):
    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user_id = models.UUIDField()
    name = models.CharField(max_length=80)
    alerts = models.BooleanField(default=True, db_default=True)
    """Whether its user wants to hear when something on it comes back or gets cheaper."""
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "wishlist"
        indexes = (models.Index(fields=["user_id", "id"], name="wishlist_of_user"),)

    def __str__(self) -> str:
        return self.name


class WishlistItem(models.Model):
    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    wishlist = models.ForeignKey(Wishlist, on_delete=models.CASCADE, related_name="items")
    variant_id = models.UUIDField()
    created_at = models.DateTimeField(default=timezone.now)
    back_told_at = models.DateTimeField(null=True)
    drop_told_at = models.DateTimeField(null=True)
    drop_told_minor = models.BigIntegerField(null=True)
    """The price that was last told as lower."""

    class Meta:
        db_table = "wishlist_item"
        constraints = (models.UniqueConstraint(fields=["wishlist", "variant_id"], name="wishlist_item_once"),)
        indexes = (
            models.Index(fields=["wishlist", "id"], name="wishlist_item_listed"),
            models.Index(fields=["variant_id"], name="wishlist_item_of_variant"),
        )

    def __str__(self) -> str:
        return str(self.variant_id)


BACK = """
    UPDATE wishlist_item SET back_told_at = %(now)s
    FROM wishlist
    WHERE wishlist.id = wishlist_item.wishlist_id AND wishlist.alerts AND wishlist_item.variant_id = %(variant_id)s
        AND (back_told_at IS NULL OR back_told_at <= %(now)s - %(rest)s)
    RETURNING wishlist.user_id
"""
"""Who is to hear that a variant is back; not each time, as the last one comes back whenever a hold of it ends."""

DROP = """
    UPDATE wishlist_item SET drop_told_at = %(now)s, drop_told_minor = %(minor)s
    FROM wishlist
    WHERE wishlist.id = wishlist_item.wishlist_id AND wishlist.alerts AND wishlist_item.variant_id = %(variant_id)s
        AND (drop_told_at IS NULL OR drop_told_minor > %(minor)s OR drop_told_at <= %(now)s - %(rest)s)
    RETURNING wishlist.user_id
"""
"""Who is to hear of a lower price. A price that goes up and down is told again only when it is lower than ever told."""
