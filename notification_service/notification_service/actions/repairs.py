"""What the auditor may have mended. Each may be asked twice."""

from collections.abc import Sequence
from uuid import UUID

from notification_service.models import Recipient, VendorContact
from shared.evidence import Repairs


def doubt_vendors(vendor_ids: Sequence[UUID]) -> int:
    """Whatever vendor tells of them next is newer."""
    return VendorContact.objects.filter(vendor_id__in=vendor_ids).update(version=-1)


def doubt_accounts(user_ids: Sequence[UUID]) -> int:
    """Whatever user tells of them next is newer."""
    return Recipient.objects.filter(user_id__in=user_ids).update(version=-1)


REPAIRS: Repairs = {"vendors": doubt_vendors, "accounts": doubt_accounts}
