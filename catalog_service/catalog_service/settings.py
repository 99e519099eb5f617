"""The shared settings and this service's differences."""

from shared.settings import *  # noqa: F403
from shared.settings import installed_apps

SERVICE = "catalog"
VERSION = "0.1.0"
ROOT_URLCONF = "catalog_service.urls"
WSGI_APPLICATION = "catalog_service.wsgi.application"
INSTALLED_APPS = installed_apps("catalog_service")
