"""A service with nothing but shared in it, called `order` so that it may send what order may."""

from shared.settings import *
from shared.settings import installed_apps

SERVICE = "order"
INSTALLED_APPS = installed_apps("shared")[:-1]
ROOT_URLCONF = "urls"
