"""The shared settings and this service's differences."""

from datetime import timedelta

from shared import env
from shared.settings import *  # noqa: F403
from shared.settings import SPECTACULAR_SETTINGS as SHARED_SPECTACULAR_SETTINGS
from shared.settings import installed_apps

SERVICE = "vendor"
VERSION = "0.1.0"
ROOT_URLCONF = "vendor_service.urls"
WSGI_APPLICATION = "vendor_service.wsgi.application"
INSTALLED_APPS = installed_apps("vendor_service")

COMMISSION_BASIS_POINTS = env.number("COMMISSION_BASIS_POINTS", 1_000)
"""What the marketplace keeps of a new vendor's sales, in hundredths of a per cent."""

DOCUMENT_MAX_BYTES = env.number("DOCUMENT_MAX_BYTES", 10_000_000)
DOCUMENT_MAX_PIXELS = env.number("DOCUMENT_MAX_PIXELS", 25_000_000)
DOCUMENTS_PER_APPLICATION = env.number("DOCUMENTS_PER_APPLICATION", 20)
STORE_PICTURE_MAX_BYTES = env.number("STORE_PICTURE_MAX_BYTES", 8_000_000)
STORE_PICTURE_MAX_PIXELS = env.number("STORE_PICTURE_MAX_PIXELS", 25_000_000)
INVITATION_LIFETIME = timedelta(seconds=env.number("INVITATION_SECONDS", 7 * 24 * 3_600))
"""How long somebody may take to accept one."""
INVITATIONS_PER_DAY = env.number("INVITATIONS_PER_DAY", 20)
"""How many people a vendor may ask in a day."""
PAYMENT_URL = env.text("PAYMENT_URL", "http://127.0.0.1:8106")
PAYOUT_ACCOUNT_COOL_DOWN = timedelta(hours=env.number("PAYOUT_ACCOUNT_COOL_DOWN_HOURS", 48))
"""So long after a payout account is replaced, nothing is paid to the new one."""

SPECTACULAR_SETTINGS = {
    **SHARED_SPECTACULAR_SETTINGS,
    "ENUM_NAME_OVERRIDES": {
        "VendorApplicationStatus": "vendor_service.models.Application.Status",
        "VendorStatus": "vendor_service.models.Vendor.Status",
        "VendorPayoutStatus": "vendor_service.models.Payout.Status",
        "VendorInvitationRole": "vendor_service.models.Invitation.Role",
        "ChecklistItemKind": "vendor_service.models.ChecklistItem.Kind",
        "ChecklistItemRule": "vendor_service.models.ChecklistItem.Rule",
        "VendorDocumentStatus": "vendor_service.models.Document.Status",
        "VendorMemberRole": "vendor_service.models.Member.Role",
    },
}
