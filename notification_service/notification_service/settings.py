"""The shared settings and this service's differences."""

from shared.settings import *  # noqa: F403
from shared.settings import installed_apps

SERVICE = "notification"
VERSION = "0.1.0"
ROOT_URLCONF = "notification_service.urls"
WSGI_APPLICATION = "notification_service.wsgi.application"
INSTALLED_APPS = installed_apps("notification_service")
