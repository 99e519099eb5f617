"""Reading the chain, block after block. What is deep enough is read once, in order, and stays; what is above it is read
anew whenever the newest block is another, so that what a reorganisation undid is gone.

Whoever needs to know (the clock, or somebody who asks about a payment) reads on from the cursor. Nothing is locked
while the node is asked: of two who read the same blocks, one keeps what it found.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q, Sum
from django.utils import timezone

from payment_service.clients import ethereum
from payment_service.clients.ethereum import Block, Sent
from payment_service.errors import ProviderAway
from payment_service.models import ChainCursor, CryptoCharge, CryptoReceipt, CryptoTransfer, Payment

LOOKED_FOR_AFTER_THE_END = timedelta(hours=1)


@dataclass
class Found:
    """What came to addresses of ours, and what our wallet sent: nonce → hash."""

    receipts: list[tuple[CryptoCharge, Sent]] = field(default_factory=list)
    own: dict[int, str] = field(default_factory=dict)


def catch_up() -> None:
    """Read all that is new. Raises ProviderAway, also for a node that knows less than was read already."""
    head = ethereum.head()
    deep = max(head.number - settings.CRYPTO_CONFIRMATIONS + 1, 0)
    cursor, _new = ChainCursor.objects.get_or_create(chain_id=settings.CRYPTO_CHAIN_ID, defaults={"number": deep})
    if head.number < cursor.number:
        raise ProviderAway(f"The node is at block {head.number}; {cursor.number} was read before.")
    while cursor.number < deep:
        last = min(cursor.number + settings.CRYPTO_BLOCKS_AT_ONCE, deep)
        _keep(cursor, last, _read(cursor.number + 1, last))
        cursor.refresh_from_db()
    if cursor.head_hash != head.hash:
        _find_unlisted(cursor)
        _keep_for_now(cursor, head, _read(cursor.number + 1, head.number))


def _find_unlisted(cursor: ChainCursor) -> None:
    """Coins that a contract sends (exchanges, wallets of several) are no transaction of a block; the balance has them.
    Who sent them is not known. Those sent shortly before the end are deep enough only after it.
    """
    waiting = Q(closed_at=None, payment__status=Payment.Status.ACTION_REQUIRED)
    ended = Q(closed_at__gt=timezone.now() - LOOKED_FOR_AFTER_THE_END)
    charges = list(CryptoCharge.objects.filter(waiting | ended, token="").exclude(address=None))
    there = ethereum.balances([str(charge.address) for charge in charges], cursor.number)
    for charge, balance in zip(charges, there, strict=True):
        _keep_unlisted(cursor, charge, balance)


@transaction.atomic
def _keep_unlisted(cursor: ChainCursor, charge: CryptoCharge, balance: int) -> None:
    if not ChainCursor.objects.select_for_update().filter(pk=cursor.pk, number=cursor.number).exists():
        return
    listed = charge.receipts.filter(token="", confirmed=True).aggregate(sum=Sum("value"))["sum"] or 0
    if balance > listed:
        kept = {"block": cursor.number, "value": balance - listed, "confirmed": True}
        charge.receipts.create(hash=f"balance of {charge.address}", log=cursor.number, **kept)


def _read(first: int, last: int) -> Found:
    transactions = ethereum.transactions(first, last)
    wallet = settings.CRYPTO_WALLET.lower()
    own = {int(one["nonce"], 16): one["hash"].lower() for one in transactions if one["from"].lower() == wallet}
    sent = [one for transaction in transactions if (one := ethereum.coins_in(transaction))]
    if settings.CRYPTO_TOKEN_ADDRESS:
        sent += ethereum.tokens_sent(settings.CRYPTO_TOKEN_ADDRESS, first, last)
    return Found([(charge, one) for charge, one in _ours(sent) if _happened(one)], own)


def _ours(sent: Iterable[Sent]) -> list[tuple[CryptoCharge, Sent]]:
    by_address: dict[str, list[Sent]] = {}
    for one in sent:
        if one.value:
            by_address.setdefault(one.recipient, []).append(one)
    charges = CryptoCharge.objects.filter(address__in=by_address)
    return [(charge, one) for charge in charges for one in by_address[charge.address]]


def _happened(one: Sent) -> bool:
    """A transaction that failed is in a block all the same, and its coins stay where they were. Its logs are gone."""
    if one.token:
        return True
    mined = ethereum.mined(one.hash)
    return mined is not None and mined.succeeded


@transaction.atomic
def _keep(cursor: ChainCursor, last: int, found: Found) -> None:
    """For good: these blocks are deep enough."""
    if not ChainCursor.objects.select_for_update().filter(pk=cursor.pk, number=cursor.number).exists():
        return
    for charge, one in found.receipts:
        kept = {**_fields(charge, one), "confirmed": True}
        CryptoReceipt.objects.update_or_create(hash=one.hash, log=one.log, defaults=kept)
    for nonce, key in found.own.items():
        _notice(nonce, key)
    ChainCursor.objects.filter(pk=cursor.pk).update(number=last, head_hash="")


@transaction.atomic
def _keep_for_now(cursor: ChainCursor, head: Block, found: Found) -> None:
    """In the place of all that was seen before above the cursor."""
    row = ChainCursor.objects.select_for_update().filter(pk=cursor.pk, number=cursor.number).first()
    if row is None:
        return
    seen = [(one.hash, one.log) for _charge, one in found.receipts]
    for gone in CryptoReceipt.objects.filter(confirmed=False):
        if (gone.hash, gone.log) not in seen:
            gone.delete()
    for charge, one in found.receipts:
        CryptoReceipt.objects.update_or_create(
            hash=one.hash, log=one.log, confirmed=False, defaults=_fields(charge, one)
        )
    row.head_hash = head.hash
    row.save()


def _fields(charge: CryptoCharge, one: Sent) -> dict[str, object]:
    return {"charge": charge, "block": one.block, "token": one.token, "sender": one.sender, "value": one.value}


def _notice(nonce: int, key: str) -> None:
    """Our wallet has used a nonce that was given out with a transfer: by this transaction or never. Whoever signed it
    need not have told us.
    """
    open_ones = CryptoTransfer.objects.select_for_update().filter(status__in=["prepared", "sent"])
    transfer = open_ones.filter(nonce=nonce).exclude(hash=key).first()
    if transfer is None:
        return
    for other in open_ones.filter(hash=key):
        other.refuse(problem="of_another_transfer", used_up=False)
        other.save()
    transfer.send(hash=key, by=transfer.handed_in_by)
    transfer.save()
