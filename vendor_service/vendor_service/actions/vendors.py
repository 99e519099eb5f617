"""Vendors: opened with an approval, changed by their owner and by admins, told to everybody."""

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.text import slugify

from shared.audit import record
from shared.context import new_id
from shared.contracts.user import GrantRole
from shared.contracts.vendor import VendorChanged, VendorStatusChanged
from shared.outbox import publish
from vendor_service.errors import AlreadyVendor, VendorNotFound
from vendor_service.models import Application, Member, Vendor

RESERVED_SLUGS = {"me"}
"""Paths of their own beside `vendors/{slug}`."""
RULED = {"status", "commission_basis_points"}


def open_vendor(*, application: Application) -> Vendor:
    """In the approval's own transaction. Raises AlreadyVendor."""
    if Member.objects.filter(user_id=application.user_id).exists():
        raise AlreadyVendor()
    vendor = _inserted(
        Vendor(
            owner_id=application.user_id,
            application=application,
            name=application.business_name,
            description=application.description,
            contact_email=application.contact_email,
            country=application.country,
            payout_currency=application.payout_currency,
            commission_basis_points=settings.COMMISSION_BASIS_POINTS,
        )
    )
    _seat_owner(vendor, application)
    tell_changed(vendor)
    publish(
        GrantRole(
            user_id=vendor.owner_id,
            role="vendor",
            vendor_id=vendor.id,
            at=timezone.now(),
            vendor_role=Member.Role.OWNER,
        )
    )
    return vendor


def _seat_owner(vendor: Vendor, application: Application) -> None:
    """Who has joined another vendor since the application sells for that one. Raises AlreadyVendor."""
    try:
        with transaction.atomic():
            Member.objects.create(
                vendor=vendor, user_id=vendor.owner_id, email=application.contact_email, role=Member.Role.OWNER
            )
    except IntegrityError:
        raise AlreadyVendor() from None


def _inserted(vendor: Vendor) -> Vendor:
    """With the first slug that nobody has: the unique index decides, also between approvals at the same moment."""
    for slug in _slugs(vendor.name):
        vendor.slug = slug
        try:
            with transaction.atomic():
                vendor.save(force_insert=True)
                return vendor
        except IntegrityError:
            continue
    raise AlreadyVendor()


def _slugs(name: str) -> Iterator[str]:
    plain = slugify(name)[:80].strip("-") or "vendor"
    if plain not in RESERVED_SLUGS and not _reads_as_id(plain):
        yield plain
    for _ in range(5):
        yield f"{plain}-{new_id().hex[-6:]}"


def _reads_as_id(slug: str) -> bool:
    try:
        return bool(UUID(slug))
    except ValueError:
        return False


@transaction.atomic
def change_vendor(*, vendor_id: UUID, changes: Mapping[str, Any], reason: str = "") -> Vendor:
    """`changes`: any of name, description, contact_email, the three policies, commission_basis_points, status.

    What stays as it was is no change, and nothing is told. `reason` is for the vendor to read, of a new status. Raises
    VendorNotFound, IllegalMove.
    """
    vendor = locked(vendor_id)
    plain = {name: value for name, value in changes.items() if getattr(vendor, name) != value}
    if not plain:
        return vendor
    _record(vendor, plain)
    moved = "status" in plain
    if moved:
        vendor.move_to(plain.pop("status"), reason)
    for name, value in plain.items():
        setattr(vendor, name, value)
    tell_changed(vendor)
    if moved:
        _tell_moved(vendor)
    return vendor


def _tell_moved(vendor: Vendor) -> None:
    told = {"vendor_id": vendor.id, "reason": vendor.status_reason, "version": vendor.version}
    publish(VendorStatusChanged(status=Vendor.Status(vendor.status).value, **told), version=vendor.version)


def _record(vendor: Vendor, changes: Mapping[str, Any]) -> None:
    """Before they are made. Texts stay out; what the platform rules by is told, before and after."""
    told = {"fields": " ".join(sorted(changes))}
    for name in RULED.intersection(changes):
        told |= {f"{name}_before": str(getattr(vendor, name)), name: str(changes[name])}
    record(action="vendor.vendor.change", subject_kind="vendor", subject_id=vendor.id, **told)


def locked(vendor_id: UUID) -> Vendor:
    """The row, locked until the transaction ends. Raises VendorNotFound."""
    vendor = Vendor.objects.select_for_update().filter(id=vendor_id).first()
    if vendor is None:
        raise VendorNotFound()
    return vendor


def tell_all() -> int:
    """Every vendor once more, each as its next version, for whoever keeps more of it than before; answers how many."""
    ids = list(Vendor.objects.order_by("id").values_list("id", flat=True))
    for vendor_id in ids:
        with transaction.atomic():
            tell_changed(locked(vendor_id))
    return len(ids)


def tell_changed(vendor: Vendor) -> None:
    """Save the vendor as its next version, and tell the whole of it."""
    vendor.version += 1
    vendor.save()
    publish(
        VendorChanged(
            vendor_id=vendor.id,
            owner_id=vendor.owner_id,
            name=vendor.name,
            slug=vendor.slug,
            status=Vendor.Status(vendor.status).value,
            contact_email=vendor.contact_email,
            country=vendor.country,
            payout_currency=vendor.payout_currency,
            commission_basis_points=vendor.commission_basis_points,
            version=vendor.version,
        ),
        version=vendor.version,
    )
