"""The projection of vendors' terms."""

from order_service.models import VendorTerms
from shared.contracts.vendor import VendorChanged


def keep_terms(message: VendorChanged) -> None:
    """Take the vendor's present truth, unless a newer one is here already, or comes at this moment."""
    told = {
        "name": message.name,
        "active": message.status == "active",
        "commission_basis_points": message.commission_basis_points,
        "country": message.country,
        "version": message.version,
    }
    _row, new = VendorTerms.objects.get_or_create(vendor_id=message.vendor_id, defaults=told)
    if not new:
        VendorTerms.objects.filter(vendor_id=message.vendor_id, version__lt=message.version).update(**told)
