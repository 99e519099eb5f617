import getpass
import os
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from shared.errors import Invalid
from user_service.actions.accounts import make_admin


class Command(BaseCommand):
    """Make an admin, or make an existing account one, with the password in ADMIN_PASSWORD, or else asked for."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email")

    def handle(self, *args: Any, **options: Any) -> None:
        password = os.environ.get("ADMIN_PASSWORD") or _asked()
        try:
            user = make_admin(email=options["email"], password=password)
        except Invalid as error:
            raise CommandError(
                "; ".join(f"{field}: {' '.join(told)}" for field, told in error.errors.items())
            ) from None
        self.stdout.write(f"{user.email} is an admin and signs in with this password")


def _asked() -> str:
    if not sys.stdin.isatty():
        raise CommandError("there is no terminal to ask for the password: set ADMIN_PASSWORD")
    return getpass.getpass("Password: ")
