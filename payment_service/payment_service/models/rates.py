"""What currencies are worth in each other, day by day."""

from django.db import models
from django.db.models import Q

from shared.money import EXPONENTS


class RateTable(models.Model):
    """The rates of one day, `{"EUR": "0.92"}`: what one unit of `base` is worth. `version` counts publications."""

    day = models.DateField(primary_key=True)
    base = models.CharField(max_length=3)
    rates = models.JSONField()
    version = models.PositiveBigIntegerField(unique=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "rate_table"
        constraints = (models.CheckConstraint(condition=Q(base__in=sorted(EXPONENTS)), name="rate_table_base_traded"),)

    def __str__(self) -> str:
        return f"{self.day}"
