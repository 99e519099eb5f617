from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from cart_service.actions.projection import rebuild
from shared.errors import Refused


class Command(BaseCommand):
    """Make the projection of offers what the catalogue says, and prove it by a checksum. Safe beside a running service.

    While events flow a run may differ for the moment they take; then say it again.
    """

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="compare only")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            runs = list(rebuild(heal=not options["check"]))
        except Refused as refused:
            raise CommandError(refused.detail) from None
        offers, healed, removed = (sum(getattr(run, name) for run in runs) for name in ("offers", "healed", "removed"))
        differing = sum(not run.agrees for run in runs)
        self.stdout.write(f"cart: {offers} offers in {len(runs)} runs, {healed} healed, {removed} removed")
        if differing:
            raise CommandError(f"{differing} of {len(runs)} runs differ from the catalogue's")
        self.stdout.write("cart: every checksum agrees")
