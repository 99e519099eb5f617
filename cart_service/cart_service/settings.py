"""The shared settings and this service's differences."""

from shared.settings import *  # noqa: F403
from shared.settings import installed_apps

SERVICE = "cart"
VERSION = "0.1.0"
ROOT_URLCONF = "cart_service.urls"
WSGI_APPLICATION = "cart_service.wsgi.application"
INSTALLED_APPS = installed_apps("cart_service")
