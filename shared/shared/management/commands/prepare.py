from typing import Any

from django.core.management import call_command, get_commands
from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError


class Command(BaseCommand):
    """Everything a service needs before its first process starts: migrations, topology, first-start data."""

    help = __doc__

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            call_command("migrate", verbosity=0, interactive=False)
        except OperationalError as error:
            raise CommandError(f"the database did not answer: {error}") from None
        call_command("provision")
        if "first_start" in get_commands():
            call_command("first_start")
