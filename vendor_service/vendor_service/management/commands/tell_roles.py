from typing import Any

from django.core.management.base import BaseCommand

from vendor_service.actions.members import tell_roles


class Command(BaseCommand):
    help = "Tell user_service once more as what everybody sells, for the claims of their next tokens."

    def handle(self, *_args: Any, **_options: Any) -> None:
        self.stdout.write(f"{tell_roles()} members told")
