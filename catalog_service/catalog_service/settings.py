"""The shared settings and this service's differences."""

from shared import env
from shared.settings import *  # noqa: F403
from shared.settings import DATABASES, MIDDLEWARE, SPECTACULAR_SETTINGS, installed_apps

SERVICE = "catalog"
VERSION = "0.1.0"
ROOT_URLCONF = "catalog_service.urls"
WSGI_APPLICATION = "catalog_service.wsgi.application"
MIDDLEWARE = [*MIDDLEWARE, "catalog_service.api.lists.EdgeMiddleware"]
INSTALLED_APPS = ["django.contrib.postgres", *installed_apps("catalog_service")]

# Statements here are short and many; a search's tiers are asked one after the other, and most not at all.
# How alike a word must be to a misspelt one to be looked at: pg_trgm's 0.3 misses letters that changed places.
_OPTIONS = "-c max_parallel_workers_per_gather=0 -c pg_trgm.similarity_threshold=0.2"
DATABASES["default"]["OPTIONS"]["options"] = _OPTIONS  # type: ignore[index]

SPECTACULAR_SETTINGS["POSTPROCESSING_HOOKS"] = [
    *SPECTACULAR_SETTINGS["POSTPROCESSING_HOOKS"],  # type: ignore[misc]
    "catalog_service.api.document.tell_bounds",
]
SPECTACULAR_SETTINGS["ENUM_NAME_OVERRIDES"] = {
    "ProductStatus": "catalog_service.models.Product.Status",
    "ReviewStatus": "catalog_service.models.Review.Status",
    "ImportStatus": "catalog_service.models.Import.Status",
}

CONTENT_LANGUAGE = env.text("CONTENT_LANGUAGE", "en")
DEFAULT_CURRENCY = env.text("DEFAULT_CURRENCY", "USD")
EDITS_NEED_APPROVAL = env.flag("EDITS_NEED_APPROVAL", True)
PRICE_CHANGE_FREE_PERCENT = env.number("PRICE_CHANGE_FREE_PERCENT", 30)
REVIEWS_NEED_APPROVAL = env.flag("REVIEWS_NEED_APPROVAL", True)
REVIEW_FLAGS_TO_HIDE = env.number("REVIEW_FLAGS_TO_HIDE", 3)
REVIEW_SPAM_SUSPECT = env.number("REVIEW_SPAM_SUSPECT", 50)
IMAGE_MAX_BYTES = env.number("IMAGE_MAX_BYTES", 8_000_000)
IMAGE_MAX_PIXELS = env.number("IMAGE_MAX_PIXELS", 25_000_000)
IMPORT_MAX_BYTES = env.number("IMPORT_MAX_BYTES", 20_000_000)
# Pictures that imports name by their addresses. Addresses that are not public are refused, but for these networks.
FETCH_IMAGES = env.flag("FETCH_IMAGES", True)
FETCH_NETWORKS = [network for network in env.text("FETCH_NETWORKS", "").split(",") if network]
FETCH_SECONDS = env.number("FETCH_SECONDS", 20)
JOB_LEASE_SECONDS = env.number("JOB_LEASE_SECONDS", 30)
EXPORT_KEEP_HOURS = env.number("EXPORT_KEEP_HOURS", 72)
BESTSELLING_DAYS = env.number("BESTSELLING_DAYS", 30)
# How long answers are kept that nothing of has changed; 0: not at all. CACHE_ENTRIES of them, in each process.
CACHE_LIST_SECONDS = env.number("CACHE_LIST_SECONDS", 300)
CACHE_DETAIL_SECONDS = env.number("CACHE_DETAIL_SECONDS", 900)
CACHE_TREE_SECONDS = env.number("CACHE_TREE_SECONDS", 3_600)
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "OPTIONS": {"MAX_ENTRIES": env.number("CACHE_ENTRIES", 1_000)},
    }
}
SEARCH_LANGUAGES = env.text("SEARCH_LANGUAGES", "en").split(",")
FACETS_EXACT_UP_TO = env.number("FACETS_EXACT_UP_TO", 2_000)
SEARCHES_KEEP_DAYS = env.number("SEARCHES_KEEP_DAYS", 90)
SEARCHES_POPULAR_FROM = env.number("SEARCHES_POPULAR_FROM", 3)
