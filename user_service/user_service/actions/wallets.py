"""The account's wallet addresses."""

from uuid import UUID

from django.db import transaction

from shared.errors import NotFound
from user_service.actions.accounts import locked
from user_service.errors import TooManyWallets, WalletKnown
from user_service.models import Wallet
from user_service.models.wallets import checksummed

MOST = 20


@transaction.atomic
def add_wallet(*, user_id: UUID, address: str, label: str = "") -> Wallet:
    """Raises Invalid, WalletKnown, TooManyWallets, NotFound."""
    locked(user_id)
    own, address = Wallet.objects.filter(user_id=user_id), checksummed(address)
    if own.filter(address=address).exists():
        raise WalletKnown()
    if own.count() >= MOST:
        raise TooManyWallets()
    return Wallet.objects.create(user_id=user_id, address=address, label=label)


@transaction.atomic
def rename_wallet(*, user_id: UUID, wallet_id: UUID, label: str) -> Wallet:
    """The address itself stays: another one is another wallet. Raises NotFound for another user's."""
    wallet = _locked(user_id, wallet_id)
    wallet.label = label
    wallet.save(update_fields=["label", "updated_at"])
    return wallet


@transaction.atomic
def remove_wallet(*, user_id: UUID, wallet_id: UUID) -> None:
    """Raises NotFound for another user's."""
    _locked(user_id, wallet_id).delete()


def _locked(user_id: UUID, wallet_id: UUID) -> Wallet:
    wallet = Wallet.objects.select_for_update().filter(id=wallet_id, user_id=user_id).first()
    if wallet is None:
        raise NotFound()
    return wallet
