import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from catalog_service.actions.demo import seed_demo


class Command(BaseCommand):
    """Fill the catalogue with the demo marketplace of a JSON file: vendors, categories, brands, products, reviews."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="made by the launcher; ids are in it, so a second run adds nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        added = seed_demo(json.loads(options["file"].read_text()))
        self.stdout.write(f"catalog: {added} products added")
