"""Follow where vendors want their money."""

from payment_service.models import PayoutAccount
from shared.contracts.payment import KeepPayoutAccount


def keep_account(message: KeepPayoutAccount) -> None:
    """The newest counts. Payouts that are under way already go where they were sent."""
    figures = {
        "details": message.account.model_dump() if message.account else None,
        "usable_from": message.usable_from,
        "version": message.version,
    }
    account, made = PayoutAccount.objects.get_or_create(vendor_id=message.vendor_id, defaults=figures)
    if not made:
        PayoutAccount.objects.filter(pk=account.pk, version__lt=message.version).update(**figures)
