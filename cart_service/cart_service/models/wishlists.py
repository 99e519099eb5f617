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

    class Meta:
        db_table = "wishlist_item"
        constraints = (models.UniqueConstraint(fields=["wishlist", "variant_id"], name="wishlist_item_once"),)
        indexes = (models.Index(fields=["wishlist", "id"], name="wishlist_item_listed"),)

    def __str__(self) -> str:
        return str(self.variant_id)
