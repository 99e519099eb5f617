"""The rules of commission, as admins keep them: changed one at a time under one lock, told all together, so that nobody
ever charges by half of a change. What was sold stays as it was charged.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db import transaction

from shared.audit import record
from shared.contracts.vendor import CommissionRule as ToldRule
from shared.contracts.vendor import CommissionRulesChanged
from shared.errors import Invalid
from shared.messages import MoneyData
from shared.money import Money
from shared.outbox import publish
from vendor_service.errors import CommissionRuleNotFound
from vendor_service.models import CommissionBook, CommissionRule, Vendor

BOOK = "marketplace"
MOST_RULES = 500
"""They are told in one message."""
PLAIN = ("category_id", "product_id", "basis_points", "starts_at", "ends_at")


@transaction.atomic
def add_rule(*, given: Mapping[str, Any]) -> CommissionRule:
    """`given`: basis_points, and any of name, vendor_id, category_id, product_id, fees_per_unit (Money of different
    currencies), starts_at, ends_at, and `position`, from 1; without it the rule comes last. Raises Invalid.
    """
    rules = _locked()
    if len(rules) >= MOST_RULES:
        raise Invalid({"position": [f"There are {MOST_RULES} rules, which is the most."]})
    row = CommissionRule()
    _write(row, given)
    rules.insert(given.get("position", len(rules) + 1) - 1, row)
    _save(row, rules)
    record(action="vendor.commission_rule.create", subject_kind="commission_rule", subject_id=row.id, **_figures(row))
    return row


@transaction.atomic
def change_rule(*, rule_id: UUID, changes: Mapping[str, Any]) -> CommissionRule:
    """`changes`: as given to `add_rule`; None takes a condition away. Raises CommissionRuleNotFound, Invalid."""
    rules = _locked()
    row = _among(rules, rule_id)
    if not changes:
        return row
    before = {f"{name}_before": value for name, value in _figures(row).items()}
    _write(row, changes)
    if "position" in changes:
        rules.remove(row)
        rules.insert(changes["position"] - 1, row)
    row.version += 1
    _save(row, rules)
    told = {"fields": " ".join(sorted(changes)), **before, **_figures(row)}
    record(action="vendor.commission_rule.change", subject_kind="commission_rule", subject_id=row.id, **told)
    return row


@transaction.atomic
def remove_rule(*, rule_id: UUID) -> None:
    """Raises CommissionRuleNotFound."""
    rules = _locked()
    row = _among(rules, rule_id)
    rules.remove(row)
    told = _figures(row)
    CommissionRule.objects.filter(id=rule_id).delete()
    _place(rules)
    _tell()
    record(action="vendor.commission_rule.remove", subject_kind="commission_rule", subject_id=rule_id, **told)


@transaction.atomic
def order_rules(*, rule_ids: Sequence[UUID]) -> list[CommissionRule]:
    """All of them, in their new order: whoever does not know of a rule cannot say where it stands. Raises Invalid."""
    rules = {row.id: row for row in _locked()}
    if len(rule_ids) != len(rules) or set(rule_ids) != set(rules):
        raise Invalid({"rules": ["Name every rule that there is, once."]})
    ordered = [rules[rule_id] for rule_id in rule_ids]
    _place(ordered)
    _tell()
    record(action="vendor.commission_rules.order", subject_kind="commission_book", subject_id=BOOK, rules=len(ordered))
    return ordered


def _locked() -> list[CommissionRule]:
    """All rules in their order, under the lock of the book."""
    CommissionBook.objects.bulk_create([CommissionBook(name=BOOK)], ignore_conflicts=True)
    CommissionBook.objects.select_for_update().get(name=BOOK)
    return list(CommissionRule.objects.order_by("position"))


def _among(rules: Sequence[CommissionRule], rule_id: UUID) -> CommissionRule:
    row = next((one for one in rules if one.id == rule_id), None)
    if row is None:
        raise CommissionRuleNotFound()
    return row


def _write(row: CommissionRule, given: Mapping[str, Any]) -> None:
    """Raises Invalid."""
    if given.get("vendor_id") and not Vendor.objects.filter(id=given["vendor_id"]).exists():
        raise Invalid({"vendor_id": ["There is no such vendor."]})
    for name in ("name", "vendor_id", *PLAIN):
        if name in given:
            setattr(row, name, given[name])
    if "fees_per_unit" in given:
        row.fees_per_unit = _by_currency(given["fees_per_unit"])
    if row.starts_at and row.ends_at and row.starts_at >= row.ends_at:
        raise Invalid({"ends_at": ["After its start."]})


def _by_currency(fees: Sequence[Money]) -> dict[str, int]:
    """Raises Invalid."""
    found = {fee.currency: fee.minor for fee in fees}
    if len(found) < len(fees):
        raise Invalid({"fees_per_unit": ["One in each currency at most."]})
    return found


def _save(row: CommissionRule, rules: Sequence[CommissionRule]) -> None:
    row.position = rules.index(row) + 1
    row.save()
    _place(rules)
    _tell()


def _place(rules: Sequence[CommissionRule]) -> None:
    for number, row in enumerate(rules):
        row.position = number + 1
    CommissionRule.objects.bulk_update(rules, ["position"])


def _tell() -> None:
    """All of them, as the next version."""
    book = CommissionBook.objects.get(name=BOOK)
    book.version += 1
    book.save(update_fields=["version"])
    told = tuple(_told(row) for row in CommissionRule.objects.order_by("position"))
    publish(CommissionRulesChanged(book=BOOK, rules=told, version=book.version), version=book.version)


def _told(row: CommissionRule) -> ToldRule:
    fees = tuple(MoneyData(minor=minor, currency=code) for code, minor in sorted(row.fees_per_unit.items()))
    plain = {name: getattr(row, name) for name in ("vendor_id", *PLAIN)}
    return ToldRule(rule_id=row.id, fees_per_unit=fees, **plain)


def _figures(row: CommissionRule) -> dict[str, str]:
    """What an auditor would ask for."""
    names = ("vendor_id", "category_id", "product_id", "basis_points")
    found = {name: str(getattr(row, name)) for name in names if getattr(row, name) is not None}
    fees = " ".join(f"{code}={minor}" for code, minor in sorted(row.fees_per_unit.items()))
    return {**found, **({"fees_per_unit": fees} if fees else {})}
