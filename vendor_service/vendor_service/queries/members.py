from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone

from vendor_service.errors import InvitationNotFound, VendorNotFound
from vendor_service.models import Invitation, Member
from vendor_service.models.members import Right


def member(*, vendor_id: UUID, user_id: UUID) -> Member:
    """As what an account sells for a vendor. A token may be older than a removal. Raises VendorNotFound."""
    row = Member.objects.filter(vendor_id=vendor_id, user_id=user_id).first()
    if row is None:
        raise VendorNotFound()
    return row


def may(vendor_id: UUID, user_id: UUID, right: Right) -> bool:
    row = Member.objects.filter(vendor_id=vendor_id, user_id=user_id).first()
    return row is not None and row.may(right)


def members(vendor_id: UUID) -> QuerySet[Member]:
    return Member.objects.filter(vendor_id=vendor_id)


def invitations(vendor_id: UUID) -> QuerySet[Invitation]:
    """Those that can be accepted."""
    return Invitation.objects.filter(vendor_id=vendor_id, ended_at__isnull=True, expires_at__gt=timezone.now())


def invitation(*, vendor_id: UUID, invitation_id: UUID) -> Invitation:
    """Raises InvitationNotFound, also for another vendor's."""
    row = invitations(vendor_id).filter(id=invitation_id).first()
    if row is None:
        raise InvitationNotFound()
    return row
