import getpass
import os
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from shared.errors import Invalid
from user_service.actions.accounts import make_admin


class Command(BaseCommand):
    """Make an admin; an existing account becomes one. The password comes from ADMIN_PASSWORD or is asked for."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email")

    def handle(self, *args: Any, **options: Any) -> None:
        password = os.environ.get("ADMIN_PASSWORD") or getpass.getpass("Password: ")
        try:
            user = make_admin(email=options["email"], password=password)
        except Invalid as error:
            raise CommandError(
                "; ".join(f"{field}: {' '.join(told)}" for field, told in error.errors.items())
            ) from None
        self.stdout.write(f"{user.email} is an admin")
