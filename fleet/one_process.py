"""Settings of a single Django process that holds every service's code, in one database.

For what looks at the fleet as a whole: the list of messages, the type checker, and the tests that deliver messages
between services in any order. Nothing is served like this.
"""

from importlib import import_module

from shared import settings as shared_settings
from shared.settings import *  # noqa: F403
from shared.settings import installed_apps

SERVICES = ("user", "catalog", "cart", "order", "vendor", "payment", "notification")

SERVICE = "order"
for _module in (*(f"{short}_service" for short in SERVICES), "gateway"):
    _own = import_module(f"{_module}.settings")
    globals().update({name: getattr(_own, name) for name in dir(_own) if name.isupper() and name not in globals()})

INSTALLED_APPS = [
    "django.contrib.postgres",
    *installed_apps("user_service"),
    *(f"{short}_service" for short in SERVICES if short != "user"),
]
AUTH_USER_MODEL = "user_service.User"
ROOT_URLCONF = "shared.health"
DATABASES = shared_settings.DATABASES
