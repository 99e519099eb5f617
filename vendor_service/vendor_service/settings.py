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

PAYMENT_URL = env.text("PAYMENT_URL", "http://127.0.0.1:8106")
PAYOUT_ACCOUNT_COOL_DOWN = timedelta(hours=env.number("PAYOUT_ACCOUNT_COOL_DOWN_HOURS", 48))
"""So long after a payout account is replaced, nothing is paid to the new one."""

SPECTACULAR_SETTINGS = {
    **SHARED_SPECTACULAR_SETTINGS,
    "ENUM_NAME_OVERRIDES": {
        "VendorApplicationStatus": "vendor_service.models.Application.Status",
        "VendorStatus": "vendor_service.models.Vendor.Status",
        "VendorPayoutStatus": "vendor_service.models.Payout.Status",
    },
}
