"""Signing in by way of Google."""

from django.conf import settings
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from shared.http import Shape, read
from shared.idempotency import NOT_KEPT
from user_service.actions import social
from user_service.api.auth import LOGIN_ANSWER, NO_STORE, client_address, login_answer, user_agent_of
from user_service.errors import SocialFailed

COOKIE = "nexus_social"
COOKIE_PATH = "/api/v1/auth/social"


class SocialStartShape(Shape):
    authorization_url = serializers.CharField(help_text="Where the browser goes next.")


class GoogleStartView(APIView):
    authentication_classes = []
    permission_classes = [AllowAny]

    @extend_schema(
        operation_id="auth_google_start",
        tags=["auth"],
        summary="Begin to sign in with Google; a cookie ties the answer to this browser",
        request=None,
        responses=SocialStartShape,
        extensions=NOT_KEPT,
    )
    def post(self, _request: Request) -> Response:
        url, cookie = social.begin_google()
        response = Response({"authorization_url": url}, headers=NO_STORE)
        response.set_cookie(
            COOKIE,
            cookie,
            max_age=settings.SOCIAL_LIFETIME,
            path=COOKIE_PATH,
            secure=settings.PUBLIC_URL.startswith("https:"),
            httponly=True,
            samesite="Lax",
        )
        return response


class CallbackIn(Shape):
    code = serializers.CharField(max_length=2_000)
    state = serializers.CharField(max_length=200)


class GoogleCallbackView(APIView):
    authentication_classes = []
    permission_classes = [AllowAny]

    @extend_schema(
        operation_id="auth_google_callback",
        tags=["auth"],
        summary="Where Google sends the browser back to; answered as a login is",
        parameters=[CallbackIn, OpenApiParameter("error", str, description="Why Google sent no code.")],
        responses=LOGIN_ANSWER,
    )
    def get(self, request: Request) -> Response:
        """Providers add parameters of their own, which are ignored."""
        query = request.query_params
        if query.get("error") or query.get("iss", settings.GOOGLE_ISSUER) != settings.GOOGLE_ISSUER:
            raise SocialFailed()
        given = read(CallbackIn, {name: query[name] for name in ("code", "state") if name in query})
        outcome = social.finish_google(
            **given,
            cookie=request.COOKIES.get(COOKIE, ""),
            address=client_address(request),
            user_agent=user_agent_of(request),
        )
        response = login_answer(outcome)
        response.delete_cookie(COOKIE, path=COOKIE_PATH, samesite="Lax")
        return response
