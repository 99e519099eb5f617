"""Pictures of products: files under random names, and what is still to be done with them."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from catalog_service.models.products import Product
from shared import media
from shared.context import new_id
from shared.due import Due


def media_url(name: str) -> str | None:
    """The public address of a stored file; None for none."""
    return media.url(name)


class Image(Due):
    """A picture of a product, and the same in three sizes once the worker has made them (`due_at` is when it may).

    All four are names in the media storage, blank while there is none; `thumbnail` is the smallest size. `source` is
    the address it was fetched from. A product with images has exactly one primary one, which stands for it in lists.
    """

    id = models.UUIDField(primary_key=True, default=new_id)
    product = models.ForeignKey(Product, models.PROTECT, related_name="images")
    file = models.CharField(max_length=120)
    thumbnail = models.CharField(max_length=120, blank=True, default="")
    medium = models.CharField(max_length=120, blank=True, default="", db_default="")
    large = models.CharField(max_length=120, blank=True, default="", db_default="")
    source = models.TextField(blank=True, default="", db_default="")
    alt = models.CharField(max_length=300, blank=True)
    position = models.PositiveIntegerField(default=0)
    primary = models.BooleanField(default=False)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    due_at = models.DateTimeField(null=True, db_default=Now())
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "image"
        constraints = (
            models.UniqueConstraint(fields=["product"], name="image_one_primary", condition=Q(primary=True)),
        )
        indexes = (
            models.Index(fields=["product", "position", "id"], name="image_of_product"),
            models.Index(fields=["file"], name="image_of_file"),
            models.Index(fields=["due_at"], name="image_due", condition=Q(due_at__isnull=False)),
        )

    def __str__(self) -> str:
        return self.file

    @property
    def shown(self) -> str:
        """The smallest file there is."""
        return self.thumbnail or self.file

    @property
    def sizes(self) -> dict[str, str]:
        """Empty until the worker has made them."""
        return {"small": self.thumbnail, "medium": self.medium, "large": self.large} if self.large else {}

    @property
    def files(self) -> list[str]:
        return [name for name in (self.file, self.thumbnail, self.medium, self.large) if name]


class DiscardedFile(Due):
    """A stored file that nothing points at any more, to be deleted when due: pages may show it a little longer."""

    name = models.CharField(max_length=120, primary_key=True)

    class Meta:
        db_table = "discarded_file"
        indexes = (models.Index(fields=["due_at"], name="discarded_file_due"),)

    def __str__(self) -> str:
        return self.name
