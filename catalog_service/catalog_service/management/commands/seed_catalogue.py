from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from catalog_service.actions.bulk import fill_catalogue


class Command(BaseCommand):
    """Fill the catalogue with made-up products, for benchmarks; the same number always gives the same ones."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("products", type=int, help="how many there are to be; a second run adds what is missing")

    def handle(self, *args: Any, **options: Any) -> None:
        fill_catalogue(options["products"], progress=lambda done: self.stderr.write(f"\r{done} products", ending=""))
        self.stderr.write("")
