"""Edits of approved products that wait for an admin."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from catalog_service.actions import revisions as writing
from catalog_service.api.lists import PageQuery, answer_page, page_of, parameters, read_query, scope_of
from catalog_service.models import Product, Revision
from catalog_service.queries import revisions as reading
from shared.auth import CATALOGUE, roles
from shared.http import Shape, TextField, read
from shared.idempotency import idempotent
from shared.money import Money


class RevisionQuery(PageQuery):
    status = serializers.ChoiceField(Revision.Status.choices, required=False, default="")


class RevisionReason(Shape):
    reason = TextField(max_length=1_000)


class ChangeShape(Shape):
    field = serializers.CharField(help_text="As in the product; `price` is of a variant.")
    sku = serializers.CharField(required=False)
    variant_id = serializers.UUIDField(required=False)
    before = serializers.JSONField(allow_null=True, help_text="What the product has now.")
    after = serializers.JSONField(allow_null=True)


class RuleShape(Shape):
    rule = serializers.CharField()
    why = serializers.CharField()


class RevisedShape(Shape):
    id = serializers.UUIDField()
    slug = serializers.CharField()
    name = serializers.CharField()
    vendor_id = serializers.UUIDField()


class RevisionShape(Shape):
    id = serializers.UUIDField()
    product = RevisedShape()
    status = serializers.ChoiceField(Revision.Status.choices)
    changes = ChangeShape(many=True)
    rules = RuleShape(many=True, help_text="Why it waits for an admin.")
    reason = serializers.CharField(help_text="Why it was rejected.")
    created_at = serializers.DateTimeField()
    decided_at = serializers.DateTimeField(allow_null=True)


def revision_body(revision: Revision) -> dict[str, Any]:
    product = revision.product
    return {
        "id": str(revision.id),
        "product": {
            "id": str(product.id),
            "slug": product.slug,
            "name": product.name,
            "vendor_id": str(product.vendor_id),
        },
        "status": revision.status,
        "changes": _changes(revision),
        "rules": [{"rule": rule.name, "why": rule.why} for rule in revision.rules],
        "reason": revision.reason,
        "created_at": revision.created_at,
        "decided_at": revision.decided_at,
    }


def pending_body(product: Product) -> dict[str, Any] | None:
    revision = reading.pending_revision(product)
    return revision_body(revision) if revision else None


def _changes(revision: Revision) -> list[dict[str, Any]]:
    fields = [
        {"field": name, "before": writing.present(revision.product, name), "after": value}
        for name, value in sorted(revision.changes.items())
        if name != "prices"
    ]
    return fields + [_price(change) for change in revision.changes.get("prices", [])]


def _price(change: dict[str, Any]) -> dict[str, Any]:
    def money(minor: int | None) -> dict[str, str] | None:
        return None if minor is None else Money(minor, change["currency"]).as_json()

    return {
        "field": "price",
        "sku": change["sku"],
        "variant_id": change["variant_id"],
        "before": money(change["before"]),
        "after": money(change["minor"]),
    }


class ProductRevisions(APIView):
    permission_classes = (roles("vendor", "admin", area=CATALOGUE),)

    @extend_schema(
        parameters=parameters(PageQuery),
        responses=page_of(RevisionShape),
        tags=["products"],
        operation_id="product_revisions",
    )
    def get(self, request: Request, product: str) -> Response:
        """What its vendor asked to change after it was approved, newest first, and what became of it."""
        query = read_query(PageQuery, request)
        page = reading.list_revisions_of(
            product, vendor_id=scope_of(request), cursor=query.get("cursor"), limit=query["limit"]
        )
        return answer_page(request, page, revision_body)


class ProductRevision(APIView):
    permission_classes = (roles("vendor", "admin", area=CATALOGUE),)

    @extend_schema(request=None, responses={204: None}, tags=["products"], operation_id="product_revision_withdraw")
    @idempotent()
    def delete(self, request: Request, product: str, revision: UUID) -> Response:
        """Take back what waits; the product stays as it is."""
        writing.withdraw_revision(product=product, revision_id=revision, vendor_id=scope_of(request))
        return Response(status=status.HTTP_204_NO_CONTENT)


class AdminRevisions(APIView):
    permission_classes = (roles("admin"),)

    @extend_schema(
        parameters=parameters(RevisionQuery),
        responses=page_of(RevisionShape),
        tags=["admin"],
        operation_id="admin_revisions",
    )
    def get(self, request: Request) -> Response:
        """`status=pending` is the queue, oldest first."""
        query = read_query(RevisionQuery, request)
        page = reading.list_revisions(status=query["status"], cursor=query.get("cursor"), limit=query["limit"])
        return answer_page(request, page, revision_body)


class AdminRevision(APIView):
    permission_classes = (roles("admin"),)

    @extend_schema(responses=RevisionShape, tags=["admin"], operation_id="admin_revision")
    def get(self, request: Request, revision: UUID) -> Response:
        return Response(revision_body(reading.find_revision(revision)))


class AdminRevisionApprove(APIView):
    permission_classes = (roles("admin"),)

    @extend_schema(request=None, responses=RevisionShape, tags=["admin"], operation_id="admin_revision_approve")
    @idempotent()
    def post(self, request: Request, revision: UUID) -> Response:
        """The product becomes what its vendor asked for. What has been edited again meanwhile is another revision."""
        return Response(revision_body(writing.approve_revision(revision_id=revision)))


class AdminRevisionReject(APIView):
    permission_classes = (roles("admin"),)

    @extend_schema(
        request=RevisionReason, responses=RevisionShape, tags=["admin"], operation_id="admin_revision_reject"
    )
    @idempotent()
    def post(self, request: Request, revision: UUID) -> Response:
        reason = read(RevisionReason, request.data)["reason"]
        return Response(revision_body(writing.reject_revision(revision_id=revision, reason=reason)))
