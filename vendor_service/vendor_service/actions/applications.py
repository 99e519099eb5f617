"""Applications: submitted by users, decided by admins."""

from dataclasses import asdict, dataclass
from uuid import UUID

from django.db import IntegrityError, transaction

from shared.audit import record
from shared.contracts.vendor import VendorApplicationDecided, VendorApplicationSubmitted
from shared.outbox import publish
from vendor_service.actions.vendors import open_vendor
from vendor_service.errors import AlreadyVendor, ApplicationNotFound, ApplicationOpen
from vendor_service.models import Application, Member


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
def approve(*, application_id: UUID, admin_id: UUID) -> Application:
    """Opens the vendor and asks for the applicant's role. Raises ApplicationNotFound, AlreadyDecided, AlreadyVendor."""
    application = _locked(application_id)
    application.approve(by=admin_id)
    application.save()
    _tell_decided(application)
    vendor = open_vendor(application=application)
    record(action="vendor.application.approve", subject_kind="application", subject_id=application_id, vendor=vendor.id)
    return application


@transaction.atomic
def reject(*, application_id: UUID, admin_id: UUID, reason: str) -> Application:
    """Raises ApplicationNotFound, AlreadyDecided."""
    application = _locked(application_id)
    application.reject(by=admin_id, reason=reason)
    application.save()
    _tell_decided(application)
    record(action="vendor.application.reject", subject_kind="application", subject_id=application_id)
    return application


def _locked(application_id: UUID) -> Application:
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
