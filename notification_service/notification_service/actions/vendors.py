"""What vendors, and those who want to be, are told."""

from notification_service.actions.telling import Person, admins, mail_secret, shown_money, tell, user, vendor
from notification_service.models.notifications import Group
from shared.contracts.vendor import (
    MemberInvited,
    PayoutAccountChanged,
    PayoutSettled,
    VendorApplicationDecided,
    VendorApplicationSubmitted,
    VendorStatusChanged,
)


def tell_application_submitted(message: VendorApplicationSubmitted) -> None:
    """The applicant, that it has arrived; the admins, that it waits."""
    data = {"application_id": str(message.application_id), "business_name": message.business_name}
    applicant = Person(message.user_id, message.contact_email, message.business_name)
    tell(applicant, kind="application_received", group=Group.SELLING, fact=message.application_id, data=data)
    for admin in admins():
        tell(admin, kind="application_waits", group=Group.ADMINISTRATION, fact=message.application_id, data=data)


def tell_application_decided(message: VendorApplicationDecided) -> None:
    kind = "application_approved" if message.approved else "application_rejected"
    data = {"application_id": str(message.application_id), "business_name": message.business_name}
    person = user(message.user_id, message.contact_email)
    shown = {"reason": message.reason}
    tell(person, kind=kind, group=Group.SELLING, fact=message.application_id, data=data, shown=shown)


def tell_payout_settled(message: PayoutSettled) -> None:
    data = {"payout_id": str(message.payout_id), "amount": shown_money(message.amount), "reason": message.reason}
    kind = f"payout_{message.status}"
    tell(vendor(message.vendor_id), kind=kind, group=Group.SELLING, fact=message.payout_id, data=data)


def mail_invitation(message: MemberInvited) -> None:
    """To the address alone: whether somebody has an account there is nobody's business."""
    mail_secret(
        Person(None, message.email, ""),
        kind="vendor_invitation",
        shown={
            "vendor": message.vendor_name,
            "role": message.vendor_role or message.role,
            "token": message.token,
            "expires_at": message.expires_at,
        },
        expires_at=message.expires_at,
    )


def tell_status_changed(message: VendorStatusChanged) -> None:
    """Whatever the vendor wants by mail: it has to know."""
    kind = {"suspended": "vendor_suspended", "closed": "vendor_closed", "active": "vendor_active"}[message.status]
    data = {"vendor_id": str(message.vendor_id), "reason": message.reason}
    tell(vendor(message.vendor_id), kind=kind, group=Group.ACCOUNT, data=data)


def tell_payout_account_changed(message: PayoutAccountChanged) -> None:
    """In case it was somebody else."""
    data = {"ending": message.ending, "usable_from": f"{message.usable_from:%Y-%m-%d %H:%M} UTC"}
    person = vendor(message.vendor_id)
    tell(person, kind="payout_account_changed", group=Group.SELLING, fact=message.change_id, data=data)
