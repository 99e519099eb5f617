"""Accounts elsewhere that sign somebody in here."""

from django.db import models

from shared.context import new_id
from user_service.models.accounts import User


class Identity(models.Model):
    """`subject` is the provider's own id of a person, which never changes, as the e-mail address may."""

    class Provider(models.TextChoices):
        GOOGLE = "google"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="identities")
    provider = models.CharField(max_length=16, choices=Provider.choices)
    subject = models.CharField(max_length=255)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "identity"
        verbose_name_plural = "identities"
        constraints = (models.UniqueConstraint(fields=["provider", "subject"], name="identity_signs_in_one"),)

    def __str__(self) -> str:
        return str(self.id)
