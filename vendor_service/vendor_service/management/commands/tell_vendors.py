from typing import Any

from django.core.management.base import BaseCommand

from vendor_service.actions.vendors import tell_all


class Command(BaseCommand):
    help = "Tell every vendor once more, for whoever keeps a copy of it."

    def handle(self, *_args: Any, **_options: Any) -> None:
        self.stdout.write(f"{tell_all()} vendors told")
