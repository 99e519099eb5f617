"""The shared settings and this service's differences."""

from datetime import timedelta

from django.core.exceptions import ImproperlyConfigured

from shared import env
from shared.money import EXPONENTS
from shared.settings import *  # noqa: F403
from shared.settings import ENVIRONMENT, PUBLIC_URL, SECRET_KEY, installed_apps

SERVICE = "payment"
VERSION = "0.1.0"
ROOT_URLCONF = "payment_service.urls"
WSGI_APPLICATION = "payment_service.wsgi.application"
INSTALLED_APPS = installed_apps("payment_service")

PROVIDER_TIMEOUT_SECONDS = env.number("PROVIDER_TIMEOUT_SECONDS", 3)
PROVIDER_PARALLEL_CALLS = env.number("PROVIDER_PARALLEL_CALLS", 8)
TRANSFER_ATTEMPTS = env.number("TRANSFER_ATTEMPTS", 50)
GIFT_CARD_TRIES_PER_HOUR = env.number("GIFT_CARD_TRIES_PER_HOUR", 20)
PAYOUT_SCHEDULE = env.text("PAYOUT_SCHEDULE", "off")
"""`off`, `daily`, or the weekday (UTC) on which runs are made without anybody asking."""
PAYOUT_MINIMUM = env.amounts("PAYOUT_MINIMUM", "")
"""`USD=10.00,JPY=1000`: a run pays nobody less. Without one of a currency, whatever there is."""
PAYOUT_APPROVAL_OVER = env.amounts("PAYOUT_APPROVAL_OVER", "")
"""`USD=5000.00`: a run or payout beyond it waits for an admin other than who made it. Without one, none does."""
PAYOUT_DEBTOR_NAME = env.text("PAYOUT_DEBTOR_NAME", "")
PAYOUT_DEBTOR_IBAN = env.text("PAYOUT_DEBTOR_IBAN", "")
PAYOUT_DEBTOR_BIC = env.text("PAYOUT_DEBTOR_BIC", "")
"""Whose account bank files are paid from; without name and IBAN there are no bank files."""
RECONCILE_DAILY = [name.strip() for name in env.text("RECONCILE_DAILY", "").split(",") if name.strip()]
"""Providers whose records of each day are held against the ledger the day after; none is named: nobody's."""
PAYOUT_HOLD = timedelta(seconds=env.number("PAYOUT_HOLD_SECONDS", 0 if ENVIRONMENT != "production" else 14 * 86_400))

_IN_PRODUCTION = ENVIRONMENT == "production"


def _listed(text: str) -> list[str]:
    """`"a, b"` → `["a", "b"]`."""
    return [part.strip() for part in text.split(",") if part.strip()]


PAYMENT_METHODS = _listed(env.text("PAYMENT_METHODS", "simulator" if not _IN_PRODUCTION else ""))
PAYOUT_PROVIDER = env.text(
    "PAYOUT_PROVIDER", "simulator" if not _IN_PRODUCTION or "simulator" in PAYMENT_METHODS else ""
)
PAYMENT_RETURN_URL = env.text("PAYMENT_RETURN_URL", PUBLIC_URL)
SIMULATOR_IN_PRODUCTION = env.flag("SIMULATOR_IN_PRODUCTION")

SIMULATOR_URL = env.text("SIMULATOR_URL", env.text("PAYMENT_URL", "http://127.0.0.1:8106"))
SIMULATOR_API_KEY = env.text("SIMULATOR_API_KEY", f"key-{SECRET_KEY}")
SIMULATOR_WEBHOOK_SECRETS = env.text("SIMULATOR_WEBHOOK_SECRETS", f"hook-{SECRET_KEY}").split(",")
SIMULATOR_WEBHOOK_URL = env.text("SIMULATOR_WEBHOOK_URL", f"{SIMULATOR_URL}/api/v1/payment-webhooks/simulator")
SIMULATOR_SLOW_SECONDS = env.number("SIMULATOR_SLOW_SECONDS", 5)

STRIPE_SECRET_KEY = env.text("STRIPE_SECRET_KEY", "")
STRIPE_WEBHOOK_SECRETS = _listed(env.text("STRIPE_WEBHOOK_SECRETS", ""))
STRIPE_URL = env.text("STRIPE_URL", "")

CHAPA_FAKE = env.flag("CHAPA_FAKE")
CHAPA_URL = env.text("CHAPA_URL", f"{SIMULATOR_URL}/simulator/chapa" if CHAPA_FAKE else "https://api.chapa.co")
CHAPA_SECRET_KEY = env.text("CHAPA_SECRET_KEY", f"chapa-{SECRET_KEY}" if CHAPA_FAKE else "")
CHAPA_WEBHOOK_SECRETS = _listed(env.text("CHAPA_WEBHOOK_SECRETS", f"chapa-hook-{SECRET_KEY}" if CHAPA_FAKE else ""))
CHAPA_WEBHOOK_URL = env.text("CHAPA_WEBHOOK_URL", f"{SIMULATOR_URL}/api/v1/payment-webhooks/chapa")

