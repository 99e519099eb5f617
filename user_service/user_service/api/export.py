"""All that this service holds about the caller, in one document."""

from typing import Any
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from shared.auth import IsSignedIn, caller_of
from shared.http import Shape
from user_service.api.auth import NO_STORE, UserShape, user_body
from user_service.api.logins import LoginAttemptShape, SecurityClaimShape, attempt_body, claim_body
from user_service.api.me import AddressShape, SessionShape, address_body, session_body
from user_service.api.wallets import WalletShape, wallet_body
from user_service.models import Identity
from user_service.queries import accounts, exports

ELSEWHERE = {
    "orders": "/api/v1/orders",
    "payments": "/api/v1/payments",
    "cart": "/api/v1/cart",
    "wishlists": "/api/v1/wishlists",
    "notifications": "/api/v1/notifications",
    "notification preferences": "/api/v1/notification-preferences",
    "vendor applications": "/api/v1/vendor-applications",
}
"""Where the other services answer the same token with what they hold."""


class IdentityShape(Shape):
    provider = serializers.ChoiceField(choices=Identity.Provider.choices)
    subject = serializers.CharField()
    created_at = serializers.DateTimeField()


class ElsewhereShape(Shape):
    what = serializers.CharField()
    path = serializers.CharField()


class ExportShape(Shape):
    exported_at = serializers.DateTimeField()
    profile = UserShape()
    addresses = AddressShape(many=True)
    wallets = WalletShape(many=True)
    identities = IdentityShape(many=True)
    two_factor_since = serializers.DateTimeField(allow_null=True)
    sessions = SessionShape(many=True)
    login_history = LoginAttemptShape(many=True)
    security_claims = SecurityClaimShape(many=True)
    elsewhere = ElsewhereShape(many=True, help_text="Where the other services tell what they hold.")


def identity_body(identity: Identity) -> dict[str, Any]:
    return {name: getattr(identity, name) for name in map(str, IdentityShape().fields)}


def export_body(user_id: UUID, session_id: UUID) -> dict[str, Any]:
    held = exports.all_of(accounts.account(user_id))
    return {
        "exported_at": timezone.now(),
        "profile": user_body(held.user),
        "addresses": [address_body(row) for row in held.addresses],
        "wallets": [wallet_body(row) for row in held.wallets],
        "identities": [identity_body(row) for row in held.identities],
        "two_factor_since": held.two_factor_since,
        "sessions": [session_body(row, session_id) for row in held.sessions],
        "login_history": [attempt_body(row) for row in held.login_attempts],
        "security_claims": [claim_body(row) for row in held.security_claims],
        "elsewhere": [{"what": what, "path": path} for what, path in ELSEWHERE.items()],
    }


class ExportView(APIView):
    permission_classes = [IsSignedIn]

    @extend_schema(
        operation_id="users_me_export",
        tags=["users"],
        summary="All that is held about me here, and where the rest is",
        responses=ExportShape,
    )
    def get(self, request: Request) -> Response:
        me = caller_of(request)
        headers = {**NO_STORE, "Content-Disposition": 'attachment; filename="nexus-export.json"'}
        return Response(export_body(me.id, me.session_id), headers=headers)
