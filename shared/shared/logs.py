"""One JSON object a line, on standard output, with the ids that join it to the request or message it belongs to."""

import logging

from django.conf import settings
from pythonjsonlogger.json import JsonFormatter

from shared import context


class WithContext(logging.Filter):
    """Adds service, correlation id, causation id and user id to every record."""

    def filter(self, record: logging.LogRecord) -> bool:
        here = context.current()
        record.service = getattr(settings, "SERVICE", "-")
        record.correlation_id = here.correlation_id
        record.causation_id = here.causation_id
        record.user_id = here.user_id
        return True


def config(level: str) -> dict[str, object]:
    fields = "{asctime} {levelname} {name} {message} {service} {correlation_id} {causation_id} {user_id}"
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"context": {"()": WithContext}},
        "formatters": {
            "json": {
                "()": JsonFormatter,
                "format": fields,
                "style": "{",
                "rename_fields": {"asctime": "at", "levelname": "level", "name": "logger"},
            }
        },
        "handlers": {"out": {"class": "logging.StreamHandler", "formatter": "json", "filters": ["context"]}},
        "root": {"handlers": ["out"], "level": level},
        "loggers": {
            "pika": {"level": "CRITICAL"},  # eight lines a refused connection; relay and consumer say it in one
            "httpx": {"level": "WARNING"},
            "django.request": {"level": "ERROR"},
        },
    }
