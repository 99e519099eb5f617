import gc
import logging
import signal
import threading
from importlib import import_module
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from shared import clock, rabbit

log = logging.getLogger("nexus.work")
PARTS = ("consumer", "relay", "clock")


class Command(BaseCommand):
    """The service's worker: consumer, relay and clock. SIGTERM finishes the running message only."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--only", choices=PARTS, help="run a single part")

    def handle(self, *args: Any, **options: Any) -> None:
        parts = {options["only"]} if options["only"] else set(PARTS)
        stopping = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stopping.set())
        run(parts, stopping)


def run(parts: set[str], stopping: threading.Event) -> None:
    door = import_module(f"{settings.SERVICE}_service.subscriptions")
    gc.collect()
    gc.freeze()  # what is there before the first message stays: nobody looks through it for garbage again
    relay = rabbit.Relay(stopping)
    threads = []
    if "relay" in parts:
        threads.append(threading.Thread(target=_guarded, args=(relay.run, stopping), name="relay"))
    if "clock" in parts:
        clock.start(getattr(door, "SCHEDULE", {}), stopping)
    for thread in threads:
        thread.start()
    log.info("working: %s", ", ".join(sorted(parts)))
    if "consumer" in parts and door.SUBSCRIPTIONS:
        _guarded(rabbit.Consumer(door.SUBSCRIPTIONS, stopping, relay.wake).run, stopping)
    stopping.wait()
    clock.stop()
    relay.wake()
    for thread in threads:
        thread.join(10)


def _guarded(part: Any, stopping: threading.Event) -> None:
    """A part that ends by a bug ends the process: the supervisor starts it again, a silent half-worker helps nobody."""
    try:
        part()
    except BaseException:
        log.exception("a part of the worker died")
        stopping.set()
        raise
