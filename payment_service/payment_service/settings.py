"""The shared settings and this service's differences."""

from shared.settings import *  # noqa: F403
from shared.settings import installed_apps

SERVICE = "payment"
VERSION = "0.1.0"
ROOT_URLCONF = "payment_service.urls"
WSGI_APPLICATION = "payment_service.wsgi.application"
INSTALLED_APPS = installed_apps("payment_service")
