"""What operators do with prepared transfers: they take them away to be signed with a key that this service has never
seen, and hand in what the chain calls them. The chain says whether they were made.
"""

import logging
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.db.models import Max, Q, QuerySet
from django.utils import timezone

from payment_service.actions.misfits import settle_misfit
from payment_service.actions.payouts import book_paid, locked_payout
from payment_service.actions.refunds import settle_refund
from payment_service.clients import Transfer, ethereum
from payment_service.clients.ethereum import Mined
from payment_service.errors import HashUsed, IllegalMove, PayoutsNotConfigured
from payment_service.models import ChainCursor, CryptoTransfer, Misfit, Payout, Refund
from payment_service.models.addresses import checksummed
from shared import audit
from shared.context import Context, acting
from shared.errors import NotFound

log = logging.getLogger("nexus.payments")
MOST_AT_ONCE = 100
LAGS_AT_MOST = timedelta(days=1)
"""Behind the chain, a node that is asked."""
Status = CryptoTransfer.Status


# ── Taken away to be signed ──────────────────────────────────────────────────────────────────────────────────────────


def unsigned(*, ids: Sequence[UUID] | None = None, run_id: UUID | None = None) -> list[dict[str, Any]]:
    """The prepared transfers, or these, or a run's, oldest first, each as a transaction of EIP-1559 to be signed.

    Each keeps the nonce that it was given first: signed twice, one of the two is never mined. Raises ProviderAway,
    NotFound for ids that are not prepared, PayoutsNotConfigured.
    """
    if not settings.CRYPTO_NODE_URL:
        raise PayoutsNotConfigured()
    free = ethereum.next_nonce(settings.CRYPTO_WALLET)
    transfers = _with_nonces(ids, run_id, free)
    if not transfers:
        return []
    calls = [_call(transfer) for transfer in transfers]
    gas = ethereum.gas_for(settings.CRYPTO_WALLET, calls)
    fees = ethereum.fees()
    common = {
        "type": "0x2",
        "chainId": hex(settings.CRYPTO_CHAIN_ID),
        "from": settings.CRYPTO_WALLET,
        "maxFeePerGas": hex(fees.most),
        "maxPriorityFeePerGas": hex(fees.tip),
    }
    return [
        {"transfer": transfer, "transaction": {**common, **call, "nonce": hex(transfer.nonce or 0), "gas": hex(most)}}
        for transfer, call, most in zip(transfers, calls, gas, strict=True)
    ]


@transaction.atomic
def _with_nonces(ids: Sequence[UUID] | None, run_id: UUID | None, free: int) -> list[CryptoTransfer]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('crypto nonces'))")
    transfers = list(_prepared(ids, run_id).select_for_update().order_by("created_at", "id")[:MOST_AT_ONCE])
    if ids is not None and len(transfers) != len(set(ids)):
        raise NotFound()
    following = max(free, _after_those_given())
    for transfer in transfers:
        if transfer.nonce is None:
            transfer.nonce, following = following, following + 1
            transfer.save(update_fields=["nonce"])
    told = {"transfers": [str(transfer.id) for transfer in transfers]}
    audit.record(action="payment.crypto_transfer.take", subject_kind="crypto_transfers", subject_id="prepared", **told)
    return transfers


def _after_those_given() -> int:
    """Those of transfers just done, too: a node that lags takes their nonces for free. Of those done long ago it knows,
    and they may have been another wallet's.
    """
    long_ago = Q(status=Status.DONE, done_at__lte=timezone.now() - LAGS_AT_MOST)
    given = CryptoTransfer.objects.exclude(long_ago).aggregate(most=Max("nonce"))["most"]
    return 0 if given is None else given + 1


def _prepared(ids: Sequence[UUID] | None, run_id: UUID | None) -> QuerySet[CryptoTransfer]:
    rows = CryptoTransfer.objects.filter(status=Status.PREPARED)
    if ids is not None:
        rows = rows.filter(id__in=ids)
    if run_id is not None:
        rows = rows.filter(id__in=Payout.objects.filter(item__run=run_id).values("id"))
    return rows


