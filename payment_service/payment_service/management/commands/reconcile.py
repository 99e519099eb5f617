from argparse import ArgumentParser
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from payment_service.queries.provider_records import read_records
from payment_service.queries.reconciliation import compare
from shared.errors import Invalid


class Command(BaseCommand):
    """Hold a provider's records (CSV, JSON) against the ledger; exit 1 with one line if they differ. Keeps nothing."""

    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--provider", default="simulator", help="or `bank`, of bank files")
        parser.add_argument("--since", type=date.fromisoformat, required=True, help="the first day, in UTC")
        parser.add_argument("--until", type=date.fromisoformat, required=True, help="the last day")

    def handle(self, *args: Any, **options: Any) -> None:
        days = {name: options[name] for name in ("provider", "since", "until")}
        try:
            found = compare(read_records(options["file"].read_bytes()), **days)
        except OSError as error:
            raise CommandError(str(error)) from None
        except Invalid as refusal:
            raise CommandError("; ".join(refusal.errors["file"])) from None
        if found.differences:
            first = found.differences[0]
            more = f"{first.kind} {first.what} {first.key or first.reference}: {first.cause}"
            raise CommandError(f"{len(found.differences)} differences, {found.matched} matched; the first: {more}")
        self.stdout.write(f"payment: all {found.matched} records agree with the ledger")
