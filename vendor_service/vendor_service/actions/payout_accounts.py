"""Where vendors are paid: kept here, told to payment alone, and to nobody else but by its last digits."""

from dataclasses import asdict, dataclass
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from shared.audit import record
from shared.context import new_id
from shared.contracts.payment import KeepPayoutAccount, PayoutAccountData
from shared.contracts.vendor import PayoutAccountChanged
from shared.outbox import publish
from vendor_service.actions.vendors import locked
from vendor_service.models import PayoutAccount


@dataclass(frozen=True, slots=True)
class Destination:
    """An IBAN with or without a BIC, a local account with its bank's code, or an address on an EVM chain."""

    kind: str
    holder_name: str = ""
    iban: str = ""
    bic: str = ""
    account_number: str = ""
    bank_code: str = ""
    address: str = ""


@transaction.atomic
def set_account(*, vendor_id: UUID, destination: Destination) -> PayoutAccount:
    """The first one is used at once; one that replaces another after its cool-down, and the vendor is told of it. The
    same again changes nothing. Raises VendorNotFound.
    """
    vendor, now = locked(vendor_id), timezone.now()
    before = PayoutAccount.objects.filter(vendor=vendor).first()
    fields = asdict(destination)
    if before and all(getattr(before, name) == value for name, value in fields.items()):
        return before
    account = PayoutAccount(vendor=vendor, **fields, usable_from=now + settings.PAYOUT_ACCOUNT_COOL_DOWN)
    if before:
        account.version = before.version + 1
    else:
        account.usable_from = now
    account.save()
    _tell(account)
    record(action="vendor.payout_account.set", subject_kind="vendor", subject_id=vendor_id, kind=account.kind)
    return account


def _tell(account: PayoutAccount) -> None:
    fields = {name: getattr(account, name) for name in PayoutAccountData.model_fields}
    told = {"vendor_id": account.vendor_id, "usable_from": account.usable_from}
    publish(KeepPayoutAccount(**told, account=PayoutAccountData(**fields), version=account.version))
    publish(PayoutAccountChanged(**told, change_id=new_id(), ending=account.ending))


def forget_accounts(*, owner_id: UUID) -> None:
    """Of somebody who is erased; in the transaction that erases them."""
    for account in PayoutAccount.objects.select_for_update().filter(vendor__owner_id=owner_id):
        told = {"vendor_id": account.vendor_id, "usable_from": timezone.now(), "version": account.version + 1}
        publish(KeepPayoutAccount(**told, account=None))
        account.delete()
