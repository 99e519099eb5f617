"""Who sells for a vendor, and as what."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from shared.auth import IsSignedIn, roles
from shared.http import LineField, Shape, created, read
from shared.idempotency import idempotent
from shared.pagination import Cursor
from vendor_service.actions import members
from vendor_service.api.callers import user_of, vendor_of
from vendor_service.models import Invitation, Member
from vendor_service.queries import members as member_queries
from vendor_service.queries import vendors as vendor_queries


class MemberShape(Shape):
    id = serializers.UUIDField()
    user_id = serializers.UUIDField()
    email = serializers.CharField(help_text="That the invitation went to; empty once the account is erased.")
    role = serializers.ChoiceField(choices=Member.Role.choices)
    created_at = serializers.DateTimeField()


class InvitationIn(Shape):
    email = serializers.EmailField(max_length=254)
    role = serializers.ChoiceField(choices=Invitation.Role.choices)


class InvitationShape(Shape):
    id = serializers.UUIDField()
    email = serializers.EmailField()
    role = serializers.ChoiceField(choices=Invitation.Role.choices)
    expires_at = serializers.DateTimeField()
    created_at = serializers.DateTimeField()


class MemberPatch(Shape):
    whole = True

    role = serializers.ChoiceField(choices=Member.Role.choices, help_text="`owner` passes the shop on.")


class AcceptIn(Shape):
    token = LineField(max_length=100)


class JoinedShape(Shape):
    id = serializers.UUIDField()
    role = serializers.ChoiceField(choices=Member.Role.choices)
    vendor_id = serializers.UUIDField()
    vendor_name = serializers.CharField()


class MemberPage(Cursor):
    ordering = "id"


def body_of(row: Any, shape: type[Shape]) -> dict[str, Any]:
    return {str(name): getattr(row, str(name)) for name in shape().fields}


class MembersView(APIView):
    permission_classes = [roles("vendor")]
    pagination_class = MemberPage

    @extend_schema(
        operation_id="vendors_me_members_list",
        tags=["vendors"],
        summary="Who sells for your vendor",
        responses=MemberShape(many=True),
    )
    def get(self, request: Request) -> Response:
        page = self.pagination_class()
        rows = page.paginate_queryset(member_queries.members(vendor_of(request)), request, view=self)
        return page.get_paginated_response([body_of(row, MemberShape) for row in rows or []])

    @extend_schema(
        operation_id="vendors_me_members_invite",
        tags=["vendors"],
        summary="Invite somebody by mail",
        description="Owners invite anybody, managers staff. An earlier invitation of the address is void. 429 for too "
        "many a day.",
        request=InvitationIn,
        responses={201: InvitationShape},
    )
    @idempotent()
    def post(self, request: Request) -> Response:
        body = read(InvitationIn, request.data)
        row = members.invite(vendor_id=vendor_of(request), by=user_of(request), **body)
        return created(body_of(row, InvitationShape), f"/api/v1/vendors/me/invitations/{row.id}")


class MemberView(APIView):
    permission_classes = [roles("vendor")]

    @extend_schema(
        operation_id="vendors_me_members_change",
        tags=["vendors"],
        summary="Give another role, or pass the shop on",
        description="For the owner, who becomes a manager when somebody else is made `owner`. 409 `last_owner`.",
        request=MemberPatch,
        responses=MemberShape,
    )
    @idempotent()
    def patch(self, request: Request, member: UUID) -> Response:
        role = read(MemberPatch, request.data)["role"]
        row = members.give_role(vendor_id=vendor_of(request), by=user_of(request), member_id=member, role=role)
        return Response(body_of(row, MemberShape))

    @extend_schema(
        operation_id="vendors_me_members_remove",
        tags=["vendors"],
        summary="Remove somebody, or leave",
        description="Owners remove anybody, managers staff. The account's sessions end. 409 `last_owner`.",
        request=None,
        responses={204: None},
    )
    @idempotent()
    def delete(self, request: Request, member: UUID) -> Response:
        members.remove(vendor_id=vendor_of(request), by=user_of(request), member_id=member)
        return Response(status=204)


class InvitationsView(APIView):
    permission_classes = [roles("vendor")]
    pagination_class = MemberPage

    @extend_schema(
        operation_id="vendors_me_invitations_list",
        tags=["vendors"],
        summary="Invitations that wait",
        responses=InvitationShape(many=True),
    )
    def get(self, request: Request) -> Response:
        page = self.pagination_class()
        rows = page.paginate_queryset(member_queries.invitations(vendor_of(request)), request, view=self)
        return page.get_paginated_response([body_of(row, InvitationShape) for row in rows or []])


class InvitationView(APIView):
    permission_classes = [roles("vendor")]

    @extend_schema(
        operation_id="vendors_me_invitations_read",
        tags=["vendors"],
        summary="One invitation that waits",
        responses=InvitationShape,
    )
    def get(self, request: Request, invitation: UUID) -> Response:
        row = member_queries.invitation(vendor_id=vendor_of(request), invitation_id=invitation)
        return Response(body_of(row, InvitationShape))

    @extend_schema(
        operation_id="vendors_me_invitations_withdraw",
        tags=["vendors"],
        summary="Withdraw an invitation",
        request=None,
        responses={204: None},
    )
    @idempotent()
    def delete(self, request: Request, invitation: UUID) -> Response:
        members.withdraw(vendor_id=vendor_of(request), by=user_of(request), invitation_id=invitation)
        return Response(status=204)


class AcceptView(APIView):
    permission_classes = [IsSignedIn]

    @extend_schema(
        operation_id="vendor_invitations_accept",
        tags=["vendors"],
        summary="Accept an invitation with the token of its mail",
        description="With the account you are signed in with; its next refresh brings the role `vendor`. 404 when it "
        "is not known, used, withdrawn or too old. 409 `already_vendor` if the account sells for a vendor already.",
        request=AcceptIn,
        responses=JoinedShape,
    )
    @idempotent()
    def post(self, request: Request) -> Response:
        member = members.accept(user_id=user_of(request), token=read(AcceptIn, request.data)["token"])
        vendor = vendor_queries.vendor(member.vendor_id)
        told = {"id": member.id, "role": member.role, "vendor_id": vendor.id, "vendor_name": vendor.name}
        return Response(told)
