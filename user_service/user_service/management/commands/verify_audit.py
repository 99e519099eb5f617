from typing import Any

from django.core.management.base import BaseCommand, CommandError

from user_service.queries import audit


class Command(BaseCommand):
    """Walk the audit log's chain of hashes; exit status 1 names the first position where it is broken."""

    help = __doc__

    def handle(self, *args: Any, **options: Any) -> None:
        found = audit.verify()
        if not found.intact:
            raise CommandError(f"the audit log is broken at position {found.broken_at} of {found.entries} entries")
        self.stdout.write(f"the audit log is intact: {found.entries} entries, last hash {found.head or 'none'}")
