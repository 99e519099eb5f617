"""The inbox in the shop, and what is also mailed."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from notification_service.actions import inbox
from notification_service.models import Notification
from notification_service.queries import inbox as inbox_queries
from shared.auth import IsSignedIn, caller_of
from shared.http import Shape, read
from shared.idempotency import idempotent
from shared.pagination import Cursor, read_filter


class NotificationShape(Shape):
    id = serializers.UUIDField()
    kind = serializers.CharField()
    title = serializers.CharField()
    body = serializers.CharField()
    data = serializers.DictField(help_text="Ids and figures of what it is about.")  # type: ignore[assignment]
    read = serializers.BooleanField()
    created_at = serializers.DateTimeField()


class InboxFilter(Shape):
    unread = serializers.BooleanField(required=False, allow_null=True, default=None)


def notification_body(row: Notification) -> dict[str, Any]:
    return {
        "id": row.id,
        "kind": row.kind,
        "title": row.title,
        "body": row.body,
        "data": row.data,
        "read": row.read_at is not None,
        "created_at": row.created_at,
    }


class InboxPage(Cursor):
    ordering = "-id"


class InboxView(APIView):
    permission_classes = [IsSignedIn]

    @extend_schema(
        operation_id="notifications_list",
        tags=["notifications"],
        summary="The own inbox, newest first",
        parameters=[InboxFilter],
        responses=NotificationShape(many=True),
    )
    def get(self, request: Request) -> Response:
        page = InboxPage()
        wanted = read_filter(InboxFilter, request)
        rows = inbox_queries.notifications_of(caller_of(request).id, unread=wanted["unread"])
        found = page.paginate_queryset(rows, request, view=self)
        return page.get_paginated_response([notification_body(row) for row in found or []])


class UnreadShape(Shape):
    unread = serializers.IntegerField()


class UnreadView(APIView):
    permission_classes = [IsSignedIn]

    @extend_schema(
        operation_id="notifications_unread",
        tags=["notifications"],
        summary="How many are unread",
        responses=UnreadShape,
    )
    def get(self, request: Request) -> Response:
        return Response({"unread": inbox_queries.notifications_of(caller_of(request).id, unread=True).count()})


class ReadView(APIView):
    permission_classes = [IsSignedIn]

    @extend_schema(
        operation_id="notifications_read",
        tags=["notifications"],
        summary="Mark one as read",
        request=None,
        responses=NotificationShape,
    )
    @idempotent()
    def post(self, request: Request, notification: UUID) -> Response:
        row = inbox.read_notification(notification_id=notification, user_id=caller_of(request).id)
        return Response(notification_body(row))


class ReadAllView(APIView):
    permission_classes = [IsSignedIn]

    @extend_schema(
        operation_id="notifications_read_all",
        tags=["notifications"],
        summary="Mark all as read; answers how many are unread now",
        request=None,
        responses=UnreadShape,
    )
    @idempotent()
    def post(self, request: Request) -> Response:
        inbox.read_all(user_id=caller_of(request).id)
        return Response({"unread": 0})


class GroupsShape(Shape):
    """`wishes`: of a wishlist, something is back or cheaper. `reminders`, of carts left, are to be asked for."""

    orders = serializers.BooleanField(required=False)
    selling = serializers.BooleanField(required=False)
    administration = serializers.BooleanField(required=False)
    wishes = serializers.BooleanField(required=False)
    reminders = serializers.BooleanField(required=False)


class PreferencesShape(Shape):
    """What is mailed besides being in the inbox. Codes and warnings about the account always are."""

    email = GroupsShape()


class PreferencesView(APIView):
    permission_classes = [IsSignedIn]

    @extend_schema(
        operation_id="notification_preferences_read",
        tags=["notifications"],
        summary="What is also mailed",
        responses=PreferencesShape,
    )
    def get(self, request: Request) -> Response:
        return Response({"email": inbox_queries.preferences_of(caller_of(request).id)})

    @extend_schema(
        operation_id="notification_preferences_write",
        tags=["notifications"],
        summary="Choose what is also mailed; groups left out stay as they are",
        request=PreferencesShape,
        responses=PreferencesShape,
    )
    @idempotent()
    def put(self, request: Request) -> Response:
        inbox.set_preferences(user_id=caller_of(request).id, email=read(PreferencesShape, request.data)["email"])
        return Response({"email": inbox_queries.preferences_of(caller_of(request).id)})
