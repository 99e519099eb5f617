"""Revisions as vendors and admins read them."""

from uuid import UUID

from django.db.models import QuerySet

from catalog_service.models import Product, Revision
from catalog_service.queries.pages import Order, Page, moment, page
from shared.errors import NotFound

OLDEST = Order("created_at", parse=moment)
NEWEST = Order("created_at", descending=True, parse=moment)


def list_revisions(*, status: str, cursor: str | None, limit: int) -> Page[Revision]:
    """Everybody's; those that wait oldest first, others newest first."""
    rows = _whole().filter(product__deleted_at__isnull=True)
    if status:
        rows = rows.filter(status=status)
    return page(rows, OLDEST if status == Revision.Status.PENDING else NEWEST, cursor=cursor, limit=limit)


def list_revisions_of(reference: str, *, vendor_id: UUID | None, cursor: str | None, limit: int) -> Page[Revision]:
    """Of a product that this vendor (None: an admin) may write, newest first. Raises NotFound."""
    product = Product.objects.writable_by(vendor_id).named(reference).one()
    return page(_whole().filter(product=product), NEWEST, cursor=cursor, limit=limit)


def find_revision(revision_id: UUID) -> Revision:
    """Raises NotFound."""
    revision = _whole().filter(id=revision_id, product__deleted_at__isnull=True).first()
    if revision is None:
        raise NotFound
    return revision


def pending_revision(product: Product) -> Revision | None:
    return product.revisions.pending().first()


def _whole() -> QuerySet[Revision]:
    return Revision.objects.select_related("product__vendor", "product__category", "product__brand")
