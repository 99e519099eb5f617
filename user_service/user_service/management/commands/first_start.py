from typing import Any

from django.core.management.base import BaseCommand

from user_service.actions.keys import make_first_key


class Command(BaseCommand):
    """Make the first key that signs access tokens, unless there is one."""

    help = __doc__

    def handle(self, *args: Any, **options: Any) -> None:
        kid = make_first_key()
        self.stdout.write(f"the first signing key is {kid}" if kid else "there is a signing key")
