"""Every path of the service."""

from drf_spectacular.views import SpectacularJSONAPIView

from shared import admin, health
from shared.http import path
from vendor_service.api import (
    applications,
    checklists,
    commissions,
    dashboard,
    documents,
    evidence,
    members,
    payout_accounts,
    payouts,
    statements,
    store_pictures,
    vendors,
)

handler400 = "shared.http.bad_request"
handler404 = "shared.http.not_found"
handler500 = "shared.http.server_error"

_APPLICATION = "api/v1/vendor-applications/<uuid:application>"
_ADMIN_APPLICATION = "api/v1/admin/vendor-applications/<uuid:application>"

urlpatterns = [
    *health.urlpatterns,
    admin.pages(),
    path("internal/openapi.json", SpectacularJSONAPIView.as_view()),
    *evidence.paths,
    path("api/v1/vendor-applications", applications.ApplicationsView.as_view()),
    path("api/v1/vendor-applications/<uuid:application>", applications.ApplicationView.as_view()),
    path(f"{_APPLICATION}/checklist", checklists.ChecklistView.as_view()),
    path(
        f"{_APPLICATION}/checklist/<uuid:checklist_item>/confirm",
        checklists.ConfirmView.as_view(),
    ),
    path(f"{_APPLICATION}/documents", documents.DocumentsView.as_view()),
    path(f"{_APPLICATION}/documents/<uuid:document>", documents.DocumentView.as_view()),
    path(
        f"{_APPLICATION}/documents/<uuid:document>/file",
        documents.DocumentFileView.as_view(),
    ),
    path("api/v1/vendors", vendors.VendorsView.as_view()),
    path("api/v1/vendors/me", vendors.OwnVendorView.as_view()),
    path("api/v1/vendors/me/balance", payouts.BalanceView.as_view()),
    path("api/v1/vendors/me/checklist", checklists.OwnChecklistView.as_view()),
    path("api/v1/vendors/me/dashboard", dashboard.DashboardView.as_view()),
    path("api/v1/vendors/me/logo", store_pictures.LogoView.as_view()),
    path("api/v1/vendors/me/banner", store_pictures.BannerView.as_view()),
    path("api/v1/vendors/me/members", members.MembersView.as_view()),
    path("api/v1/vendors/me/members/<uuid:member>", members.MemberView.as_view()),
    path("api/v1/vendors/me/invitations", members.InvitationsView.as_view()),
    path("api/v1/vendors/me/invitations/<uuid:invitation>", members.InvitationView.as_view()),
    path("api/v1/vendor-invitations/accept", members.AcceptView.as_view()),
    path("api/v1/vendors/me/payouts", payouts.PayoutsView.as_view()),
    path("api/v1/vendors/me/payouts/<uuid:payout>", payouts.PayoutView.as_view()),
    path("api/v1/vendors/me/payout-account", payout_accounts.PayoutAccountView.as_view()),
    path("api/v1/vendors/me/statements", statements.StatementsView.as_view()),
    path("api/v1/vendors/me/statements.csv", statements.StatementsCsvView.as_view()),
    path("api/v1/vendors/<str:vendor>", vendors.VendorView.as_view()),
    path("api/v1/admin/vendor-applications", applications.AdminApplicationsView.as_view()),
    path("api/v1/admin/vendor-applications/<uuid:application>", applications.AdminApplicationView.as_view()),
    path("api/v1/admin/vendor-applications/<uuid:application>/approve", applications.ApproveView.as_view()),
    path("api/v1/admin/vendor-applications/<uuid:application>/reject", applications.RejectView.as_view()),
    path(f"{_ADMIN_APPLICATION}/checklist", checklists.AdminChecklistView.as_view()),
    path(f"{_ADMIN_APPLICATION}/checklist/<uuid:checklist_item>/approve", checklists.ApproveItemView.as_view()),
    path(f"{_ADMIN_APPLICATION}/checklist/<uuid:checklist_item>/refuse", checklists.RefuseItemView.as_view()),
    path(f"{_ADMIN_APPLICATION}/documents", documents.AdminDocumentsView.as_view()),
    path(f"{_ADMIN_APPLICATION}/documents/<uuid:document>/file", documents.AdminDocumentFileView.as_view()),
    path(f"{_ADMIN_APPLICATION}/documents/<uuid:document>/accept", documents.AcceptDocumentView.as_view()),
    path(f"{_ADMIN_APPLICATION}/documents/<uuid:document>/refuse", documents.RefuseDocumentView.as_view()),
    path("api/v1/admin/vendor-checklist-items", checklists.AdminItemsView.as_view()),
    path("api/v1/admin/vendor-checklist-items/<uuid:checklist_item>", checklists.AdminItemView.as_view()),
    path("api/v1/admin/commission-rules", commissions.RulesView.as_view()),
    path("api/v1/admin/commission-rules/order", commissions.RuleOrderView.as_view()),
    path("api/v1/admin/commission-rules/<uuid:commission_rule>", commissions.RuleView.as_view()),
    path("api/v1/admin/vendors", vendors.AdminVendorsView.as_view()),
    path("api/v1/admin/vendors/<uuid:vendor>", vendors.AdminVendorView.as_view()),
]
