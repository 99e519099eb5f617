"""Security claims: a login that was unusual, which its owner either knows of or does not."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone

from shared.context import new_id
from user_service.errors import ClaimResolved
from user_service.models.accounts import User
from user_service.models.sessions import Session


class SecurityClaim(models.Model):
    """`reasons`: what was unfamiliar, `device` or `place`. Resolved by its owner's word: `was_me`."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="security_claims")
    session = models.ForeignKey(Session, on_delete=models.SET_NULL, null=True, related_name="+")
    reasons = ArrayField(models.CharField(max_length=8))
    device = models.CharField(max_length=120)
    place = models.CharField(max_length=120, null=True)
    country = models.CharField(max_length=2, blank=True)
    address = models.GenericIPAddressField(null=True)
    at = models.DateTimeField()
    was_me = models.BooleanField(null=True)
    resolved_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "security_claim"
        constraints = (
            models.CheckConstraint(
                condition=Q(was_me__isnull=True, resolved_at__isnull=True)
                | Q(was_me__isnull=False, resolved_at__isnull=False),
                name="claim_resolved_by_word",
            ),
            models.CheckConstraint(
                condition=Q(reasons__contained_by=["device", "place"], reasons__len__gt=0), name="claim_reasons_known"
            ),
        )
        indexes = (models.Index(fields=["user", "-id"], name="claim_of_user"),)

    def __str__(self) -> str:
        return str(self.id)

    def resolve(self, *, was_me: bool) -> bool:
        """False when this was said before. "It was me" can be taken back, for a stranger may have said it; "it was
        not me" cannot: raises ClaimResolved.
        """
        if self.was_me is False and was_me:
            raise ClaimResolved()
        if self.was_me == was_me:
            return False
        self.was_me, self.resolved_at = was_me, timezone.now()
        return True
