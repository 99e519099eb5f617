"""The shared settings and this service's differences."""

from shared.settings import *  # noqa: F403
from shared.settings import installed_apps

SERVICE = "user"
VERSION = "0.1.0"
ROOT_URLCONF = "user_service.urls"
WSGI_APPLICATION = "user_service.wsgi.application"
INSTALLED_APPS = installed_apps("user_service")
