"""The shared settings and this service's differences."""

from datetime import timedelta

from shared import env
from shared.settings import *  # noqa: F403
from shared.settings import installed_apps

SERVICE = "cart"
VERSION = "0.1.0"
ROOT_URLCONF = "cart_service.urls"
WSGI_APPLICATION = "cart_service.wsgi.application"
INSTALLED_APPS = installed_apps("cart_service")

GUEST_CART_LIFETIME = timedelta(days=env.number("GUEST_CART_DAYS", 30))
CART_LIFETIME = timedelta(days=env.number("CART_DAYS", 365))
CART_ABANDONED_AFTER = timedelta(hours=env.number("CART_ABANDONED_HOURS", 24))
CART_MAX_LINES = env.number("CART_MAX_LINES", 100)
CATALOG_URL = env.text("CATALOG_URL", "http://127.0.0.1:8102")
CART_CURRENCY = env.text("CART_CURRENCY", "USD")
