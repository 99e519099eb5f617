"""The shared settings and this service's differences."""

from shared import env
from shared.settings import *  # noqa: F403
from shared.settings import SECRET_KEY, installed_apps

SERVICE = "notification"
VERSION = "0.1.0"
ROOT_URLCONF = "notification_service.urls"
WSGI_APPLICATION = "notification_service.wsgi.application"
INSTALLED_APPS = installed_apps("notification_service")

EMAIL_BACKEND = env.text("EMAIL_BACKEND", "notification_service.clients.MailFiles")
EMAIL_HOST = env.text("EMAIL_HOST", "localhost")
EMAIL_PORT = env.number("EMAIL_PORT", 25)
EMAIL_HOST_USER = env.text("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = env.text("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = env.flag("EMAIL_USE_TLS")
EMAIL_TIMEOUT = env.number("EMAIL_TIMEOUT_SECONDS", 10)
DEFAULT_FROM_EMAIL = env.text("MAIL_FROM", "Nexus <shop@nexus.example>")

SMS_URL = env.text("SMS_URL", f"{env.text('NOTIFICATION_URL', 'http://127.0.0.1:8107')}/simulator/sms").rstrip("/")
SMS_ACCOUNT = env.text("SMS_ACCOUNT", "AC00000000000000000000000000000000")
SMS_TOKEN = env.text("SMS_TOKEN", f"sms-{SECRET_KEY}")
SMS_FROM = env.text("SMS_FROM", "+15005550006")
SMS_TIMEOUT_SECONDS = env.number("SMS_TIMEOUT_SECONDS", 5)
SMS_DIR = env.folder("SMS_DIR", "sms")

MAIL_ATTEMPTS = env.number("MAIL_ATTEMPTS", 12)
