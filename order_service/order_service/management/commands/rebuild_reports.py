from typing import Any

from django.core.management.base import BaseCommand, CommandError

from order_service.actions.reports import rebuild_reports
from order_service.queries.report_books import broken_rules, checksum


class Command(BaseCommand):
    """Count every day and month of the reports anew from the orders, and prove them. Safe beside a running service."""

    help = __doc__

    def handle(self, *args: Any, **options: Any) -> None:
        for progress in rebuild_reports():
            self.stdout.write(f"order: {progress.done} of {progress.total} rebuilt, {progress.last}")
        if broken := broken_rules():
            raise CommandError("\n".join(broken))
        self.stdout.write(f"order: reports agree with the orders, checksum {checksum()}")
