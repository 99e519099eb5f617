"""What catalog tells about each variant, kept here so that a cart works while catalog is away."""

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models.functions import Now

from shared.money import Money


class Offer(models.Model):
    """A variant as something to buy, as of catalog's `version`."""

    variant_id = models.UUIDField(primary_key=True)
    product_id = models.UUIDField(db_index=True)
    category_id = models.UUIDField(null=True)
    slug = models.TextField()
    name = models.TextField()
    sku = models.TextField()
    options = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    image = models.TextField(null=True)
    vendor_id = models.UUIDField()
    vendor_name = models.TextField()
    prices = models.JSONField(default=dict)
    """Currency → minor units: `{"USD": 1250}`."""
    available = models.IntegerField()
    weight_grams = models.IntegerField()
    active = models.BooleanField()
    version = models.BigIntegerField()
    updated_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "offer"
        constraints = (
            models.CheckConstraint(condition=models.Q(available__gte=0), name="offer_available_not_negative"),
        )

    def __str__(self) -> str:
        return self.sku

    @property
    def buyable(self) -> int:
        """How many can be bought now."""
        return self.available if self.active else 0

    @property
    def usual_price(self) -> Money | None:
        """In the shop's usual currency, or else in the first it is sold in."""
        usual = str(settings.CART_CURRENCY)
        return self.price_in(usual if usual in self.prices else min(self.prices, default=usual))

    def price_in(self, currency: str) -> Money | None:
        minor = self.prices.get(currency)
        return Money(minor, currency) if minor is not None else None


NEWER = """
    INSERT INTO offer (variant_id, product_id, category_id, slug, name, sku, options, image, vendor_id, vendor_name,
                       prices, available, weight_grams, active, version, updated_at)
    VALUES (%(variant_id)s, %(product_id)s, %(category_id)s, %(slug)s, %(name)s, %(sku)s, %(options)s, %(image)s,
            %(vendor_id)s, %(vendor_name)s, %(prices)s, %(available)s, %(weight_grams)s, %(active)s, %(version)s, now())
    ON CONFLICT (variant_id) DO UPDATE SET
        product_id = EXCLUDED.product_id, category_id = EXCLUDED.category_id, slug = EXCLUDED.slug,
        name = EXCLUDED.name, sku = EXCLUDED.sku, options = EXCLUDED.options, image = EXCLUDED.image,
        vendor_id = EXCLUDED.vendor_id, vendor_name = EXCLUDED.vendor_name, prices = EXCLUDED.prices,
        available = EXCLUDED.available, weight_grams = EXCLUDED.weight_grams, active = EXCLUDED.active,
        version = EXCLUDED.version, updated_at = EXCLUDED.updated_at
    WHERE offer.version < EXCLUDED.version
"""
"""Insert, or replace what is older, in one statement: an event that comes late changes nothing."""

HEAL = NEWER.replace(
    "WHERE offer.version < EXCLUDED.version",
    "WHERE offer.version <= EXCLUDED.version OR offer.updated_at < %(asked_at)s",
)
"""Insert, or replace what is no newer, and whatever was here before catalog was asked: the answer cannot be older."""