def _call(transfer: CryptoTransfer) -> dict[str, str]:
    """The coin goes to the recipient; a token's contract is told to send it there."""
    if not transfer.token:
        return {"to": checksummed(transfer.recipient), "value": hex(int(transfer.value)), "data": "0x"}
    data = ethereum.data_of_transfer(transfer.recipient, int(transfer.value))
    return {"to": checksummed(transfer.token), "value": "0x0", "data": data}


# ── Handed in ────────────────────────────────────────────────────────────────────────────────────────────────────────


@transaction.atomic
def hand_in(*, transfer_id: UUID, hash: str, by: UUID) -> CryptoTransfer:
    """The transaction has been sent. Nothing is believed before the chain has it. Raises NotFound, IllegalMove,
    HashUsed.
    """
    transfer = CryptoTransfer.objects.select_for_update().filter(id=transfer_id).first()
    if transfer is None:
        raise NotFound()
    if transfer.nonce is None:
        raise IllegalMove("Nobody has been given this transfer to sign.")
    transfer.send(hash=hash.lower(), by=by)
    try:
        with transaction.atomic():
            transfer.save()
    except IntegrityError:
        raise HashUsed() from None
    told = {"hash": transfer.hash, "minor": transfer.minor, "currency": transfer.currency}
    audit.record(
        action="payment.crypto_transfer.hand_in", subject_kind="crypto_transfer", subject_id=transfer.id, **told
    )
    return transfer


# ── Confirmed by the chain ───────────────────────────────────────────────────────────────────────────────────────────


def confirm_transfers() -> int:
    """Look for every hash that was handed in; answers how many the chain has decided about. Raises ProviderAway."""
    deep = ChainCursor.objects.filter(chain_id=settings.CRYPTO_CHAIN_ID).values_list("number", flat=True).first()
    if deep is None:
        return 0
    return sum(_confirm(transfer, deep) for transfer in CryptoTransfer.objects.filter(status=Status.SENT))


def _confirm(transfer: CryptoTransfer, deep: int) -> bool:
    mined = ethereum.mined(transfer.hash)
    if mined is None or mined.block > deep:
        return False
    return settle_transfer(transfer_id=transfer.id, mined=mined)


@transaction.atomic
def settle_transfer(*, transfer_id: UUID, mined: Mined) -> bool:
    """What the chain has done for good: the transfer, or something else. The same twice changes nothing."""
    transfer = CryptoTransfer.objects.select_for_update().get(id=transfer_id)
    if transfer.status != Status.SENT or transfer.hash != mined.hash:
        return False
    problem = wrong_with(transfer, mined)
    if problem:
        used_up = mined.sender == settings.CRYPTO_WALLET.lower() and mined.nonce == transfer.nonce
        transfer.refuse(problem=problem, used_up=used_up)
        log.error("transfer %s is not made: %s", transfer.id, problem)
    else:
        transfer.finish(at=timezone.now())
        _DONE[transfer.kind](transfer.id, Transfer(transfer.hash, True))
    transfer.save()
    return True


def wrong_with(transfer: CryptoTransfer, mined: Mined) -> str:
    """Why this transaction is not the transfer; empty: it is."""
    if mined.sender != settings.CRYPTO_WALLET.lower():
        return "another_wallet"
    if mined.nonce != transfer.nonce:
        return "another_nonce"
    if not mined.succeeded:
        return "failed"
    wanted = (transfer.token, transfer.recipient, int(transfer.value))
    return "" if wanted in {(one.token, one.recipient, one.value) for one in mined.sent} else "another_transfer"


def _refunded(key: UUID, done: Transfer) -> None:
    with acting(Context(Refund.objects.get(id=key).correlation_id)):
        settle_refund(refund_id=key, transfer=done)


def _returned(key: UUID, done: Transfer) -> None:
    settle_misfit(misfit_id=Misfit.objects.values_list("id", flat=True).get(key=key), transfer=done)


def _paid_out(key: UUID, done: Transfer) -> None:
    payout = locked_payout(key)
    with acting(Context(payout.correlation_id)):
        book_paid(payout, done.reference)


_DONE: dict[str, Callable[[UUID, Transfer], None]] = {
    CryptoTransfer.Kind.REFUND: _refunded,
    CryptoTransfer.Kind.MISFIT: _returned,
    CryptoTransfer.Kind.PAYOUT: _paid_out,
}
