import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from shared import rabbit
from shared.contracts import all_messages

HIDDEN = "(hidden)"


class Command(BaseCommand):
    """The messages this service gave up on: list, show one, replay or drop some."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("what", choices=("list", "show", "replay", "drop"))
        parser.add_argument("ids", nargs="*", help="message ids")
        parser.add_argument("--all", action="store_true", help="replay or drop every one")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            getattr(self, f"_{options['what']}")(options["ids"], options["all"])
        except rabbit.LOST as error:
            raise CommandError(f"RabbitMQ did not answer: {error!r}") from None

    def _list(self, _ids: list[str], _all: bool) -> None:
        messages = rabbit.dead_messages()
        for message in messages:
            self.stdout.write(
                f"{message.id}  {message.failed_at}  {message.type}  {message.attempts}x  {message.error}"
            )
        self.stdout.write(f"{len(messages)} dead")

    def _show(self, ids: list[str], _all: bool) -> None:
        found = [message for message in rabbit.dead_messages() if message.id in ids]
        if not found:
            raise CommandError("no dead message has this id")
        for message in found:
            self.stdout.write(json.dumps(_shown(message), indent=2))

    def _replay(self, ids: list[str], every: bool) -> None:
        self.stdout.write(f"{rabbit.replay_dead(_chosen(ids, every))} replayed")

    def _drop(self, ids: list[str], every: bool) -> None:
        self.stdout.write(f"{rabbit.drop_dead(_chosen(ids, every))} dropped")


def _chosen(ids: list[str], every: bool) -> list[str] | None:
    if bool(ids) == every:
        raise CommandError("name message ids, or say --all")
    return None if every else ids


def _shown(message: rabbit.DeadMessage) -> dict[str, object]:
    contract = all_messages().get(message.type)
    try:
        body = json.loads(message.body)
    except ValueError:
        body = message.body.decode(errors="replace")
    if contract is None or contract.sensitive:
        body = HIDDEN
    return {"error": message.error, "attempts": message.attempts, "failed_at": message.failed_at, "message": body}
