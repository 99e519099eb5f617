"""The shared settings and the gateway's differences: no database, no messages, a few pages for people."""

from datetime import timedelta
from pathlib import Path

import django

import shared
from shared import env
from shared.settings import *  # noqa: F403
from shared.settings import MIDDLEWARE as SHARED_MIDDLEWARE
from shared.settings import REST_FRAMEWORK as SHARED_REST_FRAMEWORK

SERVICE = "gateway"
VERSION = "0.1.0"
ROOT_URLCONF = "gateway.urls"
WSGI_APPLICATION = "gateway.wsgi.application"
INSTALLED_APPS = ["django.contrib.staticfiles", "drf_spectacular_sidecar", "gateway"]
DATABASES = {}
DATABASE_ROUTERS = []
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]
# What the pages of Django's admin load, of all services; these themselves serve no files.
STATICFILES_DIRS = [Path(django.__path__[0], "contrib/admin/static"), Path(shared.__path__[0], "static")]
REST_FRAMEWORK = SHARED_REST_FRAMEWORK | {"DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"]}

MIDDLEWARE = [
    "shared.http.RequestContextMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    *(one for one in SHARED_MIDDLEWARE[2:] if "Consistency" not in one),  # it has neither database nor messages
]
WHITENOISE_USE_FINDERS = True
WHITENOISE_MAX_AGE = 3600

FLEET = {
    name: env.text(f"{name.upper()}_URL", f"http://{name}:8000").rstrip("/")
    for name in ("user", "catalog", "cart", "order", "vendor", "payment", "notification")
}
"""Short name → where the service listens inside."""

STATUS_DEADLINE = timedelta(milliseconds=env.number("STATUS_DEADLINE_MS", 1_000))
STATUS_KEPT = timedelta(milliseconds=env.number("STATUS_KEPT_MS", 1_000))
SIGN_IN_DEADLINE = timedelta(milliseconds=env.number("SIGN_IN_DEADLINE_MS", 5_000))
OPENAPI_DEADLINE = timedelta(seconds=env.number("OPENAPI_DEADLINE_SECONDS", 5))
OPENAPI_KEPT = timedelta(seconds=env.number("OPENAPI_KEPT_SECONDS", 60))
OPENAPI_RETRY = timedelta(seconds=env.number("OPENAPI_RETRY_SECONDS", 2))
