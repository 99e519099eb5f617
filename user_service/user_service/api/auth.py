"""Registering, verifying, signing in and out."""

from typing import Any
from uuid import UUID

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from drf_spectacular.utils import PolymorphicProxySerializer, extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from shared import media
from shared.auth import Caller, IsService, IsSignedIn, ServiceAuthentication
from shared.errors import NotFound
from shared.http import LineField, Shape, address_of, created, one_line, read
from shared.idempotency import NOT_KEPT, idempotent
from user_service.actions import accounts, codes, passwords, sessions
from user_service.models import User, normalised
from user_service.queries import keys as key_queries
from user_service.queries import sessions as session_queries


class PasswordField(serializers.CharField):
    """Long enough for any manager's passwords, short enough to hash; spaces count."""

    def __init__(self, *, required: bool = True) -> None:
        super().__init__(max_length=128, trim_whitespace=False, required=required)


class MailAddressField(serializers.EmailField):
    """An e-mail address in its one spelling, which is what has to be valid and short enough."""

    def __init__(self) -> None:
        super().__init__(max_length=254)
        self.validators.append(one_line)

    def to_internal_value(self, data: Any) -> str:
        return normalised(super().to_internal_value(data))


class NewPassword(Shape):
    """A new password, named as wrong together with everything else that is; repeated if the client asked twice."""

    password = PasswordField()
    password_confirm = PasswordField(required=False)

    def validate_password(self, password: str) -> str:
        try:
            validate_password(password)
        except ValidationError as error:
            raise serializers.ValidationError(error.messages) from None
        return password

    def validate_password_confirm(self, again: str) -> str:
        if again != self.initial_data.get("password"):
            raise serializers.ValidationError("The two passwords differ.")
        return again

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        attrs.pop("password_confirm", None)
        return attrs


def client_address(request: Request) -> str | None:
    """As the edge tells it; it replaces whatever a client sends. None for what is no address."""
    return address_of(request._request)


class UserShape(Shape):
    id = serializers.UUIDField()
    email = serializers.EmailField()
    first_name = serializers.CharField()
    last_name = serializers.CharField()
    roles = serializers.ListField(child=serializers.CharField())
    vendor_id = serializers.UUIDField(allow_null=True)
    locale = serializers.CharField()
    time_zone = serializers.CharField()
    currency = serializers.CharField()
    avatar = serializers.CharField(allow_null=True)
    phone = serializers.CharField(allow_null=True, help_text="E.164, and only once it is proved.")
    email_verified = serializers.BooleanField()
    two_factor = serializers.BooleanField(help_text="Whether signing in takes a second factor.")
    active = serializers.BooleanField()
    created_at = serializers.DateTimeField()


def user_body(user: User) -> dict[str, Any]:
    told = {"two_factor": user.two_factor_on, "avatar": media.url(user.avatar)}
    return {name: told[name] if name in told else getattr(user, name) for name in map(str, UserShape().fields)}


class RegisterIn(NewPassword):
    email = MailAddressField()
    password_confirm = PasswordField()
    first_name = LineField(max_length=100)
    last_name = LineField(max_length=100)


class RegisteredShape(Shape):
    id = serializers.UUIDField()
    email = serializers.EmailField()
    first_name = serializers.CharField()
    last_name = serializers.CharField()
    roles = serializers.ListField(child=serializers.CharField())


class RegisterView(APIView):
    authentication_classes = []
    permission_classes = [AllowAny]

    @extend_schema(
        operation_id="auth_register",
        tags=["auth"],
        summary="Register; a six-digit code goes to the address",
        request=RegisterIn,
        responses={201: RegisteredShape},
    )
    @idempotent()
    def post(self, request: Request) -> Response:
        user = accounts.register(**read(RegisterIn, request.data))
        return created({name: getattr(user, name) for name in map(str, RegisteredShape().fields)}, "/api/v1/users/me")


class CodeIn(Shape):
    email = MailAddressField()
    code = serializers.RegexField(r"^\d{6}$")


class EmailIn(Shape):
    email = MailAddressField()


class DoneShape(Shape):
    detail = serializers.CharField()


class VerifiedShape(DoneShape):
    password_reset_required = serializers.BooleanField(
        help_text="The address was registered with different passwords: a code for choosing one is on its way."
    )


class VerifyEmailView(APIView):
    authentication_classes = []
    permission_classes = [AllowAny]

    @extend_schema(
        operation_id="auth_verify_email",
        tags=["auth"],
        summary="Prove the address with its code",
        request=CodeIn,
        responses=VerifiedShape,
    )
    @idempotent()
    def post(self, request: Request) -> Response:
        user = accounts.verify_email(**read(CodeIn, request.data))
        return Response({"detail": "The address is verified.", "password_reset_required": user.must_reset_password})


class ResendView(APIView):
    authentication_classes = []
    permission_classes = [AllowAny]

    @extend_schema(
        operation_id="auth_resend_code",
        tags=["auth"],
        summary="Another code, if the address waits for one; the answer is the same for any",
        request=EmailIn,
        responses={202: DoneShape},
    )
    @idempotent()
    def post(self, request: Request) -> Response:
        codes.request_code(email=read(EmailIn, request.data)["email"], purpose="verify_email")
        return Response({"detail": "If the address waits for a code, a new one is on its way."}, status=202)


class LoginIn(Shape):
    email = MailAddressField()
    password = PasswordField()


class TokensShape(Shape):
    access = serializers.CharField()
    refresh = serializers.CharField()


class SignedInShape(TokensShape):
    user = UserShape()


class ChallengeShape(Shape):
    """The account has a second factor: `auth/two-factor/challenge` finishes the login."""

    two_factor = serializers.BooleanField()
    challenge = serializers.CharField()


