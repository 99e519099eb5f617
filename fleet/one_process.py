"""Settings of a single Django process that holds every service's code, in one database.

For what looks at the fleet as a whole: the list of messages, the type checker, and the tests that deliver messages
between services in any order. Nothing is served like this.
"""

from shared.settings import *  # noqa: F403
from shared.settings import installed_apps

SERVICES = ("user", "catalog", "cart", "order", "vendor", "payment", "notification")

SERVICE = "order"
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    *installed_apps("shared")[:-1],
    *(f"{short}_service" for short in SERVICES),
]
AUTH_USER_MODEL = "user_service.User"
ROOT_URLCONF = "shared.health"
