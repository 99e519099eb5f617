"""Settings that all services share. A service's settings.py says `from shared.settings import *`, then the differences.

A service sets SERVICE (its short name), ROOT_URLCONF, and adds its own app with `installed_apps("catalog_service")`.
"""

import sys
from datetime import timedelta
from pathlib import Path

from shared import env, logs

ENVIRONMENT = env.text("NEXUS_ENV", "development")
DEBUG = False
SECRET_KEY = env.text("SECRET_KEY", "only-for-tests-and-builds" if ENVIRONMENT != "production" else None)
ALLOWED_HOSTS = env.text("ALLOWED_HOSTS", "*").split(",")

_IS_WORKER = (len(sys.argv) > 1 and sys.argv[1] in {"work", "test"}) or ENVIRONMENT == "test"
DATABASES = {
    "default": env.database(
        env.text("DATABASE_URL", "postgresql://localhost/nexus"),
        pool_size=0 if _IS_WORKER else env.number("DATABASE_POOL_SIZE", 4),
    )
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

RABBITMQ_URL = env.text("RABBITMQ_URL", "amqp://localhost/nexus")
RABBITMQ_ADMIN_URL = env.text("RABBITMQ_ADMIN_URL", RABBITMQ_URL)
REDIS_URL = env.text("REDIS_URL", "redis://localhost/0")
SESSIONS_REDIS_URL = env.text("SESSIONS_REDIS_URL", "redis://localhost/0")
QUOTA_GUEST_PER_HOUR = env.number("QUOTA_GUEST_PER_HOUR", 100)
QUOTA_USER_PER_HOUR = env.number("QUOTA_USER_PER_HOUR", 1_000)
PUBLIC_URL = env.text("PUBLIC_URL", "http://localhost:8000").rstrip("/")

# Uploaded files: in a folder, or with S3_BUCKET in a bucket. MEDIA_URL is where clients fetch them: set it where a CDN
# or a domain of its own stands before the bucket.
MEDIA_ROOT = env.text("MEDIA_ROOT", "media")
S3_BUCKET = env.text("S3_BUCKET", "")
S3_ENDPOINT_URL = env.text("S3_ENDPOINT_URL", "").rstrip("/")
S3_REGION = env.text("S3_REGION", "us-east-1")
MEDIA_URL = env.text("MEDIA_URL", "") or env.media_url(PUBLIC_URL, S3_BUCKET, S3_ENDPOINT_URL, S3_REGION)
MEDIA_URL = f"{MEDIA_URL.rstrip('/')}/"
STORAGES = {
    "default": env.bucket(
        S3_BUCKET,
        endpoint=S3_ENDPOINT_URL,
        region=S3_REGION,
        key=env.text("S3_ACCESS_KEY_ID", ""),
        secret=env.text("S3_SECRET_ACCESS_KEY", ""),
    )
    if S3_BUCKET
    else {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"allow_overwrite": True}},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}

JWT_PUBLIC_KEYS_DIR = env.folder("JWT_PUBLIC_KEYS_DIR", "keys/jwt/public")
SERVICE_KEY_FILE = env.folder("SERVICE_KEY_FILE", "keys/service.pem")
SERVICE_PUBLIC_KEYS_DIR = env.folder("SERVICE_PUBLIC_KEYS_DIR", "keys/services/public")
JWT_ISSUER = "nexus"
JWT_AUDIENCE = "nexus-api"

OUTBOX_BATCH = env.number("OUTBOX_BATCH", 200)
OUTBOX_POLL_MS = env.number("OUTBOX_POLL_MS", 40)
OUTBOX_KEEP = timedelta(hours=env.number("OUTBOX_KEEP_HOURS", 24 * 7))
INBOX_KEEP = timedelta(hours=env.number("INBOX_KEEP_HOURS", 24 * 14))
CONSUMER_PREFETCH = env.number("CONSUMER_PREFETCH", 8)
CONSUMER_THREADS = env.number("CONSUMER_THREADS", 1)
MESSAGE_ATTEMPTS = env.number("MESSAGE_ATTEMPTS", 6)
OVERLOAD_WAIT_MS = env.number("OVERLOAD_WAIT_MS", 1_000)
REQUEST_WAIT_MS = env.number("REQUEST_WAIT_MS", 4_000)
BURST_WAIT_MS = env.number("BURST_WAIT_MS", 5_000)
READ_AFTER_WRITE_SECONDS = env.number("READ_AFTER_WRITE_SECONDS", 2)
IDEMPOTENCY_KEEP = timedelta(hours=24)


OPERATORS_PAGES = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.messages",
    "shared.apps.OperatorsConfig",
]
"""Django's admin and what it cannot be without. Of these only contenttypes has a table."""
DATABASE_ROUTERS = ["shared.operators.NoUserTables"]
# shared.operators.Site does for its own pages what these want as middleware for every request.
SILENCED_SYSTEM_CHECKS = ["admin.E408", "admin.E409", "admin.E410"]
MESSAGE_STORAGE = "django.contrib.messages.storage.cookie.CookieStorage"
CSRF_COOKIE_PATH = "/admin/"
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Strict"
CSRF_COOKIE_SECURE = PUBLIC_URL.startswith("https:")
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")


def installed_apps(service: str) -> list[str]:
    """`shared` stands before Django's admin, whose templates it changes."""
    return ["django.contrib.staticfiles", "rest_framework", "drf_spectacular", "shared", *OPERATORS_PAGES, service]


MIDDLEWARE = [
    "shared.http.RequestContextMiddleware",
    "shared.overload.ShedMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "shared.throttling.QuotaMiddleware",
    "shared.consistency.ConsistencyMiddleware",
    "django.middleware.http.ConditionalGetMiddleware",
    "django.middleware.common.CommonMiddleware",
]
APPEND_SLASH = False
STATIC_URL = "/static/"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000_000
FILE_UPLOAD_MAX_MEMORY_SIZE = 2_500_000

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["shared.auth.UserAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["shared.auth.IsSignedIn"],
    "DEFAULT_RENDERER_CLASSES": ["shared.idempotency.ReplayRenderer"],
    "DEFAULT_PARSER_CLASSES": ["shared.http.StrictJSONParser"],
    "DEFAULT_SCHEMA_CLASS": "shared.openapi.Schema",
    "EXCEPTION_HANDLER": "shared.http.problem_response",
    "UNAUTHENTICATED_USER": None,
    "COERCE_DECIMAL_TO_STRING": True,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Nexus",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PUBLIC": True,
    "SERVE_AUTHENTICATION": [],
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "COMPONENT_SPLIT_REQUEST": True,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "PREPROCESSING_HOOKS": ["shared.http.only_public_paths"],
    "POSTPROCESSING_HOOKS": ["drf_spectacular.hooks.postprocess_schema_enums", "shared.pagination.with_paging"],
    "GET_LIB_DOC_EXCLUDES": "shared.openapi.without_words",
}

PASSWORD_HASHERS = ["shared.auth.Argon2id"]
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en"
EMAIL_FILE_PATH = env.text("MAIL_DIR", str(Path("mail")))
LOGGING = logs.config(env.text("LOG_LEVEL", "INFO"))
