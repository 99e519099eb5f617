"""Who signed in or tried to, and what devices and places an account is used from."""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from shared.context import new_id
from user_service.models.accounts import User
from user_service.models.devices import device_of
from user_service.models.places import Place
from user_service.models.sessions import Session


class Outcome(models.TextChoices):
    SUCCEEDED = "succeeded"
    WRONG_PASSWORD = "wrong_password"  # noqa: S105 - an outcome, not a secret
    TWO_FACTOR_FAILED = "two_factor_failed"
    BLOCKED = "blocked"
    EMAIL_NOT_VERIFIED = "email_not_verified"
    PASSWORD_RESET_REQUIRED = "password_reset_required"  # noqa: S105


class LoginAttempt(models.Model):
    """One line of an account's login history. The clock finds its place afterwards, and judges it."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="login_attempts")
    session = models.ForeignKey(Session, on_delete=models.SET_NULL, null=True, related_name="+")
    outcome = models.CharField(max_length=24, choices=Outcome.choices)
    address = models.GenericIPAddressField(null=True)
    user_agent = models.CharField(max_length=300, blank=True)
    place = models.CharField(max_length=120, null=True)
    country = models.CharField(max_length=2, blank=True)
    at = models.DateTimeField(default=timezone.now)
    judged_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "login_attempt"
        constraints = (models.CheckConstraint(condition=Q(outcome__in=Outcome.values), name="login_outcome_known"),)
        indexes = (
            models.Index(fields=["user", "-id"], name="login_of_user"),
            models.Index(fields=["id"], name="login_pending", condition=Q(judged_at__isnull=True)),
            models.Index(fields=["at"], name="login_at"),
        )

    def __str__(self) -> str:
        return str(self.id)

    @property
    def device(self) -> str:
        return device_of(self.user_agent)

    def judge(self, place: Place | None) -> None:
        """Once; judged again it would be no news."""
        self.judged_at = timezone.now()
        if place:
            self.place, self.country = place.name, place.country

    def traits(self) -> dict[str, str]:
        """What may be familiar of it; of an unknown place nothing can be."""
        traits = {Familiar.Kind.DEVICE.value: self.device, Familiar.Kind.PLACE.value: self.country}
        return {kind: value for kind, value in traits.items() if value}


class Familiar(models.Model):
    """A device or a country that an account was signed in from. Kept apart from the history, which a stranger could
    flush with failures."""

    class Kind(models.TextChoices):
        DEVICE = "device"
        PLACE = "place"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="familiar")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    value = models.CharField(max_length=120)
    last_seen_at = models.DateTimeField()

    class Meta:
        db_table = "familiar"
        constraints = (
            models.UniqueConstraint(fields=["user", "kind", "value"], name="familiar_once"),
            models.CheckConstraint(condition=Q(kind__in=["device", "place"]), name="familiar_kind_known"),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.value}"
