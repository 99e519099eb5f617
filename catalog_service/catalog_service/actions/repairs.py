"""What the auditor may have mended. Each may be asked twice."""

from collections.abc import Sequence
from uuid import UUID

from django.db import transaction

from catalog_service.actions import offers
from catalog_service.actions.reservations import give_back
from catalog_service.models import Vendor
from shared.evidence import Repairs


@transaction.atomic
def release_holds(order_ids: Sequence[UUID]) -> int:
    """Of orders that are cancelled, or were never heard of: nobody waits for the answer, so nobody is told."""
    return sum(give_back(order_id, "audit") for order_id in sorted(order_ids))


@transaction.atomic
def tell_offers(variant_ids: Sequence[UUID]) -> int:
    """Once more, each as its next version."""
    offers.retell(variant_ids)
    return len(variant_ids)


def doubt_vendors(vendor_ids: Sequence[UUID]) -> int:
    """Whatever vendor tells of them next is newer: it counts from 1. They stay as they are until then."""
    return Vendor.objects.filter(id__in=vendor_ids).update(version=0)


REPAIRS: Repairs = {"holds": release_holds, "offers": tell_offers, "vendors": doubt_vendors}
