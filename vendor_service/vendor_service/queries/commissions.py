"""The rules of commission, in their order."""

from uuid import UUID

from django.db.models import QuerySet

from vendor_service.errors import CommissionRuleNotFound
from vendor_service.models import CommissionRule


def rules() -> QuerySet[CommissionRule]:
    return CommissionRule.objects.all()


def rule(rule_id: UUID) -> CommissionRule:
    """Raises CommissionRuleNotFound."""
    row = CommissionRule.objects.filter(id=rule_id).first()
    if row is None:
        raise CommissionRuleNotFound()
    return row
