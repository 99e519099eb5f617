"""The shared settings and this service's differences."""

from shared.settings import *  # noqa: F403
from shared.settings import installed_apps

SERVICE = "vendor"
VERSION = "0.1.0"
ROOT_URLCONF = "vendor_service.urls"
WSGI_APPLICATION = "vendor_service.wsgi.application"
INSTALLED_APPS = installed_apps("vendor_service")
