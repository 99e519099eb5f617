"""What belongs together, and what somebody may like: tables that the clock computes, each read as one walk."""

from django.db import models
from django.db.models import F, Q

from catalog_service.models.products import Product
from catalog_service.models.taxonomy import Category
from shared.context import new_id


class Sale(models.Model):
    """Products of confirmed orders: a projection of order's OrderConfirmed and OrderCancelled."""

    id = models.UUIDField(primary_key=True, default=new_id)
    order_id = models.UUIDField()
    product_id = models.UUIDField()
    user_id = models.UUIDField(null=True)
    quantity = models.PositiveIntegerField()
    confirmed_at = models.DateTimeField()

    class Meta:
        db_table = "sale"
        constraints = (models.UniqueConstraint(fields=["order_id", "product_id"], name="sale_once"),)
        indexes = (
            models.Index(fields=["confirmed_at"], name="sale_by_age"),
            models.Index(fields=["user_id", "product_id"], name="sale_by_user", condition=Q(user_id__isnull=False)),
        )

    def __str__(self) -> str:
        return f"{self.quantity} x {self.product_id}"


class BoughtTogether(models.Model):
    """`lift`: how many times as often both are in one order as if they had nothing to do with each other. `score`
    trusts the lift of many `orders` more than that of a few.
    """

    id = models.UUIDField(primary_key=True, default=new_id)
    product = models.ForeignKey(Product, models.CASCADE, related_name="+")
    other = models.ForeignKey(Product, models.CASCADE, related_name="+")
    orders = models.PositiveIntegerField()
    lift = models.FloatField()
    score = models.FloatField()

    class Meta:
        db_table = "bought_together"
        constraints = (models.UniqueConstraint(fields=["product", "other"], name="bought_together_once"),)
        indexes = (models.Index(fields=["product", "-score"], name="bought_together_best"),)

    def __str__(self) -> str:
        return f"{self.product_id} with {self.other_id}: {self.lift:.1f}"


class CategoryPick(models.Model):
    """The best of a category and all below it, from position 1."""

    id = models.UUIDField(primary_key=True, default=new_id)
    category = models.ForeignKey(Category, models.CASCADE, related_name="+")
    product = models.ForeignKey(Product, models.CASCADE, related_name="+")
    position = models.PositiveSmallIntegerField()

    class Meta:
        db_table = "category_pick"
        constraints = (models.UniqueConstraint(fields=["category", "product"], name="category_pick_once"),)
        indexes = (models.Index(fields=["category", "position"], name="category_pick_best"),)

    def __str__(self) -> str:
        return f"{self.position} of {self.category_id}"


class Shopper(models.Model):
    """A user of whom there is something to learn: `touched_at` is when that last changed."""

    user_id = models.UUIDField(primary_key=True)
    touched_at = models.DateTimeField()
    computed_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "shopper"
        indexes = (
            models.Index(
                fields=["touched_at"],
                name="shopper_due",
                condition=Q(computed_at__isnull=True) | Q(computed_at__lt=F("touched_at")),
            ),
        )

    def __str__(self) -> str:
        return str(self.user_id)


class Recommendation(models.Model):
    class Reason(models.TextChoices):
        BOUGHT_TOGETHER = "bought_together"
        SIMILAR = "similar"

    id = models.UUIDField(primary_key=True, default=new_id)
    user_id = models.UUIDField()
    product = models.ForeignKey(Product, models.CASCADE, related_name="+")
    score = models.FloatField()
    reason = models.CharField(max_length=16, choices=Reason)

    class Meta:
        db_table = "recommendation"
        constraints = (models.UniqueConstraint(fields=["user_id", "product"], name="recommendation_once"),)
        indexes = (models.Index(fields=["user_id", "-score"], name="recommendation_best"),)

    def __str__(self) -> str:
        return f"{self.product_id} for {self.user_id}"
