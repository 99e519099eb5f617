from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from user_service.actions import keys
from user_service.errors import NoSuchKey

HINT = "let NGINX read the keys again: python3 -m fleet reload-edge"
NOTHING = "nothing is due"
"""fleet/rotation.py knows it by this word."""


class Command(BaseCommand):
    """Rotate the keys that sign access tokens: publish the next, sign with it, remove the old after its last token.

    Without an option, the next step if it is due; let NGINX read the keys before and after.
    """

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        steps = parser.add_mutually_exclusive_group()
        steps.add_argument("--prepare", action="store_true", help="publish the next key")
        steps.add_argument("--prepare-if-due", action="store_true", help="once the signing key is old enough")
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
        if options["prepare_if_due"]:
            prepared = keys.prepare_if_due()
            return f"prepared {prepared}; {HINT}" if prepared else NOTHING
        if options["activate"]:
            return f"activated {keys.activate()}"
        if options["retire"]:
            return f"retired {', '.join(keys.retire()) or 'nothing'}; {HINT}"
        told = keys.rotate_if_due()
        return f"{', '.join(told)}; {HINT}" if told else NOTHING
