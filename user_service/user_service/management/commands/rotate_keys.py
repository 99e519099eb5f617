from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from user_service.actions import keys
from user_service.errors import NoSuchKey

HINT = "let NGINX read the keys again: python3 -m fleet reload-edge"


class Command(BaseCommand):
    """Rotate the keys that sign access tokens: publish the next, sign with it, remove the old after its last token."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        steps = parser.add_mutually_exclusive_group()
        steps.add_argument("--prepare", action="store_true", help="publish the next key")
        steps.add_argument("--activate", action="store_true", help="sign with the prepared key")
        steps.add_argument("--retire", action="store_true", help="remove keys whose last token has ended")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            self.stdout.write(self._step(options))
        except NoSuchKey as error:
            raise CommandError(str(error)) from None

    def _step(self, options: dict[str, Any]) -> str:
        if options["prepare"]:
            return f"prepared {keys.prepare()}; {HINT}"
        if options["activate"]:
            return f"activated {keys.activate()}"
        if options["retire"]:
            return f"retired {', '.join(keys.retire()) or 'nothing'}; {HINT}"
        return f"{', '.join(keys.rotate_if_due()) or 'nothing is due'}; {HINT}"
