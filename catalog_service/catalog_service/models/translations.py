"""What products, categories and brands are called in other languages than the one they are written in."""

from typing import Any

from django.db import models
from django.db.models import Q

from catalog_service.models.products import Product
from catalog_service.models.taxonomy import NAME_LENGTH, Brand, Category
from shared.context import new_id

LANGUAGE = r"^[a-z]{2,3}(-[a-z0-9]{2,8})?$"
TEXTS = ("name", "description", "seo_title", "seo_description")


class Translation(models.Model):
    """Of one product, category or brand. What is empty is read in the next language that the reader understands."""

    id = models.UUIDField(primary_key=True, default=new_id)
    product = models.ForeignKey(Product, models.CASCADE, null=True, related_name="translations")
    category = models.ForeignKey(Category, models.CASCADE, null=True, related_name="translations")
    brand = models.ForeignKey(Brand, models.CASCADE, null=True, related_name="translations")
    language = models.CharField(max_length=12)
    name = models.CharField(max_length=NAME_LENGTH, blank=True)
    description = models.TextField(blank=True)
    seo_title = models.CharField(max_length=200, blank=True)
    seo_description = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "translation"
        constraints = (
            models.UniqueConstraint(fields=["product", "language"], name="translation_of_product_once"),
            models.UniqueConstraint(fields=["category", "language"], name="translation_of_category_once"),
            models.UniqueConstraint(fields=["brand", "language"], name="translation_of_brand_once"),
            models.CheckConstraint(
                condition=Q(product__isnull=False, category__isnull=True, brand__isnull=True)
                | Q(product__isnull=True, category__isnull=False, brand__isnull=True)
                | Q(product__isnull=True, category__isnull=True, brand__isnull=False),
                name="translation_of_one_thing",
            ),
        )

    def __str__(self) -> str:
        return f"{self.language}: {self.name}"

    @property
    def texts(self) -> dict[str, Any]:
        """Only what there is."""
        return {name: text for name in TEXTS if (text := getattr(self, name))}
