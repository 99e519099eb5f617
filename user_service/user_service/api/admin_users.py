"""Accounts, as admins see and change them."""

from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from shared.auth import roles
from shared.http import Shape, read
from shared.idempotency import idempotent
from user_service.actions import accounts, erasure
from user_service.api.auth import UserShape, caller, user_body
from user_service.api.me import NewestFirst, ProfileIn
from user_service.models import Role
from user_service.queries import accounts as account_queries


class AccountFilter(Shape):
    search = serializers.CharField(max_length=100, required=False, allow_blank=True)
    role = serializers.ChoiceField(choices=Role.choices, required=False)
    active = serializers.BooleanField(required=False, allow_null=True, default=None)


class AccountsView(APIView):
    permission_classes = [roles("admin", "support")]

    @extend_schema(
        operation_id="admin_users_list",
        tags=["admin"],
        summary="All accounts, newest first",
        parameters=[AccountFilter],
        responses=UserShape(many=True),
    )
    def get(self, request: Request) -> Response:
        wanted = {key: value for key, value in request.query_params.items() if key not in {"limit", "cursor"}}
        page = NewestFirst()
        rows = page.paginate_queryset(account_queries.accounts(**read(AccountFilter, wanted)), request, view=self)
        return page.get_paginated_response([user_body(user) for user in rows or []])


class AccountIn(ProfileIn):
    roles = serializers.ListField(child=serializers.ChoiceField(choices=Role.choices), required=False, max_length=4)
    active = serializers.BooleanField(required=False)


class AccountView(APIView):
    def get_permissions(self) -> list[BasePermission]:
        allowed = roles("admin", "support") if self.request.method == "GET" else roles("admin")
        return [allowed()]

    @extend_schema(operation_id="admin_users_read", tags=["admin"], summary="One account", responses=UserShape)
    def get(self, _request: Request, user: UUID) -> Response:
        return Response(user_body(account_queries.account(user)))

    @extend_schema(
        operation_id="admin_users_change",
        tags=["admin"],
        summary="Change an account; other roles or disabling end its sessions",
        request=AccountIn,
        responses=UserShape,
    )
    @idempotent()
    def patch(self, request: Request, user: UUID) -> Response:
        changes = read(AccountIn, request.data, partial=True)
        row = accounts.change_account(
            admin_id=caller(request).id, user_id=user, active=changes.pop("active", None), changes=changes
        )
        return Response(user_body(row))

    @extend_schema(
        operation_id="admin_users_delete", tags=["admin"], summary="Delete an account", responses={204: None}
    )
    @idempotent()
    def delete(self, request: Request, user: UUID) -> Response:
        erasure.delete(admin_id=caller(request).id, user_id=user)
        return Response(status=204)


class AccountLogoutView(APIView):
    permission_classes = [roles("admin")]

    @extend_schema(
        operation_id="admin_users_logout_all",
        tags=["admin"],
        summary="End all sessions of an account",
        request=None,
        responses={204: None},
    )
    @idempotent()
    def post(self, _request: Request, user: UUID) -> Response:
        accounts.sign_out(user_id=user)
        return Response(status=204)
