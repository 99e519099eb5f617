"""The caller's own login history and security claims."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from shared.auth import IsSignedIn
from shared.http import Shape, read
from shared.idempotency import idempotent
from shared.pagination import read_filter
from user_service.actions import claims
from user_service.api.auth import caller
from user_service.api.me import NewestFirst
from user_service.models import LoginAttempt, SecurityClaim
from user_service.models.logins import Outcome
from user_service.queries import logins as login_queries


class LoginAttemptShape(Shape):
    id = serializers.UUIDField()
    at = serializers.DateTimeField()
    outcome = serializers.ChoiceField(choices=Outcome.choices)
    address = serializers.CharField(allow_null=True)
    place = serializers.CharField(allow_null=True, help_text="Found a moment later; null where nobody knows.")
    device = serializers.CharField()
    user_agent = serializers.CharField()


def attempt_body(attempt: LoginAttempt) -> dict[str, Any]:
    return {name: getattr(attempt, name) for name in map(str, LoginAttemptShape().fields)}


class LoginHistoryView(APIView):
    permission_classes = [IsSignedIn]

    @extend_schema(
        operation_id="login_history",
        tags=["users"],
        summary="The last 50 logins and attempts, newest first",
        responses=LoginAttemptShape(many=True),
    )
    def get(self, request: Request) -> Response:
        page = NewestFirst()
        rows = page.paginate_queryset(login_queries.login_history(caller(request).id), request, view=self)
        return page.get_paginated_response([attempt_body(row) for row in rows or []])


class SecurityClaimShape(Shape):
    id = serializers.UUIDField()
    at = serializers.DateTimeField(help_text="When the unusual login was.")
    reasons = serializers.ListField(child=serializers.ChoiceField(choices=["device", "place"]))
    device = serializers.CharField()
    place = serializers.CharField(allow_null=True)
    address = serializers.CharField(allow_null=True)
    was_me = serializers.BooleanField(allow_null=True)
    resolved_at = serializers.DateTimeField(allow_null=True)


def claim_body(claim: SecurityClaim) -> dict[str, Any]:
    return {name: getattr(claim, name) for name in map(str, SecurityClaimShape().fields)}


class ClaimFilter(Shape):
    resolved = serializers.BooleanField(required=False, default=False)


class SecurityClaimsView(APIView):
    permission_classes = [IsSignedIn]

    @extend_schema(
        operation_id="security_claims_list",
        tags=["users"],
        summary="Unusual logins that wait for a word, or those that have had one",
        parameters=[ClaimFilter],
        responses=SecurityClaimShape(many=True),
    )
    def get(self, request: Request) -> Response:
        page, wanted = NewestFirst(), read_filter(ClaimFilter, request)
        rows = page.paginate_queryset(login_queries.security_claims(caller(request).id, **wanted), request, view=self)
        return page.get_paginated_response([claim_body(row) for row in rows or []])


class ResolveIn(Shape):
    was_me = serializers.BooleanField()


class ResolveClaimView(APIView):
    permission_classes = [IsSignedIn]

    @extend_schema(
        operation_id="security_claims_resolve",
        tags=["users"],
        summary="It was me; or it was not: then all sessions end, and the next login needs a new password",
        request=ResolveIn,
        responses=SecurityClaimShape,
    )
    @idempotent()
    def post(self, request: Request, claim: UUID) -> Response:
        row = claims.resolve_claim(user_id=caller(request).id, claim_id=claim, **read(ResolveIn, request.data))
        return Response(claim_body(row))
