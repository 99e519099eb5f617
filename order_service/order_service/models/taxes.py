"""What the state gets: by country or region, and by what kind of thing it is."""

from django.db import models
from django.db.models import Q

from shared.context import new_id


class TaxCategory(models.Model):
    """A kind of goods that a country may tax apart: food, books. What is in none is taxed in general."""

    id = models.UUIDField(primary_key=True, default=new_id)
    code = models.CharField(max_length=40, unique=True)
    name = models.CharField(max_length=100)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "tax_category"
        verbose_name_plural = "tax categories"

    def __str__(self) -> str:
        return self.code


class TaxedCategory(models.Model):
    """A category of the catalogue is in one tax category: its id is the key."""

    category_id = models.UUIDField(primary_key=True)
    tax_category = models.ForeignKey(TaxCategory, on_delete=models.CASCADE, related_name="members")

    class Meta:
        db_table = "taxed_category"
        verbose_name_plural = "taxed categories"

    def __str__(self) -> str:
        return str(self.category_id)


class TaxRate(models.Model):
    """A rate where it holds. `inclusive`: prices contain it; if not, it is added to them.

    Of several, the region's own come before the country's, and within them the tax category's before the general.
    """

    id = models.UUIDField(primary_key=True, default=new_id)
    name = models.CharField(max_length=100)
    country = models.CharField(max_length=2)
    region = models.CharField(max_length=100, blank=True)
    """In upper case; empty for the whole country."""
    tax_category = models.ForeignKey(TaxCategory, null=True, on_delete=models.CASCADE, related_name="rates")
    basis_points = models.PositiveIntegerField()
    inclusive = models.BooleanField(default=False)
    on_shipping = models.BooleanField(default=True)
    """Shipping is taxed by the general rate, if that says so."""
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "tax_rate"
        constraints = (
            models.UniqueConstraint(
                fields=["country", "region", "tax_category"], name="one_tax_rate_a_place", nulls_distinct=False
            ),
            models.CheckConstraint(condition=Q(basis_points__lte=10_000), name="tax_rate_at_most_all"),
        )

    def __str__(self) -> str:
        return self.name
