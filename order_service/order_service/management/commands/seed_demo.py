from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from order_service.actions.coupons import create_coupon
from order_service.models import Promotion

CODE = "WELCOME10"


class Command(BaseCommand):
    """Make the coupon of the demo marketplace: ten per cent, once for each buyer."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="the marketplace; nothing of it is needed here")

    def handle(self, *args: Any, **options: Any) -> None:
        if Promotion.objects.filter(code=CODE).exists():
            self.stdout.write("0 coupons made")
            return
        create_coupon(code=CODE, kind=Promotion.Kind.PERCENTAGE, basis_points=1_000, per_user_limit=1)
        self.stdout.write("1 coupon made")