CRYPTO_NODE_URL = env.text("CRYPTO_NODE_URL", "")
CRYPTO_CHAIN_ID = env.number("CRYPTO_CHAIN_ID", 1)
CRYPTO_XPUB = env.text("CRYPTO_XPUB", "")
"""An extended public key (BIP-32): each payment has an address below it. No private key is ever set here."""
CRYPTO_WALLET = env.text("CRYPTO_WALLET", "")
"""The address that refunds and payouts are sent from, by whoever has its key elsewhere."""
CRYPTO_COIN = env.text("CRYPTO_COIN", "ETH")
CRYPTO_COIN_DECIMALS = 18
CRYPTO_TOKEN = env.text("CRYPTO_TOKEN", "USDC")
CRYPTO_TOKEN_ADDRESS = env.text("CRYPTO_TOKEN_ADDRESS", "")
CRYPTO_TOKEN_DECIMALS = env.number("CRYPTO_TOKEN_DECIMALS", 6)
CRYPTO_TOKEN_CURRENCY = env.text("CRYPTO_TOKEN_CURRENCY", "USD")
"""One token is one unit of it."""
CRYPTO_CONFIRMATIONS = env.number("CRYPTO_CONFIRMATIONS", 12)
"""A block counts once so many are there, itself included."""
CRYPTO_PRICE_HOURS = env.number("CRYPTO_PRICE_HOURS", 24)
CRYPTO_POLL_SECONDS = env.number("CRYPTO_POLL_SECONDS", 5)
CRYPTO_BLOCKS_AT_ONCE = env.number("CRYPTO_BLOCKS_AT_ONCE", 20)

# In which currencies each method takes money; none named: in all that are traded and that the provider knows.
PAYMENT_CURRENCIES = {
    "simulator": _listed(env.text("SIMULATOR_CURRENCIES", "")),
    "stripe": _listed(env.text("STRIPE_CURRENCIES", "")),
    "chapa": _listed(env.text("CHAPA_CURRENCIES", "")),
    "crypto": _listed(env.text("CRYPTO_CURRENCIES", "")),
}


def _check() -> None:
    """Refuse what could take no money, or only seem to."""
    keys = {"stripe": (STRIPE_SECRET_KEY, STRIPE_WEBHOOK_SECRETS), "chapa": (CHAPA_SECRET_KEY, CHAPA_WEBHOOK_SECRETS)}
    for method in PAYMENT_METHODS:
        if method not in PAYMENT_CURRENCIES:
            raise ImproperlyConfigured(f"PAYMENT_METHODS names {method!r}; nobody knows how to pay with it")
        if not all(keys.get(method, ())):
            name = method.upper()
            raise ImproperlyConfigured(f"{method} needs {name}_SECRET_KEY and {name}_WEBHOOK_SECRETS")
    if PAYOUT_PROVIDER not in {"", "simulator", "crypto"}:
        raise ImproperlyConfigured(f"PAYOUT_PROVIDER is {PAYOUT_PROVIDER!r}; only the simulator and crypto pay out")
    if CRYPTO_NODE_URL or "crypto" in {*PAYMENT_METHODS, PAYOUT_PROVIDER}:
        _check_crypto()
    if _IN_PRODUCTION and not SIMULATOR_IN_PRODUCTION and "simulator" in {*PAYMENT_METHODS, PAYOUT_PROVIDER}:
        raise ImproperlyConfigured("The simulator moves no money: name another, or set SIMULATOR_IN_PRODUCTION=true")
    if _IN_PRODUCTION and CHAPA_FAKE:
        raise ImproperlyConfigured("CHAPA_FAKE is for development: nobody is paid by it")


def _check_crypto() -> None:
    """That keys and addresses have no typing errors, apps.py looks after: it takes more than settings may import."""
    if not (CRYPTO_NODE_URL and CRYPTO_XPUB and CRYPTO_WALLET):
        raise ImproperlyConfigured("crypto needs CRYPTO_NODE_URL, CRYPTO_XPUB and CRYPTO_WALLET")
    if CRYPTO_TOKEN_ADDRESS and EXPONENTS.get(CRYPTO_TOKEN_CURRENCY, 99) > CRYPTO_TOKEN_DECIMALS:
        raise ImproperlyConfigured(f"CRYPTO_TOKEN has too few decimals for {CRYPTO_TOKEN_CURRENCY}")
    if min(CRYPTO_CONFIRMATIONS, CRYPTO_POLL_SECONDS, CRYPTO_BLOCKS_AT_ONCE) < 1:
        raise ImproperlyConfigured("CRYPTO_CONFIRMATIONS, …_POLL_SECONDS and …_BLOCKS_AT_ONCE are one or more")


def _check_key() -> None:
    """Whether or not anybody pays with crypto yet."""
    if CRYPTO_XPUB and not CRYPTO_XPUB.startswith(("xpub", "tpub")):
        raise ImproperlyConfigured("CRYPTO_XPUB is no extended public key; a private one has no place on a server")


def _check_reconciled() -> None:
    """These keep a list that can be asked for."""
    if unknown := set(RECONCILE_DAILY) - {"simulator", "stripe", "chapa"}:
        raise ImproperlyConfigured(f"RECONCILE_DAILY names {min(unknown)!r}; nobody can ask it for its records")


_check()
_check_key()
_check_reconciled()
