"""The shared settings and this service's differences."""

from datetime import timedelta

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

SIMULATOR_URL = env.text("SIMULATOR_URL", env.text("PAYMENT_URL", "http://127.0.0.1:8106"))
SIMULATOR_API_KEY = env.text("SIMULATOR_API_KEY", f"key-{SECRET_KEY}")
SIMULATOR_WEBHOOK_SECRETS = env.text("SIMULATOR_WEBHOOK_SECRETS", f"hook-{SECRET_KEY}").split(",")
SIMULATOR_WEBHOOK_URL = env.text("SIMULATOR_WEBHOOK_URL", f"{SIMULATOR_URL}/api/v1/payment-webhooks/simulator")
SIMULATOR_SLOW_SECONDS = env.number("SIMULATOR_SLOW_SECONDS", 5)
