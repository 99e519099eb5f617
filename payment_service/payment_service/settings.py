"""The shared settings and this service's differences."""

from datetime import timedelta

from django.core.exceptions import ImproperlyConfigured

from shared import env
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

# In which currencies each method takes money; none named: in all that are traded and that the provider knows.
PAYMENT_CURRENCIES = {
    "simulator": _listed(env.text("SIMULATOR_CURRENCIES", "")),
    "stripe": _listed(env.text("STRIPE_CURRENCIES", "")),
    "chapa": _listed(env.text("CHAPA_CURRENCIES", "")),
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
    if PAYOUT_PROVIDER not in {"", "simulator"}:
        raise ImproperlyConfigured(f"PAYOUT_PROVIDER is {PAYOUT_PROVIDER!r}; only the simulator pays out, or nobody")
    if _IN_PRODUCTION and not SIMULATOR_IN_PRODUCTION and "simulator" in {*PAYMENT_METHODS, PAYOUT_PROVIDER}:
        raise ImproperlyConfigured("The simulator moves no money: name another, or set SIMULATOR_IN_PRODUCTION=true")
    if _IN_PRODUCTION and CHAPA_FAKE:
        raise ImproperlyConfigured("CHAPA_FAKE is for development: nobody is paid by it")


_check()
