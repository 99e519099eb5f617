"""What admins see of mails and text messages."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from notification_service.actions import deliveries
from notification_service.models import Delivery
from notification_service.queries import deliveries as delivery_queries
from shared.auth import roles
from shared.http import Shape
from shared.idempotency import idempotent
from shared.pagination import Cursor, read_filter


class DeliveryShape(Shape):
    id = serializers.UUIDField()
    kind = serializers.CharField()
    channel = serializers.ChoiceField(choices=Delivery.Channel.choices)
    to = serializers.CharField(help_text="An e-mail address, or a phone in E.164.")
    subject = serializers.CharField(allow_blank=True)
    status = serializers.ChoiceField(choices=Delivery.Status.choices)
    attempts = serializers.IntegerField()
    error = serializers.CharField(allow_blank=True)
    created_at = serializers.DateTimeField()
    sent_at = serializers.DateTimeField(allow_null=True)


class WholeDeliveryShape(DeliveryShape):
    body = serializers.CharField(allow_null=True, help_text="Null when it is a secret.")


def delivery_body(row: Delivery) -> dict[str, Any]:
    return {
        "id": row.id,
        "kind": row.kind,
        "channel": row.channel,
        "to": row.address,
        "subject": row.subject,
        "status": row.status,
        "attempts": row.attempts,
        "error": row.error,
        "created_at": row.created_at,
        "sent_at": row.sent_at,
    }


class DeliveryFilter(Shape):
    status = serializers.ChoiceField(choices=Delivery.Status.choices, required=False)
    channel = serializers.ChoiceField(choices=Delivery.Channel.choices, required=False)
    kind = serializers.CharField(max_length=40, required=False)
    to = serializers.CharField(max_length=254, required=False, source="address")


class DeliveryPage(Cursor):
    ordering = "-id"


class DeliveriesView(APIView):
    permission_classes = [roles("admin", "support")]

    @extend_schema(
        operation_id="admin_notification_deliveries_list",
        tags=["admin"],
        summary="Mails and text messages, newest first",
        parameters=[DeliveryFilter],
        responses=DeliveryShape(many=True),
    )
    def get(self, request: Request) -> Response:
        page = DeliveryPage()
        wanted = read_filter(DeliveryFilter, request)
        rows = page.paginate_queryset(delivery_queries.deliveries().filter(**wanted), request, view=self)
        return page.get_paginated_response([delivery_body(row) for row in rows or []])


class DeliveryView(APIView):
    permission_classes = [roles("admin", "support")]

    @extend_schema(
        operation_id="admin_notification_deliveries_read",
        tags=["admin"],
        summary="One of them with its text",
        responses=WholeDeliveryShape,
    )
    def get(self, request: Request, delivery: UUID) -> Response:
        row = delivery_queries.delivery_for(delivery)
        return Response({**delivery_body(row), "body": None if row.sensitive else row.body})


class ResendView(APIView):
    permission_classes = [roles("admin")]

    @extend_schema(
        operation_id="admin_notification_deliveries_resend",
        tags=["admin"],
        summary="Send a failed one again",
        request=None,
        responses=DeliveryShape,
    )
    @idempotent()
    def post(self, request: Request, delivery: UUID) -> Response:
        return Response(delivery_body(deliveries.resend(delivery_id=delivery)))
