"""What payments are to bring on the chain, and where; and what has come of it."""

from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet, Sum
from django.utils import timezone

from payment_service.clients import Charge, ChargeRequest
from payment_service.errors import NotTaken
from payment_service.models import CoinPrice, CryptoCharge, CryptoReceipt
from payment_service.models.addresses import NotAnAddress, checksummed, derived, parsed
from payment_service.models.crypto import written
from shared.contracts.payment import CryptoDue
from shared.money import EXPONENTS, Money

FINEST = 10**10
"""Coins are asked for in steps of 0.00000001, which people can type."""
Use = CryptoReceipt.Use


# ── What is asked for ────────────────────────────────────────────────────────────────────────────────────────────────


def currencies() -> frozenset[str]:
    """The token's, and those in which the coin has a price today."""
    told = set(_prices().values_list("currency", flat=True))
    return frozenset(told | ({settings.CRYPTO_TOKEN_CURRENCY} if settings.CRYPTO_TOKEN_ADDRESS else set()))


def _prices() -> QuerySet[CoinPrice]:
    return CoinPrice.objects.filter(set_at__gt=timezone.now() - timedelta(hours=settings.CRYPTO_PRICE_HOURS))


def coin_price(currency: str) -> int | None:
    """Of one coin, in minor units; None if nobody has told it lately."""
    return _prices().filter(currency=currency).values_list("minor", flat=True).first()


@transaction.atomic
def open_charge(request: ChargeRequest) -> CryptoCharge:
    """An address of its own, and the amount at today's rate; the same payment twice is one. Raises NotTaken."""
    known = CryptoCharge.objects.filter(payment_id=request.key).first()
    if known:
        return known
    name, refund_to = _wishes(request.token)
    asset = _token(request.amount) if _is_token(name, request.amount) else _coin(name, request.amount)
    charge = CryptoCharge.objects.create(payment_id=request.key, refund_to=refund_to, **asset)
    charge.address = derived(settings.CRYPTO_XPUB, charge.index)
    charge.save(update_fields=["address"])
    return charge


def _wishes(token: str) -> tuple[str, str]:
    """`USDC-0x…` → what the buyer pays in, and where it is to go back to. Either may be left out. The token's contract
    is nobody's address. Raises NotTaken.
    """
    name, dash, address = token.partition("-")
    if name.startswith("0x") and not dash:
        name, address = "", name
    try:
        refund_to = parsed(address) if address else ""
    except NotAnAddress:
        raise NotTaken("bad_refund_address") from None
    if refund_to and refund_to == settings.CRYPTO_TOKEN_ADDRESS.lower():
        raise NotTaken("bad_refund_address")
    return "" if name == "ok" else name.upper(), refund_to


def _is_token(name: str, amount: Money) -> bool:
    """Unless the buyer says, the token where it is of the order's currency."""
    there = bool(settings.CRYPTO_TOKEN_ADDRESS) and amount.currency == settings.CRYPTO_TOKEN_CURRENCY
    return there and name in {"", settings.CRYPTO_TOKEN.upper()}


def _token(amount: Money) -> dict[str, object]:
    """A token is worth a unit of its currency."""
    return {**token_asset(), "expected": token_units(amount)}


def token_asset() -> dict[str, object]:
    return {
        "token": settings.CRYPTO_TOKEN_ADDRESS.lower(),
        "symbol": settings.CRYPTO_TOKEN,
        "decimals": settings.CRYPTO_TOKEN_DECIMALS,
    }


def token_units(amount: Money) -> int:
    units: int = amount.minor * 10 ** (settings.CRYPTO_TOKEN_DECIMALS - EXPONENTS[amount.currency])
    return units


def coin_asset() -> dict[str, object]:
    return {"token": "", "symbol": settings.CRYPTO_COIN, "decimals": settings.CRYPTO_COIN_DECIMALS}


def _coin(name: str, amount: Money) -> dict[str, object]:
    """Rounded up, so that nobody pays too little by paying what is asked. Raises NotTaken."""
    if name not in {"", settings.CRYPTO_COIN.upper()}:
        raise NotTaken("coin_not_taken")
    price = coin_price(amount.currency)
    if price is None:
        raise NotTaken("no_price")
    steps = -(-amount.minor * 10**settings.CRYPTO_COIN_DECIMALS // (price * FINEST))
    return {**coin_asset(), "expected": steps * FINEST}


# ── What came ────────────────────────────────────────────────────────────────────────────────────────────────────────


def come(charge: CryptoCharge, *, confirmed: bool) -> int:
    """So much of what was asked for; without what has gone into a misfit."""
    rows = charge.receipts.filter(token=charge.token, confirmed=confirmed).exclude(use=Use.MISFIT)
    return int(rows.aggregate(sum=Sum("value"))["sum"] or 0)


def state_of(charge: CryptoCharge) -> Charge:
    """As a provider tells it. Money that comes after the end is the payment all the same, if it is enough."""
    reference = charge.address
    if come(charge, confirmed=True) >= charge.expected:
        return Charge(reference, "succeeded", taken=charge.payment.to_charge)
    if charge.closed_at:
        return Charge(reference, "cancelled")
    return Charge(reference, "requires_action", url=page_of(charge.payment_id), crypto=due_of(charge))


@transaction.atomic
def close(charge: CryptoCharge) -> Charge:
    """Nobody is asked to pay any more. What was seen in time, and is enough, is waited for."""
    if come(charge, confirmed=True) + come(charge, confirmed=False) >= charge.expected:
        state = state_of(charge)
        return state if state.status == "succeeded" else Charge(state.reference, "pending")
    if charge.closed_at is None:
        charge.closed_at = timezone.now()
        charge.save(update_fields=["closed_at"])
    return state_of(charge)


def page_of(payment_id: UUID) -> str:
    return f"{settings.PUBLIC_URL}/crypto/pay/{payment_id}"


def due_of(charge: CryptoCharge) -> CryptoDue:
    seen = come(charge, confirmed=False)
    missing = max(int(charge.expected) - come(charge, confirmed=True) - seen, 0)
    return CryptoDue(
        chain_id=settings.CRYPTO_CHAIN_ID,
        address=checksummed(charge.address),
        symbol=charge.symbol,
        token=checksummed(charge.token) if charge.token else "",
        expected=written(int(charge.expected), charge.decimals),
        amount=written(missing, charge.decimals),
        seen=written(seen, charge.decimals),
        confirmations=settings.CRYPTO_CONFIRMATIONS,
        uri=_uri(charge, missing) if missing else "",
    )


def _uri(charge: CryptoCharge, value: int) -> str:
    """EIP-681: what wallets understand."""
    to, chain = checksummed(charge.address), settings.CRYPTO_CHAIN_ID
    if not charge.token:
        return f"ethereum:{to}@{chain}?value={value}"
    return f"ethereum:{checksummed(charge.token)}@{chain}/transfer?address={to}&uint256={value}"