LOGIN_ANSWER = PolymorphicProxySerializer("LoginAnswer", [SignedInShape, ChallengeShape], resource_type_field_name=None)
NO_STORE = {"Cache-Control": "no-store"}


def user_agent_of(request: Request) -> str:
    return request.headers.get("User-Agent", "").replace("\x00", "")


def signed_in_answer(signed_in: sessions.SignedIn) -> Response:
    body = {"access": signed_in.access, "refresh": signed_in.refresh, "user": user_body(signed_in.user)}
    return Response(body, headers=NO_STORE)


def login_answer(outcome: sessions.SignedIn | sessions.Challenge) -> Response:
    """Both tokens, or the question for the second factor."""
    if isinstance(outcome, sessions.Challenge):
        return Response({"two_factor": True, "challenge": outcome.challenge}, headers=NO_STORE)
    return signed_in_answer(outcome)


class LoginView(APIView):
    authentication_classes = []
    permission_classes = [AllowAny]

    @extend_schema(
        operation_id="auth_login",
        tags=["auth"],
        summary="Sign in",
        request=LoginIn,
        responses=LOGIN_ANSWER,
        extensions=NOT_KEPT,
    )
    def post(self, request: Request) -> Response:
        outcome = sessions.log_in(
            **read(LoginIn, request.data), address=client_address(request), user_agent=user_agent_of(request)
        )
        return login_answer(outcome)


class RefreshIn(Shape):
    refresh = serializers.CharField(max_length=200)


class RefreshView(APIView):
    authentication_classes = []
    permission_classes = [AllowAny]

    @extend_schema(
        operation_id="auth_refresh",
        tags=["auth"],
        summary="The next pair of tokens; a refresh token works once",
        request=RefreshIn,
        responses=TokensShape,
        extensions=NOT_KEPT,
    )
    def post(self, request: Request) -> Response:
        signed_in = sessions.refresh(token=read(RefreshIn, request.data)["refresh"])
        body = {"access": signed_in.access, "refresh": signed_in.refresh}
        return Response(body, headers={"Cache-Control": "no-store"})


class LogoutIn(Shape):
    refresh = serializers.CharField(max_length=200, required=False, allow_null=True)


class LogoutView(APIView):
    permission_classes = [IsSignedIn]

    @extend_schema(
        operation_id="auth_logout", tags=["auth"], summary="End this session", request=LogoutIn, responses={204: None}
    )
    @idempotent()
    def post(self, request: Request) -> Response:
        read(LogoutIn, request.data)
        sessions.end_session(user_id=caller(request).id, session_id=caller(request).session_id)
        return Response(status=204)


class LogoutAllView(APIView):
    permission_classes = [IsSignedIn]

    @extend_schema(
        operation_id="auth_logout_all", tags=["auth"], summary="End all sessions", request=None, responses={204: None}
    )
    @idempotent()
    def post(self, request: Request) -> Response:
        sessions.end_all_sessions(user_id=caller(request).id, reason="logout_all")
        return Response(status=204)


def caller(request: Request) -> Caller:
    assert isinstance(request.user, Caller)
    return request.user


class PasswordResetView(APIView):
    authentication_classes = []
    permission_classes = [AllowAny]

    @extend_schema(
        operation_id="auth_password_reset",
        tags=["auth"],
        summary="A code for a new password, if there is such an account; the answer is the same for any address",
        request=EmailIn,
        responses={202: DoneShape},
    )
    @idempotent()
    def post(self, request: Request) -> Response:
        codes.request_code(email=read(EmailIn, request.data)["email"], purpose="password_reset")
        return Response({"detail": "If there is such an account, a code is on its way."}, status=202)


class PasswordResetConfirmIn(NewPassword, CodeIn):
    """The code from the mail, and the new password."""


class PasswordResetConfirmView(APIView):
    authentication_classes = []
    permission_classes = [AllowAny]

    @extend_schema(
        operation_id="auth_password_reset_confirm",
        tags=["auth"],
        summary="A new password with the code; all sessions end",
        request=PasswordResetConfirmIn,
        responses=DoneShape,
    )
    @idempotent()
    def post(self, request: Request) -> Response:
        passwords.reset_password(**read(PasswordResetConfirmIn, request.data))
        return Response({"detail": "The password is changed."})


class PasswordChangeIn(NewPassword):
    current_password = PasswordField()


class PasswordChangeView(APIView):
    permission_classes = [IsSignedIn]

    @extend_schema(
        operation_id="auth_password_change",
        tags=["auth"],
        summary="Change the own password; other sessions end",
        request=PasswordChangeIn,
        responses=DoneShape,
    )
    @idempotent()
    def post(self, request: Request) -> Response:
        body = read(PasswordChangeIn, request.data)
        passwords.change_password(
            user_id=caller(request).id,
            session_id=caller(request).session_id,
            current=body["current_password"],
            password=body["password"],
            address=client_address(request),
        )
        return Response({"detail": "The password is changed."})


class JwksView(APIView):
    authentication_classes = []
    permission_classes = [AllowAny]

    @extend_schema(operation_id="auth_jwks", tags=["auth"], summary="Public keys of access tokens", responses=dict)
    def get(self, _request: Request) -> Response:
        return Response(key_queries.jwks(), headers={"Cache-Control": "public, max-age=60"})


class InternalSessionView(APIView):
    """For the gateway, when Redis does not hold the marks of ended sessions."""

    authentication_classes = [ServiceAuthentication]
    permission_classes = [IsService]

    @extend_schema(exclude=True)
    def get(self, _request: Request, session: UUID) -> Response:
        if not session_queries.is_live(session):
            raise NotFound()
        return Response(status=204)
