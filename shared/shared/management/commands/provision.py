from importlib import import_module
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from shared import rabbit


class Command(BaseCommand):
    """Declare the service's queues, wait tiers, dead queue and bindings. Run once a deployment, before the worker."""

    help = __doc__

    def handle(self, *args: Any, **options: Any) -> None:
        door = import_module(f"{settings.SERVICE}_service.subscriptions")
        try:
            rabbit.provision(door.SUBSCRIPTIONS)
        except rabbit.LOST as error:
            raise CommandError(f"RabbitMQ did not answer: {error!r}") from None
        self.stdout.write(f"{settings.SERVICE}: queues and {len(door.SUBSCRIPTIONS)} bindings are there")
