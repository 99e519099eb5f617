"""The shared settings and this service's differences."""

from datetime import timedelta

from shared import env
from shared.settings import *  # noqa: F403
from shared.settings import ENVIRONMENT, installed_apps

SERVICE = "order"
VERSION = "0.1.0"
ROOT_URLCONF = "order_service.urls"
WSGI_APPLICATION = "order_service.wsgi.application"
INSTALLED_APPS = installed_apps("order_service")

CART_URL = env.text("CART_URL", "http://127.0.0.1:8103")
STOCK_ANSWER_WITHIN = timedelta(seconds=env.number("STOCK_ANSWER_WITHIN_SECONDS", 300))
PAYMENT_METHODS = [
    method.strip()
    for method in env.text("PAYMENT_METHODS", "simulator" if ENVIRONMENT != "production" else "").split(",")
    if method.strip()
]
CHECKOUTS_AT_ONCE = env.number("CHECKOUTS_AT_ONCE", 80)
PAYMENT_WITHIN = timedelta(seconds=env.number("PAYMENT_WITHIN_SECONDS", 900))
RETURN_WINDOW = timedelta(days=env.number("RETURN_WINDOW_DAYS", 14))
SHIPPING_REFUND = env.text("SHIPPING_REFUND", "never")
HOLD_MARGIN = timedelta(seconds=env.number("HOLD_MARGIN_SECONDS", 300))
DEFAULT_COMMISSION_BASIS_POINTS = env.number("DEFAULT_COMMISSION_BASIS_POINTS", 1000)
COMMISSION_TAX_BASIS_POINTS = env.number("COMMISSION_TAX_BASIS_POINTS", 0)
"""The tax on what vendors are charged for the service, where their country has no rate of its own."""
COMMISSION_TAX_BY_COUNTRY = env.shares("COMMISSION_TAX_BY_COUNTRY", "")
"""`DE=1900,GB=2000`: by the vendor's country."""
EXPORT_KEEP_HOURS = env.number("EXPORT_KEEP_HOURS", 72)
JOB_LEASE_SECONDS = env.number("JOB_LEASE_SECONDS", 30)
