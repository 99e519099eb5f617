"""Forgetting people."""

from shared.contracts.user import UserErased
from vendor_service.actions.payout_accounts import forget_accounts
from vendor_service.models import Application

ERASED = "erased@erased.invalid"


def forget_user(message: UserErased) -> None:
    """Applications go; one that became a shop stays with the shop, without what leads to the person."""
    mine = Application.objects.filter(user_id=message.user_id)
    mine.exclude(status=Application.Status.APPROVED).delete()
    mine.update(contact_email=ERASED, phone="", website="")
    forget_accounts(owner_id=message.user_id)
