"""Carts that their buyers left: who did, in Redis; which of them were told of it, in PostgreSQL."""

from datetime import UTC, datetime
from uuid import UUID

from django.db import models
from django.utils import timezone

from cart_service.models.carts import Owner, of_user
from cart_service.models.store import LEFT, Script
from shared.context import new_id
from shared.money import Money


class AbandonedCart(models.Model):
    """A version of a user's cart that was found abandoned, and that its buyer was told of: each once."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    cart_id = models.UUIDField()
    version = models.CharField(max_length=40)
    user_id = models.UUIDField()
    size = models.PositiveIntegerField()
    total_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    left_at = models.DateTimeField()
    found_at = models.DateTimeField(default=timezone.now)
    ordered_at = models.DateTimeField(null=True)
    """When its buyer placed an order after all."""

    class Meta:
        db_table = "abandoned_cart"
        constraints = (models.UniqueConstraint(fields=["cart_id", "version"], name="abandoned_cart_told_once"),)
        indexes = (
            models.Index(fields=["user_id"], name="abandoned_cart_of_user"),
            models.Index(fields=["found_at"], name="abandoned_cart_by_time"),
        )

    def __str__(self) -> str:
        return f"{self.total} of {self.user_id}"

    @property
    def total(self) -> Money:
        return Money(self.total_minor, self.currency)


_LEFT = Script("""
    local found = redis.call('ZRANGE', KEYS[1], '-inf', ARGV[1], 'BYSCORE', 'LIMIT', 0, ARGV[2], 'WITHSCORES')
    table.insert(found, 1, 'ok')
    return found
""")


def left_before(time: datetime, limit: int) -> dict[UUID, datetime]:
    """Users whose carts have lines and who did not look at them since: longest ago first, with their last look."""
    flat = _LEFT([LEFT], _milliseconds(time), limit)
    pairs = zip(flat[::2], flat[1::2], strict=True)
    return {UUID(user): datetime.fromtimestamp(float(score) / 1000, UTC) for user, score in pairs}


_WAIT_NO_MORE = Script("""
    local changed = tonumber(redis.call('HGET', KEYS[1], 'changed') or '0')
    if changed <= tonumber(ARGV[2]) then redis.call('ZREM', KEYS[2], ARGV[1]) end
    return {'ok'}
""")


def wait_no_more(user_id: UUID, *, since: datetime) -> None:
    """The cart is not to be found abandoned, unless its buyer has changed it after `since`."""
    owner = of_user(user_id)
    _WAIT_NO_MORE([owner.key, LEFT], owner.user, _milliseconds(since))


_TOLD = Script("""
    if (redis.call('HGET', KEYS[1], 'version') or '') == ARGV[2] then redis.call('ZREM', KEYS[2], ARGV[1]) end
    return {'ok'}
""")


def remember_told(owner: Owner, version: str) -> None:
    """This version was looked at, and is not to be found again; one that came meanwhile waits on."""
    _TOLD([owner.key, LEFT], owner.user, version)


def _milliseconds(time: datetime) -> int:
    return int(time.timestamp() * 1000)
