"""What the auditor compares with other services: vendors, and what payment says of their money."""

from uuid import UUID

from shared.evidence import Checks, Page, Row, Topics, kept_of
from vendor_service.models import Application, Balance, Member, Payout, Vendor


def vendors(page: Page) -> list[Row]:
    return [
        {
            "id": row.id,
            "changed_at": row.updated_at,
            "version": row.version,
            "name": row.name,
            "slug": row.slug,
            "status": row.status,
            "owner": row.owner_id,
            "commission_basis_points": row.commission_basis_points,
        }
        for row in page.of(Vendor.objects.all())
    ]


def balances(page: Page) -> list[Row]:
    """By vendor and currency."""
    sums: dict[UUID, Row] = {
        owner: {"id": owner, "version": {}, "balances": {}} for owner in page.keys(Balance.objects.all(), "vendor_id")
    }
    for row in Balance.objects.filter(vendor_id__in=sums).order_by("updated_at"):
        sums[row.vendor_id]["balances"][row.currency] = {"pending": row.pending, "available": row.available}
        sums[row.vendor_id]["version"][row.currency] = row.version
        sums[row.vendor_id]["changed_at"] = row.updated_at
    return list(sums.values())


def payouts(page: Page) -> list[Row]:
    return [
        {
            "id": row.id,
            "changed_at": row.updated_at,
            "status": row.status,
            "vendor": row.vendor_id,
            "amount": row.amount,
            "currency": row.currency,
        }
        for row in page.of(Payout.objects.all())
    ]


def people(page: Page) -> list[Row]:
    """Of those who were erased."""
    waiting = Application.objects.exclude(status=Application.Status.APPROVED)
    return kept_of(page, {"applications": waiting, "members' addresses": Member.objects.exclude(email="")})


TOPICS: Topics = {"vendors": vendors, "balances": balances, "payouts": payouts, "people": people}
CHECKS: Checks = {}
