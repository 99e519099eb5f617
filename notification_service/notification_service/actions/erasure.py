"""Forgetting people."""

from django.db.models import CharField, Value
from django.db.models.functions import Cast, Concat

from notification_service.models import Delivery, Notification, Preference, Recipient
from shared.contracts.user import UserErased


def forget_user(message: UserErased) -> None:
    """Of what was delivered the kind and the time stay; what still waits is not sent."""
    for kept in (Recipient, Notification, Preference):
        kept.objects.filter(user_id=message.user_id).delete()
    mine = Delivery.objects.filter(user_id=message.user_id)
    mine.filter(status=Delivery.Status.QUEUED).delete()
    nobody = Concat(Value("erased-"), Cast("id", CharField()))
    mine.update(address=nobody, subject="", body="", error="")
