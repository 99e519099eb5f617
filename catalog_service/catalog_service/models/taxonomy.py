"""Where products stand: a tree of categories of any depth, and brands."""

import re
import secrets
from typing import Any, Self
from uuid import UUID

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import connection, models
from django.db.models.functions import Lower
from django.utils.text import slugify

from shared.context import new_id
from shared.errors import NotFound

NAME_LENGTH = 200
SLUG_LENGTH = 220
MAX_LEVELS = 100
"""Of the tree: it is answered nested, and readers of JSON have their limits."""
_SLUG = re.compile(rf"[a-z0-9_-]{{1,{SLUG_LENGTH}}}")


def id_or_slug(reference: str) -> dict[str, Any]:
    """What a client names a row by, as a filter. Raises NotFound for what can be neither."""
    try:
        return {"id": UUID(reference)}
    except ValueError:
        pass
    if not _SLUG.fullmatch(reference):
        raise NotFound
    return {"slug": reference}


def free_slug(model: type[models.Model], name: str) -> str:
    """A slug of this name that no row of the model has, and none can take before this transaction ends."""
    base = slugify(name)[: SLUG_LENGTH - 20].strip("-") or model._meta.model_name or "row"
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"slug {base}"])
    taken = model._default_manager.filter(slug=base).exists()
    return f"{base}-{secrets.token_hex(4)}" if taken else base


class Category(models.Model):
    """A place in the tree. `lineage` is the ids from the root down to itself: descendants, breadcrumbs."""

    id = models.UUIDField(primary_key=True, default=new_id)
    slug = models.CharField(max_length=SLUG_LENGTH, unique=True)
    name = models.CharField(max_length=NAME_LENGTH)
    parent = models.ForeignKey("self", models.PROTECT, null=True, related_name="children")
    lineage = ArrayField(models.UUIDField())
    version = models.BigIntegerField(default=0, db_default=0)
    """Of its place, as it was told last; `untold`: it has another since. Both change under the tree's lock alone."""
    untold = models.BooleanField(default=True, db_default=True)
    position = models.IntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "category"
        verbose_name_plural = "categories"
        indexes = (
            GinIndex(fields=["lineage"], name="category_lineage"),
            models.Index(fields=["id"], name="category_untold", condition=models.Q(untold=True)),
        )
        constraints = (
            models.CheckConstraint(condition=~models.Q(parent=models.F("id")), name="category_not_its_own_parent"),
        )

    def __str__(self) -> str:
        return self.slug

    def stand_under(self, parent: Self | None) -> None:
        """Set the parent and the lineage that follows from it; the caller moves the descendants."""
        self.parent = parent
        self.lineage = [*(parent.lineage if parent else []), self.id]


class Brand(models.Model):
    """The database keeps `words` beside it, its name's as they stand in cards (migration 0026)."""

    id = models.UUIDField(primary_key=True, default=new_id)
    slug = models.CharField(max_length=SLUG_LENGTH, unique=True)
    name = models.CharField(max_length=NAME_LENGTH)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "brand"
        constraints = (models.UniqueConstraint(Lower("name"), name="brand_name_once"),)

    def __str__(self) -> str:
        return self.slug
