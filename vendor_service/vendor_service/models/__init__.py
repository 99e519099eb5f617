"""State, constraints, and named transitions that refuse illegal moves."""

from vendor_service.models.applications import Application
from vendor_service.models.checklists import ChecklistAnswer, ChecklistItem
from vendor_service.models.commissions import CommissionBook, CommissionRule
from vendor_service.models.dashboard import ReturnCase, ReviewNote, Sale, ScarceVariant
from vendor_service.models.documents import Document, DocumentContent
from vendor_service.models.members import Invitation, Member
from vendor_service.models.payout_accounts import PayoutAccount
from vendor_service.models.payouts import Balance, Payout
from vendor_service.models.vendors import Vendor

__all__ = [
    "Application",
    "Balance",
    "ChecklistAnswer",
    "ChecklistItem",
    "CommissionBook",
    "CommissionRule",
    "Document",
    "DocumentContent",
    "Invitation",
    "Member",
    "Payout",
    "PayoutAccount",
    "ReturnCase",
    "ReviewNote",
    "Sale",
    "ScarceVariant",
    "Vendor",
]
