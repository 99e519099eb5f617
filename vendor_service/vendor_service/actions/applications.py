"""Applications: submitted by users, decided by admins."""

from dataclasses import asdict, dataclass
from uuid import UUID

from django.db import IntegrityError, transaction

from shared.audit import record
from shared.contracts.vendor import VendorApplicationDecided, VendorApplicationSubmitted
from shared.outbox import publish
from vendor_service.actions.vendors import open_vendor
from vendor_service.errors import AlreadyVendor, ApplicationNotFound, ApplicationOpen, ChecklistIncomplete
from vendor_service.models import Application, Member
from vendor_service.queries import checklists


@dataclass(frozen=True, slots=True)
class Business:
    """What an applicant says; `country` ISO 3166-1 alpha-2, `payout_currency` ISO 4217."""

    business_name: str
    contact_email: str
    country: str
    payout_currency: str
    description: str = ""
    phone: str = ""
    website: str = ""


@transaction.atomic
def submit(*, user_id: UUID, business: Business) -> Application:
    """Raises ApplicationOpen, AlreadyVendor."""
    try:
        with transaction.atomic():
            application = Application.objects.create(user_id=user_id, **asdict(business))
    except IntegrityError:
        raise ApplicationOpen() from None
    # After the insert, which has waited for an approval in progress: its vendor is seen now.
    if Member.objects.filter(user_id=user_id).exists():
        raise AlreadyVendor()
    publish(
        VendorApplicationSubmitted(
            application_id=application.id,
            user_id=user_id,
            business_name=application.business_name,
            contact_email=application.contact_email,
        )
    )
    return application


@transaction.atomic
def approve(*, application_id: UUID, admin_id: UUID, override: str = "") -> Application:
    """Opens the vendor and asks for the applicant's role. `override` is the reason to do so although something required
    is not done. Raises ApplicationNotFound, AlreadyDecided, ChecklistIncomplete, AlreadyVendor.
    """
    application = locked(application_id)
    application.approve(by=admin_id)
    told = _demand_checklist(application, override)
    application.save()
    _tell_decided(application)
    told["vendor"] = str(open_vendor(application=application).id)
    record(action="vendor.application.approve", subject_kind="application", subject_id=application_id, **told)
    return application


def _demand_checklist(application: Application, override: str) -> dict[str, str]:
    """What to record of it. Raises ChecklistIncomplete."""
    missing = checklists.missing(application)
    if missing and not override:
        raise ChecklistIncomplete(f"Not done yet: {', '.join(item.title for item in missing)}.")
    if not missing:
        return {}
    application.override = override
    return {"overridden": " ".join(str(item.id) for item in missing)}


@transaction.atomic
def reject(*, application_id: UUID, admin_id: UUID, reason: str) -> Application:
    """Raises ApplicationNotFound, AlreadyDecided."""
    application = locked(application_id)
    application.reject(by=admin_id, reason=reason)
    application.save()
    _tell_decided(application)
    record(action="vendor.application.reject", subject_kind="application", subject_id=application_id)
    return application


def locked(application_id: UUID) -> Application:
    """The row, locked until the transaction ends. Raises ApplicationNotFound."""
    application = Application.objects.select_for_update().filter(id=application_id).first()
    if application is None:
        raise ApplicationNotFound()
    return application


def _tell_decided(application: Application) -> None:
    publish(
        VendorApplicationDecided(
            application_id=application.id,
            user_id=application.user_id,
            business_name=application.business_name,
            contact_email=application.contact_email,
            approved=application.status == Application.Status.APPROVED,
            reason=application.reason,
        )
    )
