"""Editions: what of the catalogue has changed since somebody kept an answer.

Triggers on every table that public answers show give its topic a new stamp, in the transaction that changes a row: no
action can forget to, and none does it for what is rolled back. An answer that was kept under the stamps that a reader
finds is as new as the rows are. Nobody waits for a stamp: a topic has as many rows as ever wrote it at one moment, and
a writer takes one that no other holds, or adds one. `note_change()` is in migration 0020, and `watch()` adds a table.
"""

import uuid

from django.db import models
from django.db.migrations import RunSQL

SHELF, TREE, PRODUCT = "shelf", "tree", "product"
TOPICS_OF_PRODUCTS = 256
"""Topics for products, `product:0` to `product:255` by the last byte of the id: one that sells out leaves most others'
kept answers alone."""

WATCHED = {
    "card": SHELF,
    "product_price": SHELF,
    "synonym": SHELF,
    "search_word": SHELF,
    "common_word": SHELF,
    "category": TREE,
    "brand": TREE,
    "known_vendor": TREE,
    "attribute": TREE,
    "translation": TREE,
    "exchange_rate": TREE,
    "product": PRODUCT,
    "variant": PRODUCT,
    "price": PRODUCT,
    "stock_item": PRODUCT,
    "image": PRODUCT,
}
"""Table → topic. Lists, facets and searches show SHELF and TREE; a product PRODUCT and TREE; the tree, TREE."""


class Edition(models.Model):
    """Written by `note_change()` only. A stamp never comes twice, not even from a backup."""

    slot = models.UUIDField(primary_key=True, default=uuid.uuid4)
    topic = models.CharField(max_length=20, db_index=True)
    stamp = models.UUIDField()

    class Meta:
        db_table = "edition"

    def __str__(self) -> str:
        return self.topic


def watch(table: str, topic: str) -> RunSQL:
    """For a migration: whatever changes in the table is a new edition of the topic."""
    return RunSQL(
        f"CREATE TRIGGER noted AFTER INSERT OR UPDATE OR DELETE ON {table} "
        f"FOR EACH ROW EXECUTE FUNCTION note_change('{topic}')",
        f"DROP TRIGGER noted ON {table}",
    )
