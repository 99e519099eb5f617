"""Forgetting people."""

from shared.contracts.user import UserErased
from vendor_service.models import Application, Member

ERASED = "erased@erased.invalid"


def forget_user(message: UserErased) -> None:
    """Applications go; one that became a shop stays with the shop, without what leads to the person. So does the shop's
    owner; who else sold for a vendor no longer does, and the role has gone with the account.
    """
    mine = Application.objects.filter(user_id=message.user_id)
    mine.exclude(status=Application.Status.APPROVED).delete()
    mine.update(contact_email=ERASED, phone="", website="")
    seats = Member.objects.filter(user_id=message.user_id)
    seats.exclude(role=Member.Role.OWNER).delete()
    seats.update(email="")
