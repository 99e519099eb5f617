"""vendor_service: who sells here, and on what terms."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict

from shared.messages import Event, MoneyData


class VendorApplicationSubmitted(Event):
    type = "vendor.application_submitted.v1"
    key = "application_id"
    application_id: UUID
    user_id: UUID
    business_name: str
    contact_email: str


class VendorApplicationDecided(Event):
    type = "vendor.application_decided.v1"
    key = "application_id"
    application_id: UUID
    user_id: UUID
    business_name: str
    contact_email: str
    approved: bool
    reason: str = ""


class VendorChanged(Event):
    """The whole present truth about a vendor; catalog, order, payment and notification keep it."""

    type = "vendor.vendor_changed.v1"
    key = "vendor_id"
    vendor_id: UUID
    owner_id: UUID
    name: str
    slug: str
    status: Literal["active", "suspended", "closed"]
    contact_email: str
    country: str
    payout_currency: str
    commission_basis_points: int
    version: int


class CommissionRule(BaseModel):
    """Of what the marketplace keeps: `basis_points` of what a vendor sold for, without tax, and a fee for each unit, in
    the currencies that have one. What is None matches all; a category's descendants are in it.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")
    rule_id: UUID
    vendor_id: UUID | None = None
    category_id: UUID | None = None
    product_id: UUID | None = None
    basis_points: int
    fees_per_unit: tuple[MoneyData, ...] = ()
    starts_at: AwareDatetime | None = None
    ends_at: AwareDatetime | None = None


class CommissionRulesChanged(Event):
    """All rules, in their order: the first that matches a line holds, and where none does, the vendor's own rate. The
    highest version counts.
    """

    type = "vendor.commission_rules_changed.v1"
    key = "book"
    book: str = "marketplace"
    rules: tuple[CommissionRule, ...]
    version: int


class VendorStatusChanged(Event):
    """An admin suspended, closed or reactivated a vendor, which is told why. The rest is told by VendorChanged."""

    type = "vendor.vendor_status_changed.v1"
    key = "vendor_id"
    vendor_id: UUID
    status: Literal["active", "suspended", "closed"]
    reason: str = ""
    version: int


class MemberInvited(Event):
    """Somebody is asked by mail to sell for a vendor. Whoever reads the mailbox has the token, and nobody else."""

    type = "vendor.member_invited.v1"
    key = "invitation_id"
    sensitive = True
    invitation_id: UUID
    vendor_id: UUID
    vendor_name: str
    email: str
    role: Literal["manager", "staff"]
    """The nearest that every release knows."""
    vendor_role: str = ""
    """As what exactly; empty: as `role` says."""
    token: str
    expires_at: AwareDatetime


class PayoutAccountChanged(Event):
    """Where a vendor is paid has changed; `ending` is all that is told of it. Payouts wait until `usable_from`."""

    type = "vendor.payout_account_changed.v1"
    key = "vendor_id"
    change_id: UUID
    vendor_id: UUID
    ending: str
    usable_from: datetime


class PayoutSettled(Event):
    """A payout reached its end, `paid` or `refused`, or came back from the bank, `returned`; the vendor is told."""

    type = "vendor.payout_settled.v1"
    key = "vendor_id"
    payout_id: UUID
    vendor_id: UUID
    amount: MoneyData
    status: Literal["paid", "refused", "returned"]
    reason: str = ""
