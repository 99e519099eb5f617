"""What vendors want to change of a product that an admin has approved already, and which of it waits for an admin.

The rules stand in RULES for anybody to read. Whatever none of them names passes at once: status, stock, sale prices,
pictures and their order, options, SKUs, barcodes, weights, further variants.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from django.db import models
from django.db.models import Q
from django.utils import timezone

from catalog_service.errors import AlreadyDecided
from catalog_service.models.products import Product
from shared.context import new_id


@dataclass(frozen=True, slots=True)
class Rule:
    """Changes of these fields wait, and why."""

    name: str
    fields: tuple[str, ...]
    why: str


RULES = (
    Rule(
        "text",
        ("name", "description", "seo_title", "seo_description", "translation"),
        "What buyers read is read before they do.",
    ),
    Rule("place", ("category", "brand"), "It would be found elsewhere, or under another name."),
    Rule("facts", ("specifications", "tags"), "Buyers filter and compare by it."),
    Rule("price", ("prices",), "A price went further from what was approved than may be, or is in another currency."),
)
REVIEWED = tuple(field for rule in RULES for field in rule.fields if field not in ("prices", "translation"))


def broken_rules(fields: Iterable[str]) -> list[Rule]:
    wanted = {field.partition(":")[0] for field in fields}
    return [rule for rule in RULES if wanted & set(rule.fields)]


def is_small(minor: int, approved: int, percent: int) -> bool:
    """Whether a price is within so many per cent of the one approved, up or down."""
    return abs(minor - approved) * 100 <= approved * percent


class RevisionQuerySet(models.QuerySet["Revision"]):
    def pending(self) -> Self:
        return self.filter(status=Revision.Status.PENDING)


class Revision(models.Model):
    """`changes` is what the product's fields become: field → value. Category and brand are `{"id", "slug", "name"}`
    (or null); `translation:de` is its texts, or null; `prices` is a list of `{"variant_id", "sku", "currency", "minor",
    "compare_at", "before"}`, where `minor` null takes the price away and `before` is what it was. A product has one
    pending revision: another edit supersedes it, and contains it, so that an admin decides what they have seen.
    """

    class Status(models.TextChoices):
        PENDING = "pending"
        APPROVED = "approved"
        REJECTED = "rejected"
        WITHDRAWN = "withdrawn"
        SUPERSEDED = "superseded"

    id = models.UUIDField(primary_key=True, default=new_id)
    product = models.ForeignKey(Product, models.CASCADE, related_name="revisions")
    status = models.CharField(max_length=12, choices=Status, default=Status.PENDING)
    changes = models.JSONField()
    reason = models.CharField(max_length=1_000, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    decided_at = models.DateTimeField(null=True)

    objects = RevisionQuerySet.as_manager()

    class Meta:
        db_table = "revision"
        constraints = (
            models.UniqueConstraint(fields=["product"], name="revision_one_pending", condition=Q(status="pending")),
            models.CheckConstraint(
                condition=Q(status__in=["pending", "approved", "rejected", "withdrawn", "superseded"]),
                name="revision_status_known",
            ),
        )
        indexes = (
            models.Index(fields=["status", "created_at", "id"], name="revision_of_status"),
            models.Index(fields=["product", "created_at", "id"], name="revision_of_product"),
        )

    def __str__(self) -> str:
        return f"{', '.join(sorted(self.changes))} {self.status}"

    def approve(self) -> None:
        self._end(self.Status.APPROVED)

    def reject(self, reason: str) -> None:
        self._end(self.Status.REJECTED)
        self.reason = reason

    def withdraw(self) -> None:
        self._end(self.Status.WITHDRAWN)

    def supersede(self) -> None:
        self._end(self.Status.SUPERSEDED)

    def _end(self, status: str) -> None:
        if self.status != self.Status.PENDING:
            raise AlreadyDecided(f"This revision is {self.status}.")
        self.status, self.decided_at = status, timezone.now()

    @property
    def rules(self) -> list[Rule]:
        return broken_rules(self.changes)
