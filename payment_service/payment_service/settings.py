"""The shared settings and this service's differences."""

from datetime import timedelta

from django.core.exceptions import ImproperlyConfigured

from shared import env
from shared.settings import *  # noqa: F403
from shared.settings import ENVIRONMENT, SECRET_KEY, installed_apps

SERVICE = "payment"
VERSION = "0.1.0"
ROOT_URLCONF = "payment_service.urls"
WSGI_APPLICATION = "payment_service.wsgi.application"
INSTALLED_APPS = installed_apps("payment_service")

PROVIDER_TIMEOUT_SECONDS = env.number("PROVIDER_TIMEOUT_SECONDS", 3)
PROVIDER_PARALLEL_CALLS = env.number("PROVIDER_PARALLEL_CALLS", 8)
TRANSFER_ATTEMPTS = env.number("TRANSFER_ATTEMPTS", 50)
GIFT_CARD_TRIES_PER_HOUR = env.number("GIFT_CARD_TRIES_PER_HOUR", 20)
PAYOUT_HOLD = timedelta(seconds=env.number("PAYOUT_HOLD_SECONDS", 0 if ENVIRONMENT != "production" else 14 * 86_400))

_IN_PRODUCTION = ENVIRONMENT == "production"


def _listed(text: str) -> list[str]:
    """`"a, b"` → `["a", "b"]`."""
    return [part.strip() for part in text.split(",") if part.strip()]


PAYMENT_METHODS = _listed(env.text("PAYMENT_METHODS", "simulator" if not _IN_PRODUCTION else ""))
PAYOUT_PROVIDER = env.text("PAYOUT_PROVIDER", "simulator" if "simulator" in PAYMENT_METHODS else "")
SIMULATOR_IN_PRODUCTION = env.flag("SIMULATOR_IN_PRODUCTION")

SIMULATOR_URL = env.text("SIMULATOR_URL", env.text("PAYMENT_URL", "http://127.0.0.1:8106"))
SIMULATOR_API_KEY = env.text("SIMULATOR_API_KEY", f"key-{SECRET_KEY}")
SIMULATOR_WEBHOOK_SECRETS = env.text("SIMULATOR_WEBHOOK_SECRETS", f"hook-{SECRET_KEY}").split(",")
SIMULATOR_WEBHOOK_URL = env.text("SIMULATOR_WEBHOOK_URL", f"{SIMULATOR_URL}/api/v1/payment-webhooks/simulator")
SIMULATOR_SLOW_SECONDS = env.number("SIMULATOR_SLOW_SECONDS", 5)

# In which currencies each method takes money; none named: in all that are traded and that the provider knows.
PAYMENT_CURRENCIES = {
    "simulator": _listed(env.text("SIMULATOR_CURRENCIES", "")),
}
for _method in {*PAYMENT_METHODS, *filter(None, [PAYOUT_PROVIDER])} - PAYMENT_CURRENCIES.keys():
    raise ImproperlyConfigured(f"PAYMENT_METHODS or PAYOUT_PROVIDER names {_method!r}; nobody knows how to pay with it")
if _IN_PRODUCTION and not SIMULATOR_IN_PRODUCTION and "simulator" in {*PAYMENT_METHODS, PAYOUT_PROVIDER}:
    raise ImproperlyConfigured("The simulator moves no money: name another, or set SIMULATOR_IN_PRODUCTION=true")
if PAYOUT_PROVIDER not in {"", "simulator"}:
    raise ImproperlyConfigured("PAYOUT_PROVIDER can be the simulator, or nobody yet")
