from uuid import UUID

from django.db.models import Q, QuerySet

from vendor_service.errors import VendorNotFound
from vendor_service.models import Vendor


def vendors(*, status: str = "") -> QuerySet[Vendor]:
    return Vendor.objects.filter(status=status) if status else Vendor.objects.all()


def active_vendor(slug_or_id: str) -> Vendor:
    """As the public sees it. Raises VendorNotFound."""
    return _one(vendors(status=Vendor.Status.ACTIVE).filter(_named(slug_or_id)))


def vendor(vendor_id: UUID) -> Vendor:
    """In any status, for its owner and admins. Raises VendorNotFound."""
    return _one(Vendor.objects.filter(id=vendor_id))


def _named(slug_or_id: str) -> Q:
    """No slug reads as an id, so there is no doubt which is meant."""
    try:
        return Q(id=UUID(slug_or_id))
    except ValueError:
        # PostgreSQL's text takes no NUL, so no slug has one.
        return Q(slug=slug_or_id.replace("\0", " "))


def _one(rows: QuerySet[Vendor]) -> Vendor:
    row = rows.first()
    if row is None:
        raise VendorNotFound()
    return row
