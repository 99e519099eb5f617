"""Redis, and the Lua scripts that are all that changes carts in it, so that two tabs never lose each other's update.

    cart:<id>     user         the user's id; empty for a guest
                  currency     "USD"
                  coupon       "SPRING", if any
                  next         counter that keeps lines in the order they were added
                  version      another one after every change, never the same again: each becomes one order
                  changed      when its buyer last changed it, milliseconds since 1970
                  q:<variant>  quantity            n:<variant>  position
                  p:<variant>  price last told, minor units; empty when there was none
                  s:<variant>  state last told: ok, short, out or gone
    once:<key>    an addition that was done, so that repeating it does nothing
    done:<order>  an order whose lines were taken out; `OrderedCart` knows it, too, once that is committed
    moved:<id>    where a guest's cart went when it was merged
    left          users whose carts have lines, by when they last looked at them: the oldest may be abandoned

A cart's id is derived from its owner, and no id leads back to a guest's token: whoever reads Redis cannot use it.
"""

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import redis
from django.conf import settings

from cart_service.errors import CartFull, CartNotFound, CurrencyMismatch, InsufficientStock, ItemNotFound, TooManyOfOne
from shared.errors import Unavailable
from shared.stores import connected

log = logging.getLogger("nexus.cart")
TIMEOUT_SECONDS = 1.0
LEFT = "left"
AWAY = (
    redis.exceptions.ConnectionError,
    redis.exceptions.TimeoutError,
    redis.exceptions.ReadOnlyError,
    redis.exceptions.OutOfMemoryError,  # type: ignore[attr-defined]  # newer than the stubs
)
UNWELL = ("BUSY", "LOADING", "MASTERDOWN", "MISCONF", "NOREPLICAS", "OOM", "READONLY", "TRYAGAIN", "CLUSTERDOWN")
"""How an answer begins by which Redis says that it will not write just now: its disk is full, its replicas are away."""


class ChangedMeanwhile(Exception):
    """One of two carts changed between reading and merging them: read again."""


@lru_cache(maxsize=1)
def connection() -> "redis.Redis[str]":
    """One pool a process. A command is sent at most twice: every script may run twice without a second effect."""
    return connected(settings.REDIS_URL, seconds=TIMEOUT_SECONDS)


@dataclass
class Script:
    """A Lua script and what its answers mean. Raises Unavailable while Redis is away, and the domain's refusals."""

    source: str
    sha: str = field(init=False)

    def __post_init__(self) -> None:
        self.sha = hashlib.sha1(self.source.encode(), usedforsecurity=False).hexdigest()

    def __call__(self, keys: Sequence[str], *args: object) -> list[str]:
        answer: list[str] = ask("EVALSHA", self.sha, len(keys), *keys, *map(str, args), script=self.source)
        _refuse(answer)
        return answer[1:]


def ask(*command: object, script: str | None = None) -> Any:
    """One Redis command; a script that Redis does not have yet is sent whole. Raises Unavailable."""
    try:
        try:
            return connection().execute_command(*command)
        except redis.exceptions.NoScriptError:
            return connection().execute_command("EVAL", script, *command[2:])
    except redis.exceptions.RedisError as error:
        if not isinstance(error, AWAY) and not str(error).startswith(UNWELL):
            raise
        log.warning("Redis did not answer: %s: %s", type(error).__name__, error)
        raise Unavailable("Carts cannot be reached at the moment.", retry_after=2) from None


def _refuse(answer: list[str]) -> None:
    match answer[0]:
        case "no_cart":
            raise CartNotFound()
        case "no_item":
            raise ItemNotFound()
        case "short":
            raise InsufficientStock(int(answer[1]))
        case "currency":
            raise CurrencyMismatch(f"This cart is in {answer[1]}.")
        case "too_many":
            raise TooManyOfOne()
        case "full":
            raise CartFull()
        case "again":
            raise ChangedMeanwhile()


COMMON = """
    local function touch(key, ttl) if tonumber(ttl) > 0 then redis.call('EXPIRE', key, ttl) end end
    local function now()
        local time = redis.call('TIME')
        return time[1] * 1000 + math.floor(time[2] / 1000)
    end
    local function drop(key, variant)
        redis.call('HDEL', key, 'q:' .. variant, 'p:' .. variant, 'n:' .. variant, 's:' .. variant)
    end
    local function variants(key)
        local found = {}
        for _, name in ipairs(redis.call('HKEYS', key)) do
            if string.sub(name, 1, 2) == 'q:' then found[#found + 1] = string.sub(name, 3) end
        end
        return found
    end
    local function another_version(key)
        if redis.call('HEXISTS', key, 'version') == 0 then
            redis.call('HSET', key, 'version', redis.call('TIME')[1] .. '000')
        end
        redis.call('HINCRBY', key, 'version', 1)
    end
    local function changed(key)
        local at, user = now(), redis.call('HGET', key, 'user') or ''
        another_version(key)
        redis.call('HSET', key, 'changed', string.format('%.0f', at))
        if user ~= '' then
            if #variants(key) > 0 then redis.call('ZADD', 'left', at, user) else redis.call('ZREM', 'left', user) end
        end
    end
    local function put(key, variant, quantity, price)
        if redis.call('HEXISTS', key, 'q:' .. variant) == 0 then
            redis.call('HSET', key, 'n:' .. variant, redis.call('HINCRBY', key, 'next', 1),
                       'p:' .. variant, price, 's:' .. variant, 'ok')
        end
        redis.call('HSET', key, 'q:' .. variant, quantity)
    end
"""
"""What scripts that change carts begin with."""
