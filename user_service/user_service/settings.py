"""The shared settings and this service's differences."""

from datetime import timedelta

from shared import env
from shared.settings import *  # noqa: F403
from shared.settings import JWT_AUDIENCE, JWT_ISSUER, PUBLIC_URL, installed_apps

SERVICE = "user"
VERSION = "0.1.0"
ROOT_URLCONF = "user_service.urls"
WSGI_APPLICATION = "user_service.wsgi.application"
INSTALLED_APPS = installed_apps("user_service")
AUTH_USER_MODEL = "user_service.User"

SECRET_KEY_FALLBACKS = env.text("SECRET_KEY_FALLBACKS", "").split()
SESSIONS_REDIS_URL = env.text("SESSIONS_REDIS_URL", "redis://localhost/0")
REGISTRATION_HIDES_ACCOUNTS = env.flag("REGISTRATION_HIDES_ACCOUNTS", False)
JWT_PRIVATE_KEYS_DIR = env.folder("JWT_PRIVATE_KEYS_DIR", "keys/jwt/private")

ACCESS_TOKEN_LIFETIME = timedelta(seconds=env.number("ACCESS_TOKEN_SECONDS", 3_600))
REFRESH_TOKEN_LIFETIME = timedelta(seconds=env.number("REFRESH_TOKEN_SECONDS", 7 * 86_400))
REFRESH_RETRY_WINDOW = timedelta(seconds=env.number("REFRESH_RETRY_SECONDS", 10))
SESSION_KEEP = timedelta(days=env.number("SESSION_KEEP_DAYS", 30))
SIMPLE_JWT = {
    "ALGORITHM": "ES256",
    "ACCESS_TOKEN_LIFETIME": ACCESS_TOKEN_LIFETIME,
    "ISSUER": JWT_ISSUER,
    "AUDIENCE": JWT_AUDIENCE,
    "USER_ID_FIELD": "id",
    "USER_ID_CLAIM": "sub",
}

SIGNING_KEY_AGE = timedelta(days=env.number("SIGNING_KEY_DAYS", 30))
SIGNING_KEY_NOTICE = timedelta(seconds=env.number("SIGNING_KEY_NOTICE_SECONDS", 120))

UNVERIFIED_KEEP = timedelta(days=env.number("UNVERIFIED_KEEP_DAYS", 7))
CODE_LIFETIME = timedelta(seconds=env.number("CODE_SECONDS", 600))
CODE_TRIES = env.number("CODE_TRIES", 5)
CODES_PER_HOUR = env.number("CODES_PER_HOUR", 6)

GOOGLE_ISSUER = env.text("GOOGLE_ISSUER", "https://accounts.google.com")
GOOGLE_CLIENT_ID = env.text("GOOGLE_CLIENT_ID", "")
GOOGLE_CLIENT_SECRET = env.text("GOOGLE_CLIENT_SECRET", "")
GOOGLE_REDIRECT_URI = env.text("GOOGLE_REDIRECT_URI", f"{PUBLIC_URL}/api/v1/auth/social/google/callback")
SOCIAL_LIFETIME = timedelta(seconds=env.number("SOCIAL_SECONDS", 600))

AVATAR_MAX_BYTES = env.number("AVATAR_MAX_BYTES", 5_000_000)
AVATAR_MAX_PIXELS = env.number("AVATAR_MAX_PIXELS", 25_000_000)

LOGIN_FAILURES = env.number("LOGIN_FAILURES", 5)
LOGIN_FAILURES_OF_NETWORK = env.number("LOGIN_FAILURES_OF_NETWORK", 200)
CHALLENGE_LIFETIME = timedelta(seconds=env.number("CHALLENGE_SECONDS", 300))
CHALLENGE_TRIES = env.number("CHALLENGE_TRIES", 5)
CHALLENGE_TRIES_OF_ACCOUNT = env.number("CHALLENGE_TRIES_OF_ACCOUNT", 50)
LOGIN_HISTORY = env.number("LOGIN_HISTORY", 50)
GEOIP_DATABASE = env.text("GEOIP_DATABASE", "")
LOGIN_BRAKE = timedelta(seconds=env.number("LOGIN_BRAKE_SECONDS", 900))

PASSWORD_HASHES_AT_ONCE = env.number("PASSWORD_HASHES_AT_ONCE", 0)
PASSWORD_HASHES_WAITING = env.number("PASSWORD_HASHES_WAITING", 96)
PASSWORD_HASH_WAIT = timedelta(seconds=env.number("PASSWORD_HASH_WAIT_SECONDS", 5))
_VALIDATION = "django.contrib.auth.password_validation"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"{_VALIDATION}.UserAttributeSimilarityValidator"},
    {"NAME": f"{_VALIDATION}.MinimumLengthValidator"},
    {"NAME": f"{_VALIDATION}.CommonPasswordValidator"},
    {"NAME": f"{_VALIDATION}.NumericPasswordValidator"},
]
