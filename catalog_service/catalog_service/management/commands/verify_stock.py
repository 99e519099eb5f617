from typing import Any

from django.core.management.base import BaseCommand, CommandError

from catalog_service.queries.books import broken_rules


class Command(BaseCommand):
    """Prove that the ledger of movements, the stock and the holds of orders agree. Safe beside a running service."""

    help = __doc__

    def handle(self, *args: Any, **options: Any) -> None:
        broken = broken_rules()
        if broken:
            raise CommandError("\n".join(broken))
        self.stdout.write("catalog: movements, stock and holds agree")
