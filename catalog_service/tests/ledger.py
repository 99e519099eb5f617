"""What lies on the shelves, which is what the ledger of movements says."""

from django.db.models import Sum

from catalog_service.models import Movement, StockItem, Variant


def levels(variant: Variant) -> tuple[int, int]:
    item = StockItem.objects.get(variant=variant)
    moved = Movement.objects.filter(variant=variant).aggregate(sum=Sum("quantity"))["sum"] or 0
    assert moved == item.on_hand, "the ledger does not add up"
    return item.on_hand, item.reserved
