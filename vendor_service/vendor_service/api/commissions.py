"""Rules of commission, for admins."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from shared.http import LineField, MoneyShape, Shape, created, read
from shared.idempotency import idempotent
from shared.money import EXPONENTS, Money
from shared.pagination import Cursor
from vendor_service.actions import commissions
from vendor_service.api.callers import AdminView
from vendor_service.models import CommissionRule
from vendor_service.queries import commissions as queries


class FeeShape(MoneyShape):
    def to_internal_value(self, data: Any) -> Money:
        money = super().to_internal_value(data)
        if money.minor <= 0:
            raise serializers.ValidationError({"amount": ["Above zero."]})
        return money


class RulePatch(Shape):
    name = LineField(max_length=100, required=False, allow_blank=True)
    vendor_id = serializers.UUIDField(required=False, allow_null=True)
    category_id = serializers.UUIDField(
        required=False, allow_null=True, help_text="Of the catalogue, with all that stand below it."
    )
    product_id = serializers.UUIDField(required=False, allow_null=True)
    basis_points = serializers.IntegerField(
        min_value=0, max_value=10_000, help_text="Hundredths of a per cent of what is sold, without tax."
    )
    fees_per_unit = serializers.ListField(
        child=FeeShape(), required=False, max_length=len(EXPONENTS), help_text="One in a currency; others have none."
    )
    starts_at = serializers.DateTimeField(required=False, allow_null=True)
    ends_at = serializers.DateTimeField(required=False, allow_null=True)
    position = serializers.IntegerField(
        min_value=1, max_value=commissions.MOST_RULES, required=False, help_text="From 1; without it, the last."
    )


class RuleIn(RulePatch):
    pass


class RuleShape(Shape):
    """What is null matches all. The first rule that matches a line holds; where none does, the vendor's own rate."""

    id = serializers.UUIDField()
    position = serializers.IntegerField()
    name = serializers.CharField(allow_blank=True)
    vendor_id = serializers.UUIDField(allow_null=True)
    category_id = serializers.UUIDField(allow_null=True)
    product_id = serializers.UUIDField(allow_null=True)
    basis_points = serializers.IntegerField()
    fees_per_unit = MoneyShape(many=True)
    starts_at = serializers.DateTimeField(allow_null=True)
    ends_at = serializers.DateTimeField(allow_null=True)
    version = serializers.IntegerField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class OrderIn(Shape):
    rules = serializers.ListField(
        child=serializers.UUIDField(), max_length=commissions.MOST_RULES, help_text="Every rule there is, once."
    )


class OrderShape(Shape):
    rules = serializers.ListField(child=serializers.UUIDField())


class RulePage(Cursor):
    ordering = ("position", "id")


def rule_body(row: CommissionRule) -> dict[str, Any]:
    fees = [Money(minor, code).as_json() for code, minor in sorted(row.fees_per_unit.items())]
    plain = {str(name): getattr(row, str(name)) for name in RuleShape().fields}
    return {**plain, "fees_per_unit": fees}


class RulesView(AdminView):
    @extend_schema(
        operation_id="admin_commission_rules_list",
        tags=["admin: vendors"],
        summary="What the marketplace keeps, in the order in which rules are tried",
        responses=RuleShape(many=True),
    )
    def get(self, request: Request) -> Response:
        page = RulePage()
        rows = page.paginate_queryset(queries.rules(), request, view=self)
        return page.get_paginated_response([rule_body(row) for row in rows or []])

    @extend_schema(
        operation_id="admin_commission_rules_add",
        tags=["admin: vendors"],
        summary="Charge what a vendor, category or product sells otherwise; orders from now on",
        request=RuleIn,
        responses={201: RuleShape},
    )
    @idempotent()
    def post(self, request: Request) -> Response:
        row = commissions.add_rule(given=read(RuleIn, request.data))
        return created(rule_body(row), f"/api/v1/admin/commission-rules/{row.id}")


class RuleView(AdminView):
    @extend_schema(
        operation_id="admin_commission_rules_read", tags=["admin: vendors"], summary="One rule", responses=RuleShape
    )
    def get(self, request: Request, commission_rule: UUID) -> Response:
        return Response(rule_body(queries.rule(commission_rule)))

    @extend_schema(
        operation_id="admin_commission_rules_change",
        tags=["admin: vendors"],
        summary="Change a rule, or where it stands; orders from now on",
        request=RulePatch,
        responses=RuleShape,
    )
    @idempotent()
    def patch(self, request: Request, commission_rule: UUID) -> Response:
        changes = read(RulePatch, request.data, partial=True)
        return Response(rule_body(commissions.change_rule(rule_id=commission_rule, changes=changes)))

    @extend_schema(
        operation_id="admin_commission_rules_remove",
        tags=["admin: vendors"],
        summary="Remove a rule; orders from now on",
        request=None,
        responses={204: None},
    )
    @idempotent()
    def delete(self, request: Request, commission_rule: UUID) -> Response:
        commissions.remove_rule(rule_id=commission_rule)
        return Response(status=204)


class RuleOrderView(AdminView):
    @extend_schema(
        operation_id="admin_commission_rules_order",
        tags=["admin: vendors"],
        summary="Put all rules in an order",
        request=OrderIn,
        responses=OrderShape,
    )
    @idempotent()
    def put(self, request: Request) -> Response:
        rows = commissions.order_rules(rule_ids=read(OrderIn, request.data)["rules"])
        return Response({"rules": [row.id for row in rows]})
