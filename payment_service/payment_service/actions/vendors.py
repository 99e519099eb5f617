"""Follow what vendor tells of vendors."""

from payment_service.models import Vendor
from shared.contracts.vendor import VendorChanged


def follow_vendor(told: VendorChanged) -> None:
    """Keep the newest truth; what is older than it, or told twice, changes nothing."""
    figures = {"owner_id": told.owner_id, "name": told.name, "status": told.status, "version": told.version}
    vendor, made = Vendor.objects.get_or_create(id=told.vendor_id, defaults=figures)
    if not made:
        Vendor.objects.filter(id=vendor.id, version__lt=told.version).update(**figures)
