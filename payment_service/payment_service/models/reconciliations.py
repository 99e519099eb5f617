"""What a provider says it has done, held against the ledger."""

from django.db import models

from shared.context import new_id


class Reconciliation(models.Model):
    """Of the days `since` to `until`, both included, in UTC."""

    id = models.UUIDField(primary_key=True, default=new_id)
    provider = models.CharField(max_length=40)
    since = models.DateField()
    until = models.DateField()
    records = models.PositiveIntegerField()
    matched = models.PositiveIntegerField()
    differing = models.PositiveIntegerField()
    made_by = models.UUIDField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "reconciliation"

    def __str__(self) -> str:
        return f"{self.provider} {self.since} to {self.until}"

    @property
    def agrees(self) -> bool:
        return not self.differing


class Difference(models.Model):
    """`ours` and `theirs` in minor units of their currencies; None on the side where there is nothing."""

    class Kind(models.TextChoices):
        MISSING_HERE = "missing_here"
        MISSING_THERE = "missing_there"
        AMOUNT = "amount_differs"
        DUPLICATE = "duplicate"

    id = models.UUIDField(primary_key=True, default=new_id)
    reconciliation = models.ForeignKey(Reconciliation, on_delete=models.CASCADE, related_name="differences")
    kind = models.CharField(max_length=20, choices=Kind.choices)
    what = models.CharField(max_length=10)
    key = models.CharField(max_length=200, blank=True)
    reference = models.CharField(max_length=200, blank=True)
    ours = models.BigIntegerField(null=True)
    our_currency = models.CharField(max_length=3, blank=True)
    theirs = models.BigIntegerField(null=True)
    their_currency = models.CharField(max_length=3, blank=True)
    cause = models.CharField(max_length=200)

    class Meta:
        db_table = "reconciliation_difference"

    def __str__(self) -> str:
        return f"{self.kind} {self.what} {self.key or self.reference}"
