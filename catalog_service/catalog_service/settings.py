"""The shared settings and this service's differences."""

from shared import env
from shared.settings import *  # noqa: F403
from shared.settings import DATABASES, SPECTACULAR_SETTINGS, installed_apps

SERVICE = "catalog"
VERSION = "0.1.0"
ROOT_URLCONF = "catalog_service.urls"
WSGI_APPLICATION = "catalog_service.wsgi.application"
INSTALLED_APPS = ["django.contrib.postgres", *installed_apps("catalog_service")]

# How alike a word of a product's name must be to a misspelt search word (pg_trgm's default of 0.6 misses too much).
DATABASES["default"]["OPTIONS"]["options"] = "-c pg_trgm.word_similarity_threshold=0.45"  # type: ignore[index]

SPECTACULAR_SETTINGS["ENUM_NAME_OVERRIDES"] = {
    "ProductStatus": "catalog_service.models.Product.Status",
    "ReviewStatus": "catalog_service.models.Review.Status",
    "ImportStatus": "catalog_service.models.Import.Status",
}

DEFAULT_CURRENCY = env.text("DEFAULT_CURRENCY", "USD")
REVIEWS_NEED_APPROVAL = env.flag("REVIEWS_NEED_APPROVAL", True)
REVIEW_FLAGS_TO_HIDE = env.number("REVIEW_FLAGS_TO_HIDE", 3)
REVIEW_SPAM_SUSPECT = env.number("REVIEW_SPAM_SUSPECT", 50)
IMAGE_MAX_BYTES = env.number("IMAGE_MAX_BYTES", 8_000_000)
IMAGE_MAX_PIXELS = env.number("IMAGE_MAX_PIXELS", 25_000_000)
IMPORT_MAX_BYTES = env.number("IMPORT_MAX_BYTES", 20_000_000)
