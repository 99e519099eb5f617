"""Every path of the service."""

from drf_spectacular.views import SpectacularJSONAPIView

from shared import admin, health
from shared.http import path
from user_service.api import (
    admin_users,
    audit,
    auth,
    avatars,
    erasure,
    evidence,
    export,
    logins,
    me,
    phones,
    social,
    two_factor,
    wallets,
)

handler400 = "shared.http.bad_request"
handler404 = "shared.http.not_found"
handler500 = "shared.http.server_error"

urlpatterns = [
    *health.urlpatterns,
    admin.pages(),
    path("internal/openapi.json", SpectacularJSONAPIView.as_view()),
    *evidence.paths,
    path("internal/sessions/<uuid:session>", auth.InternalSessionView.as_view()),
    path(".well-known/jwks.json", auth.JwksView.as_view()),
    path("api/v1/auth/jwks.json", auth.JwksView.as_view()),
    path("api/v1/auth/register", auth.RegisterView.as_view()),
    path("api/v1/auth/verify-email", auth.VerifyEmailView.as_view()),
    path("api/v1/auth/verify-email/resend", auth.ResendView.as_view()),
    path("api/v1/auth/login", auth.LoginView.as_view()),
    path("api/v1/auth/refresh", auth.RefreshView.as_view()),
    path("api/v1/auth/logout", auth.LogoutView.as_view()),
    path("api/v1/auth/logout-all", auth.LogoutAllView.as_view()),
    path("api/v1/auth/password-reset", auth.PasswordResetView.as_view()),
    path("api/v1/auth/password-reset/confirm", auth.PasswordResetConfirmView.as_view()),
    path("api/v1/auth/password-change", auth.PasswordChangeView.as_view()),
    path("api/v1/auth/two-factor/setup", two_factor.TwoFactorSetupView.as_view()),
    path("api/v1/auth/two-factor/confirm", two_factor.TwoFactorConfirmView.as_view()),
    path("api/v1/auth/two-factor/disable", two_factor.TwoFactorDisableView.as_view()),
    path("api/v1/auth/two-factor/challenge", two_factor.TwoFactorChallengeView.as_view()),
    path("api/v1/auth/two-factor/recovery-codes", two_factor.RecoveryCodesView.as_view()),
    path("api/v1/auth/social/google/start", social.GoogleStartView.as_view()),
    path("api/v1/auth/social/google/callback", social.GoogleCallbackView.as_view()),
    path("api/v1/auth/phone/send", phones.PhoneSendView.as_view()),
    path("api/v1/auth/phone/verify", phones.PhoneVerifyView.as_view()),
    path("api/v1/users/me/erasure-code", erasure.ErasureCodeView.as_view()),
    path("api/v1/users/me/export", export.ExportView.as_view()),
    path("api/v1/users/me/wallets", wallets.WalletsView.as_view()),
    path("api/v1/users/me/wallets/<uuid:wallet>", wallets.WalletView.as_view()),
    path("api/v1/users/me/phone", phones.PhoneView.as_view()),
    path("api/v1/users/me", me.MeView.as_view()),
    path("api/v1/users/me/avatar", avatars.AvatarView.as_view()),
    path("api/v1/users/me/addresses", me.AddressesView.as_view()),
    path("api/v1/users/me/addresses/<uuid:address>", me.AddressView.as_view()),
    path("api/v1/users/me/sessions", me.SessionsView.as_view()),
    path("api/v1/users/me/sessions/<uuid:session>", me.SessionView.as_view()),
    path("api/v1/users/me/login-history", logins.LoginHistoryView.as_view()),
    path("api/v1/users/me/security-claims", logins.SecurityClaimsView.as_view()),
    path("api/v1/users/me/security-claims/<uuid:claim>/resolve", logins.ResolveClaimView.as_view()),
    path("api/v1/admin/users", admin_users.AccountsView.as_view()),
    path("api/v1/admin/users/<uuid:user>", admin_users.AccountView.as_view()),
    path("api/v1/admin/users/<uuid:user>/logout-all", admin_users.AccountLogoutView.as_view()),
    path("api/v1/admin/audit-log", audit.AuditLogView.as_view()),
    path("api/v1/admin/audit-log/verification", audit.AuditVerificationView.as_view()),
]
