"""Follow what vendor tells of vendors."""

from uuid import UUID

from django.db import connection

from catalog_service.actions import cards, offers
from catalog_service.models import StockItem, Variant, Vendor
from shared.contracts.vendor import VendorChanged
from shared.errors import Invalid

_SHARE = "SELECT 1 FROM known_vendor WHERE id = %s FOR SHARE"


def follow_vendor(told: VendorChanged) -> None:
    """Keep the newest truth. A change that buyers can see is told on as offers of all the vendor's variants."""
    _make_sure_of(told.vendor_id)
    vendor = Vendor.objects.select_for_update(no_key=True).get(id=told.vendor_id)
    if vendor.status != Vendor.Status.UNKNOWN and told.version <= vendor.version:
        return
    visible = vendor.follow(told)
    vendor.save()
    if visible:
        variants = Variant.objects.filter(vendor=vendor, deleted_at__isnull=True)
        products = vendor.products.filter(deleted_at__isnull=True).order_by("id").select_for_update(no_key=True)
        ids = list(products.values_list("id", flat=True))
        stock = StockItem.objects.locked(variants.values_list("id", flat=True))
        cards.refresh(ids, with_stock=True)
        offers.retell(stock)


def vendor_who_writes(vendor_id: UUID, *, by_admin: bool) -> Vendor:
    """The vendor of a product that is being written. It cannot be suspended before the product is there to be seen.

    A vendor's token may be here before VendorChanged is: its product is taken, and shown once the vendor is known.
    Raises Invalid for an admin who names a vendor that does not exist.
    """
    if not by_admin:
        _make_sure_of(vendor_id)
    with connection.cursor() as cursor:
        cursor.execute(_SHARE, [vendor_id])
    vendor = Vendor.objects.filter(id=vendor_id).first()
    if vendor is None:
        raise Invalid({"vendor_id": ["There is no such vendor."]})
    return vendor


def _make_sure_of(vendor_id: UUID) -> None:
    Vendor.objects.bulk_create([Vendor(id=vendor_id)], ignore_conflicts=True)
