"""Forgetting people."""

from django.db.models import Q

from shared.contracts.user import UserErased
from vendor_service.actions.payout_accounts import forget_accounts
from vendor_service.models import Application, Document, Member

ERASED = "erased@erased.invalid"


def forget_user(message: UserErased) -> None:
    """Documents and applications go; one that became a shop stays with the shop, without what leads to the person. So
    does the shop's owner; who else sold for a vendor no longer does, and the role has gone with the account.
    """
    Document.objects.filter(Q(uploaded_by=message.user_id) | Q(application__user_id=message.user_id)).delete()
    mine = Application.objects.filter(user_id=message.user_id)
    mine.exclude(status=Application.Status.APPROVED).delete()
    mine.update(contact_email=ERASED, phone="", website="")
    seats = Member.objects.filter(user_id=message.user_id)
    seats.exclude(role=Member.Role.OWNER).delete()
    seats.update(email="")
    forget_accounts(owner_id=message.user_id)
