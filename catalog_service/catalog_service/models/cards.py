"""The shelf: one ready card for each product that the public sees, and none for any other.

A card repeats what lists show, filter and order by, so that a list is one walk along one index and joins nothing. It is
made anew in the transaction that changes any of it (actions/cards.py), so that no reader ever sees an old one.
"""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import Q

from catalog_service.models.products import Product
from catalog_service.models.taxonomy import NAME_LENGTH

SEPARATOR = "\x1f"
"""Between an attribute's name and its value in a token; neither may contain it."""


class Card(models.Model):
    """`tokens` is all that is filtered and counted by, as text: `category:<slug>` (of every ancestor too),
    `brand:<slug>`, `vendor:<slug>`, `tag:<tag>`, `attribute:<name>␟<value>`, `sale:<currency>`, `featured`.

    `body` is what a list shows besides price and stock; `prices` as in Product. `sold` is units of the last days
    (the clock counts them). `shuffle` is a hash of the id over all 32 bits: the first rows by it are a fair sample.

    `title`, `labels` and `words` are the search documents, each within the next: the name; with brand (weight B),
    category, tags, options and SKUs (C); with descriptions and specifications. Each language's text stands in them in
    the words of that language's text configuration.
    """

    product = models.OneToOneField(Product, models.CASCADE, primary_key=True, related_name="card")
    created_at = models.DateTimeField()
    name_key = models.CharField(max_length=NAME_LENGTH)
    rating = models.DecimalField(max_digits=3, decimal_places=2)
    sold = models.PositiveIntegerField(default=0)
    featured = models.BooleanField()
    in_stock = models.BooleanField()
    shuffle = models.IntegerField()
    tokens = ArrayField(models.TextField())
    prices = models.JSONField()
    body = models.JSONField()
    title = SearchVectorField()
    labels = SearchVectorField()
    words = SearchVectorField()

    class Meta:
        db_table = "card"
        # Without fastupdate: a search would read whatever waits in the list of pending entries, up to 4 MB of it.
        indexes = (
            models.Index(fields=["created_at", "product"], name="card_by_age"),
            models.Index(fields=["name_key", "product"], name="card_by_name"),
            models.Index(fields=["rating", "product"], name="card_by_rating"),
            models.Index(fields=["sold", "product"], name="card_by_sales"),
            models.Index(fields=["shuffle"], name="card_shuffled"),
            models.Index(fields=["created_at", "product"], name="card_sold_out", condition=Q(in_stock=False)),
            models.Index(fields=["created_at", "product"], name="card_featured", condition=Q(featured=True)),
            GinIndex(fields=["tokens"], name="card_tokens", fastupdate=False),
            GinIndex(fields=["title"], name="card_title", fastupdate=False),
            GinIndex(fields=["labels"], name="card_labels", fastupdate=False),
            GinIndex(fields=["words"], name="card_words", fastupdate=False),
        )

    def __str__(self) -> str:
        return self.name_key
