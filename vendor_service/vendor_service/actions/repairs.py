"""What the auditor may have mended. Each may be asked twice."""

from collections.abc import Sequence
from uuid import UUID

from django.db import transaction

from shared.evidence import Repairs
from vendor_service.actions.vendors import tell_changed
from vendor_service.models import Balance, Vendor


@transaction.atomic
def tell_vendors(vendor_ids: Sequence[UUID]) -> int:
    """Once more, each as its next version."""
    vendors = list(Vendor.objects.filter(id__in=vendor_ids).select_for_update().order_by("id"))
    for vendor in vendors:
        tell_changed(vendor)
    return len(vendors)


def doubt_balances(vendor_ids: Sequence[UUID]) -> int:
    """Whatever payment tells of them next is newer."""
    return Balance.objects.filter(vendor_id__in=vendor_ids).update(version=-1)


REPAIRS: Repairs = {"vendors": tell_vendors, "balances": doubt_balances}
