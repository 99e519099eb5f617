import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import transaction

from user_service.actions.accounts import tell_changed
from user_service.models import User, normalised


class Command(BaseCommand):
    """Make the accounts of the demo marketplace; those that are there stay as they are."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        accounts = json.loads(options["file"].read_text())["accounts"]
        there = {str(found) for found in User.objects.values_list("id", flat=True)}
        new = [account for account in accounts if account["id"] not in there]
        for account in new:
            _make(account)
        self.stdout.write(f"{len(new)} accounts made")


@transaction.atomic
def _make(account: dict[str, Any]) -> None:
    plain = ("id", "first_name", "last_name", "roles", "vendor_id")
    user = User(email=normalised(account["email"]), **{name: account[name] for name in plain if name in account})
    user.version = 0
    user.set_password(account["password"])
    user.verify_email()
    tell_changed(user)
