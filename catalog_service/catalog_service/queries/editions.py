"""Which edition of the catalogue is out: one small statement, before anything of it is read."""

from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection

from catalog_service.models.editions import SHELF, TREE
from catalog_service.models.taxonomy import id_or_slug

_STAMPS = "SELECT coalesce(string_agg(stamp::text, ' ' ORDER BY slot), '') FROM edition WHERE topic"

_TREE = f"SELECT ({_STAMPS} = '{TREE}'), NULL, NULL"

_LISTS = f"""
    SELECT ({_STAMPS} IN ('{SHELF}', '{TREE}')), NULL,
        (SELECT min(prices_change_at) FROM product WHERE deleted_at IS NULL)
"""  # noqa: S608

_PRODUCT = f"""
    SELECT ({_STAMPS} IN ('{TREE}', 'product:' || get_byte(uuid_send(product.id), 15))), id, prices_change_at
    FROM product WHERE deleted_at IS NULL AND {{}} = %s
"""  # noqa: S608


class Edition(NamedTuple):
    """`stamps` differ if anything has changed that the answer shows. `turns_at` is when a price will, by the time."""

    stamps: str
    product_id: UUID | None = None
    turns_at: datetime | None = None


def of_tree() -> Edition | None:
    return _read(_TREE)


def of_lists() -> Edition | None:
    return _read(_LISTS)


def of_product(reference: str) -> Edition | None:
    """By id or slug; None if there is none. Raises NotFound for what can be neither."""
    ((column, value),) = id_or_slug(reference).items()
    return _read(_PRODUCT.format(column), value)


def _read(statement: str, *values: Any) -> Edition | None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        row = cursor.fetchone()
    return Edition(*row) if row else None
