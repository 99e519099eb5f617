"""The projection of vendors' terms."""

from order_service.models import VendorTerms
from shared.contracts.vendor import VendorChanged


def keep_terms(message: VendorChanged) -> None:
    """Take the vendor's present truth, unless a newer one is here already."""
    known = VendorTerms.objects.select_for_update().filter(vendor_id=message.vendor_id).first()
    if known and known.version >= message.version:
        return
    VendorTerms.objects.update_or_create(
        vendor_id=message.vendor_id,
        defaults={
            "name": message.name,
            "active": message.status == "active",
            "commission_basis_points": message.commission_basis_points,
            "version": message.version,
        },
    )
