"""State, constraints, and named transitions that refuse illegal moves."""

from vendor_service.models.applications import Application
from vendor_service.models.payout_accounts import PayoutAccount
from vendor_service.models.payouts import Balance, Payout
from vendor_service.models.vendors import Vendor

__all__ = ["Application", "Balance", "Payout", "PayoutAccount", "Vendor"]
