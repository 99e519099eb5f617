"""The projections that commissions are charged by."""

from django.db import transaction

from order_service.models import CategoryPlace, CommissionBook, CommissionRule
from shared.contracts.catalog import CategoryChanged
from shared.contracts.vendor import CommissionRule as ToldRule
from shared.contracts.vendor import CommissionRulesChanged


@transaction.atomic
def keep_rules(message: CommissionRulesChanged) -> None:
    """All of them instead of those before, unless newer ones are here."""
    CommissionBook.objects.bulk_create([CommissionBook(name=message.book)], ignore_conflicts=True)
    book = CommissionBook.objects.select_for_update().get(name=message.book)
    if book.version >= message.version:
        return
    CommissionRule.objects.all().delete()
    CommissionRule.objects.bulk_create([_rule(number, one) for number, one in enumerate(message.rules)])
    book.version = message.version
    book.save(update_fields=["version"])


def _rule(position: int, told: ToldRule) -> CommissionRule:
    plain = ("vendor_id", "category_id", "product_id", "basis_points", "starts_at", "ends_at")
    return CommissionRule(
        id=told.rule_id,
        position=position,
        fees_per_unit={fee.currency: fee.minor for fee in told.fees_per_unit},
        **{name: getattr(told, name) for name in plain},
    )


def keep_place(message: CategoryChanged) -> None:
    """The newest word stays."""
    told = {"lineage": list(message.lineage), "version": message.version}
    _row, new = CategoryPlace.objects.get_or_create(category_id=message.category_id, defaults=told)
    if not new:
        CategoryPlace.objects.filter(category_id=message.category_id, version__lt=message.version).update(**told)
