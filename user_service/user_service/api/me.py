"""The caller's own profile, addresses and sessions."""

import zoneinfo
from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from shared.auth import IsSignedIn
from shared.http import LineField, Shape, created, read
from shared.idempotency import idempotent
from shared.money import EXPONENTS
from shared.pagination import Cursor
from user_service.actions import accounts, addresses, erasure, sessions
from user_service.api.auth import UserShape, caller, client_address, user_body
from user_service.api.erasure import EraseIn
from user_service.models import Address, Session
from user_service.models.addresses import AddressKind
from user_service.queries import accounts as account_queries
from user_service.queries import addresses as address_queries
from user_service.queries import sessions as session_queries

SIGNED_IN: list[type[BasePermission]] = [IsSignedIn]


class ProfileIn(Shape):
    first_name = LineField(max_length=100)
    last_name = LineField(max_length=100)
    locale = serializers.RegexField(r"^[a-z]{2,3}(-[A-Z]{2})?$", required=False)
    time_zone = serializers.ChoiceField(choices=sorted(zoneinfo.available_timezones()), required=False)
    currency = serializers.ChoiceField(choices=sorted(EXPONENTS), required=False)


class MeView(APIView):
    permission_classes = SIGNED_IN

    @extend_schema(operation_id="users_me", tags=["users"], summary="Who am I", responses=UserShape)
    def get(self, request: Request) -> Response:
        return Response(user_body(account_queries.account(caller(request).id)))

    @extend_schema(
        operation_id="users_me_replace",
        tags=["users"],
        summary="Replace the profile",
        request=ProfileIn,
        responses=UserShape,
    )
    @idempotent()
    def put(self, request: Request) -> Response:
        return self._change(request, partial=False)

    @extend_schema(
        operation_id="users_me_change",
        tags=["users"],
        summary="Change parts of the profile",
        request=ProfileIn,
        responses=UserShape,
    )
    @idempotent()
    def patch(self, request: Request) -> Response:
        return self._change(request, partial=True)

    @extend_schema(
        operation_id="users_me_erase",
        tags=["users"],
        summary="Erase the own account, here and in every other service; all sessions end",
        request=EraseIn,
        responses={204: None},
    )
    @idempotent()
    def delete(self, request: Request) -> Response:
        """Not to be taken back. The address is free again."""
        proof = read(EraseIn, request.data)
        erasure.erase(user_id=caller(request).id, address=client_address(request), **proof)
        return Response(status=204)

    @staticmethod
    def _change(request: Request, *, partial: bool) -> Response:
        changes = read(ProfileIn, request.data, partial=partial)
        return Response(user_body(accounts.change_profile(user_id=caller(request).id, changes=changes)))


class AddressIn(Shape):
    kind = serializers.ChoiceField(choices=AddressKind.choices, required=False)
    default = serializers.BooleanField(required=False)
    name = LineField(max_length=120)
    line1 = LineField(max_length=200)
    line2 = LineField(max_length=200, required=False, allow_blank=True)
    city = LineField(max_length=120)
    region = LineField(max_length=120, required=False, allow_blank=True)
    postal_code = LineField(max_length=20, required=False, allow_blank=True)
    country = serializers.RegexField(r"^[A-Z]{2}$")
    phone = LineField(max_length=32, required=False, allow_blank=True)


class AddressShape(AddressIn):
    id = serializers.UUIDField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


def address_body(address: Address) -> dict[str, Any]:
    return {name: getattr(address, name) for name in map(str, AddressShape().fields)}


class NewestFirst(Cursor):
    ordering = "-id"


class AddressesView(APIView):
    permission_classes = SIGNED_IN

    @extend_schema(
        operation_id="addresses_list", tags=["users"], summary="Own addresses", responses=AddressShape(many=True)
    )
    def get(self, request: Request) -> Response:
        page = NewestFirst()
        rows = page.paginate_queryset(address_queries.addresses(caller(request).id), request, view=self)
        return page.get_paginated_response([address_body(row) for row in rows or []])

    @extend_schema(
        operation_id="addresses_add",
        tags=["users"],
        summary="Add an address",
        request=AddressIn,
        responses={201: AddressShape},
    )
    @idempotent()
    def post(self, request: Request) -> Response:
        address = addresses.add_address(user_id=caller(request).id, fields=read(AddressIn, request.data))
        return created(address_body(address), f"/api/v1/users/me/addresses/{address.id}")


class AddressView(APIView):
    permission_classes = SIGNED_IN

    @extend_schema(operation_id="addresses_read", tags=["users"], summary="One address", responses=AddressShape)
    def get(self, request: Request, address: UUID) -> Response:
        return Response(address_body(address_queries.address(user_id=caller(request).id, address_id=address)))

    @extend_schema(
        operation_id="addresses_replace",
        tags=["users"],
        summary="Replace an address",
        request=AddressIn,
        responses=AddressShape,
    )
    @idempotent()
    def put(self, request: Request, address: UUID) -> Response:
        fields = {"line2": "", "region": "", "postal_code": "", "phone": "", **read(AddressIn, request.data)}
        return self._change(request, address, fields)

    @extend_schema(
        operation_id="addresses_change",
        tags=["users"],
        summary="Change parts of an address",
        request=AddressIn,
        responses=AddressShape,
    )
    @idempotent()
    def patch(self, request: Request, address: UUID) -> Response:
        return self._change(request, address, read(AddressIn, request.data, partial=True))

    @extend_schema(operation_id="addresses_remove", tags=["users"], summary="Remove an address", responses={204: None})
    @idempotent()
    def delete(self, request: Request, address: UUID) -> Response:
        addresses.remove_address(user_id=caller(request).id, address_id=address)
        return Response(status=204)

    @staticmethod
    def _change(request: Request, address: UUID, fields: dict[str, Any]) -> Response:
        row = addresses.change_address(user_id=caller(request).id, address_id=address, fields=fields)
        return Response(address_body(row))


class SessionShape(Shape):
    id = serializers.UUIDField()
    device = serializers.CharField()
    user_agent = serializers.CharField()
    address = serializers.CharField(allow_null=True)
    place = serializers.CharField(allow_null=True)
    created_at = serializers.DateTimeField()
    last_seen_at = serializers.DateTimeField()
    current = serializers.BooleanField()


def session_body(session: Session, current: UUID) -> dict[str, Any]:
    plain = ("id", "device", "user_agent", "address", "place", "created_at", "last_seen_at")
    return {**{name: getattr(session, name) for name in plain}, "current": session.id == current}


class SessionsView(APIView):
    permission_classes = SIGNED_IN

    @extend_schema(
        operation_id="sessions_list", tags=["users"], summary="Own live sessions", responses=SessionShape(many=True)
    )
    def get(self, request: Request) -> Response:
        page, me = NewestFirst(), caller(request)
        rows = page.paginate_queryset(session_queries.live_sessions(me.id), request, view=self)
        return page.get_paginated_response([session_body(row, me.session_id) for row in rows or []])


class SessionView(APIView):
    permission_classes = SIGNED_IN

    @extend_schema(operation_id="sessions_end", tags=["users"], summary="End one session", responses={204: None})
    @idempotent()
    def delete(self, request: Request, session: UUID) -> Response:
        sessions.end_session(user_id=caller(request).id, session_id=session)
        return Response(status=204)
