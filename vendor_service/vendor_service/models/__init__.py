"""State, constraints, and named transitions that refuse illegal moves."""

from vendor_service.models.applications import Application
from vendor_service.models.members import Invitation, Member
from vendor_service.models.payouts import Balance, Payout
from vendor_service.models.vendors import Vendor

__all__ = ["Application", "Balance", "Invitation", "Member", "Payout", "Vendor"]
