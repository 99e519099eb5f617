"""Pictures of products: a re-encoded file and its thumbnail under random names."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from catalog_service.models.products import Product
from shared.context import new_id


def media_url(name: str) -> str | None:
    """The public address of a stored file; None for none."""
    return f"{settings.PUBLIC_URL}{settings.MEDIA_URL}{name}" if name else None


class Image(models.Model):
    """`file` and `thumbnail` are names in the media storage. A product with images has exactly one primary one."""

    id = models.UUIDField(primary_key=True, default=new_id)
    product = models.ForeignKey(Product, models.PROTECT, related_name="images")
    file = models.CharField(max_length=120)
    thumbnail = models.CharField(max_length=120)
    alt = models.CharField(max_length=300, blank=True)
    position = models.PositiveIntegerField(default=0)
    primary = models.BooleanField(default=False)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "image"
        constraints = (
            models.UniqueConstraint(fields=["product"], name="image_one_primary", condition=Q(primary=True)),
        )
        indexes = (models.Index(fields=["product", "position", "id"], name="image_of_product"),)

    def __str__(self) -> str:
        return self.file
