"""Whom this service knows."""

from notification_service.models import Recipient, VendorContact
from shared.contracts.user import UserChanged, UserRegistered
from shared.contracts.vendor import VendorChanged


def keep_new_user(message: UserRegistered) -> None:
    """The first word about somebody; UserChanged knows better."""
    known = {"email": message.email, "first_name": message.first_name, "locale": message.locale}
    Recipient.objects.get_or_create(user_id=message.user_id, defaults=known)


def keep_user(message: UserChanged) -> None:
    """What is older than what is known is dropped."""
    told = {
        "email": message.email,
        "first_name": message.first_name,
        "locale": message.locale,
        "roles": list(message.roles),
        "active": message.active,
        "version": message.version,
    }
    _row, made = Recipient.objects.get_or_create(user_id=message.user_id, defaults=told)
    if not made:
        Recipient.objects.filter(user_id=message.user_id, version__lt=message.version).update(**told)


def keep_vendor(message: VendorChanged) -> None:
    told = {
        "owner_id": message.owner_id,
        "name": message.name,
        "email": message.contact_email,
        "version": message.version,
    }
    _row, made = VendorContact.objects.get_or_create(vendor_id=message.vendor_id, defaults=told)
    if not made:
        VendorContact.objects.filter(vendor_id=message.vendor_id, version__lt=message.version).update(**told)
