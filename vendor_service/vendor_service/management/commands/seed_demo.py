import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import transaction

from vendor_service.actions.vendors import tell_changed
from vendor_service.models import Application, Member, Vendor


class Command(BaseCommand):
    """Make the vendors of the demo marketplace, each with its approved application; who is there stays as it is."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        vendors = json.loads(options["file"].read_text())["vendors"]
        there = {str(found) for found in Vendor.objects.values_list("id", flat=True)}
        new = [vendor for vendor in vendors if vendor["id"] not in there]
        for vendor in new:
            _make(vendor)
        self.stdout.write(f"{len(new)} vendors made")


@transaction.atomic
def _make(given: dict[str, Any]) -> None:
    """The owner's account has its role from the same file, so nobody is asked to grant it."""
    common = {name: given[name] for name in ("description", "contact_email", "country", "payout_currency")}
    application = Application(
        id=given["application_id"], user_id=given["owner_id"], business_name=given["name"], **common
    )
    application.approve(by=None)
    application.save(force_insert=True)
    own = {name: given[name] for name in ("id", "owner_id", "name", "slug", "commission_basis_points")}
    vendor = Vendor(application=application, **own, **common)
    vendor.save(force_insert=True)
    Member.objects.create(vendor=vendor, user_id=vendor.owner_id, email=vendor.contact_email, role=Member.Role.OWNER)
    tell_changed(vendor)
