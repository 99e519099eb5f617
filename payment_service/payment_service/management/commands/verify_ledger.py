from typing import Any

from django.core.management.base import BaseCommand, CommandError

from payment_service.queries.books import broken_rules


class Command(BaseCommand):
    """Prove that payments, refunds, gift cards and the ledger agree. Safe beside a running service."""

    help = __doc__

    def handle(self, *args: Any, **options: Any) -> None:
        broken = broken_rules()
        if broken:
            raise CommandError("\n".join(broken))
        self.stdout.write("payment: payments, refunds, gift cards and the ledger agree")
