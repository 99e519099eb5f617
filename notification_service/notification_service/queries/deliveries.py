"""Mails and what became of them, for admins."""

from uuid import UUID

from django.db.models import QuerySet

from notification_service.models import Delivery
from shared.errors import NotFound


def deliveries() -> QuerySet[Delivery]:
    return Delivery.objects.all()


def delivery_for(delivery_id: UUID) -> Delivery:
    """Raises NotFound."""
    delivery = Delivery.objects.filter(id=delivery_id).first()
    if delivery is None:
        raise NotFound()
    return delivery
