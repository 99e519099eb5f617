"""State of the notification service: whom it knows, what it told them, what is on its way."""

from notification_service.models.deliveries import Delivery
from notification_service.models.notifications import Notification, Preference
from notification_service.models.recipients import Recipient, VendorContact

__all__ = ["Delivery", "Notification", "Preference", "Recipient", "VendorContact"]
