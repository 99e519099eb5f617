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
CART_MAX_LINES = env.number("CART_MAX_LINES", 100)
CART_CURRENCY = env.text("CART_CURRENCY", "USD")
