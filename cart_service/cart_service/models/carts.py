"""Carts in Redis: one hash a cart, changed only by Lua scripts, so that two tabs never lose each other's update.

    cart:<id>     guest        "1" or "0"
                  currency     "USD"
                  coupon       "SPRING", if any
                  next         counter that keeps lines in the order they were added
                  version      another one after every change, never the same again: each becomes one order
                  q:<variant>  quantity            n:<variant>  position
                  p:<variant>  price last told, minor units; empty when there was none
                  s:<variant>  state last told: ok, short, out or gone
    once:<key>    an addition that was done, so that repeating it does nothing
    done:<order>  an order whose lines were taken out
    moved:<id>    where a guest's cart went when it was merged

A cart's id is derived from its owner, and no id leads back to a guest's token: whoever reads Redis cannot use it.
"""

import hashlib
import logging
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from uuid import UUID, uuid5

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

from cart_service.errors import CartFull, CartNotFound, CurrencyMismatch, InsufficientStock, ItemNotFound, TooManyOfOne
from shared.errors import Unavailable

log = logging.getLogger("nexus.cart")
MAX_QUANTITY = 999
TIMEOUT_SECONDS = 1.0
ONCE_SECONDS = 24 * 3600
DONE_SECONDS = 30 * 24 * 3600
AWAY = (
    redis.exceptions.ConnectionError,
    redis.exceptions.TimeoutError,
    redis.exceptions.ReadOnlyError,
    redis.exceptions.OutOfMemoryError,  # type: ignore[attr-defined]  # newer than the stubs
)


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose cart: a signed-in user's, or that of whoever holds the guest's token."""

    cart_id: UUID
    guest: bool

    @property
    def key(self) -> str:
        return f"cart:{self.cart_id}"

    def item_id(self, variant_id: UUID) -> UUID:
        """The line's id: the same as long as the variant is in this cart, and again if it comes back."""
        return uuid5(self.cart_id, str(variant_id))


def of_user(user_id: UUID) -> Owner:
    return Owner(_derived(f"user:{user_id}"), guest=False)


def of_guest(token: str) -> Owner:
    return Owner(_derived(f"guest:{token}"), guest=True)


def new_token() -> str:
    """256 random bits: the only key to a guest's cart, kept nowhere."""
    return secrets.token_urlsafe(32)


def _derived(owner: str) -> UUID:
    return UUID(bytes=hashlib.sha256(owner.encode()).digest()[:16], version=5)


@dataclass(frozen=True, slots=True)
class Line:
    variant_id: UUID
    quantity: int
    told_price: int | None
    told_state: str


@dataclass(frozen=True, slots=True)
class Cart:
    """A cart as it is stored; `currency` is None before the first line."""

    owner: Owner
    currency: str | None = None
    coupon: str | None = None
    lines: tuple[Line, ...] = ()
    version: str = ""


@dataclass(frozen=True, slots=True)
class Limit:
    """What a merge may do with a variant: at most `available`; `price` None: it cannot be in this cart."""

    variant_id: UUID
    available: int
    price: int | None


@dataclass(frozen=True, slots=True)
class Merged:
    """A line that a merge could not take over whole."""

    variant_id: UUID
    wanted: int
    quantity: int


class ChangedMeanwhile(Exception):
    """One of two carts changed between reading and merging them: read again."""


# ── Redis ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@lru_cache(maxsize=1)
def _redis() -> "redis.Redis[str]":
    """One pool a process. A command is sent at most twice: every script may run twice without a second effect."""
    return redis.Redis.from_url(
        settings.REDIS_URL,
        decode_responses=True,
        socket_timeout=TIMEOUT_SECONDS,
        socket_connect_timeout=TIMEOUT_SECONDS,
        retry=Retry(NoBackoff(), 1),
    )


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
            return _redis().execute_command(*command)
        except redis.exceptions.NoScriptError:
            return _redis().execute_command("EVAL", script, *command[2:])
    except AWAY as error:
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


# ── Reading ──────────────────────────────────────────────────────────────────────────────────────────────────────────

READ = Script("""
    if redis.call('EXISTS', KEYS[1]) == 1 and tonumber(ARGV[1]) > 0 then redis.call('EXPIRE', KEYS[1], ARGV[1]) end
    local all = redis.call('HGETALL', KEYS[1])
    table.insert(all, 1, 'ok')
    return all
""")


def load(owner: Owner) -> Cart:
    """The cart; an empty one where a user has none. Raises CartNotFound for a guest's token that leads nowhere."""
    flat = READ([owner.key], _lifetime(owner))
    fields = dict(zip(flat[::2], flat[1::2], strict=True))
    if owner.guest and not fields:
        raise CartNotFound()
    return Cart(
        owner=owner,
        currency=fields.get("currency"),
        coupon=fields.get("coupon") or None,
        lines=_lines(fields),
        version=fields.get("version", ""),
    )


def _lines(fields: dict[str, str]) -> tuple[Line, ...]:
    variants = [name[2:] for name in fields if name.startswith("q:")]
    variants.sort(key=lambda variant: int(fields.get(f"n:{variant}", "0")))
    return tuple(
        Line(
            variant_id=UUID(variant),
            quantity=int(fields[f"q:{variant}"]),
            told_price=int(told) if (told := fields.get(f"p:{variant}", "")) else None,
            told_state=fields.get(f"s:{variant}", "ok"),
        )
        for variant in variants
    )


def _lifetime(owner: Owner) -> int:
    """Seconds a cart lives untouched; 0 for ever."""
    return int(settings.GUEST_CART_LIFETIME.total_seconds()) if owner.guest else 0


# ── Changing ─────────────────────────────────────────────────────────────────────────────────────────────────────────

_COMMON = """
    local function touch(key, ttl) if tonumber(ttl) > 0 then redis.call('EXPIRE', key, ttl) end end
    local function changed(key)
        if redis.call('HEXISTS', key, 'version') == 0 then
            redis.call('HSET', key, 'version', redis.call('TIME')[1] .. '000')
        end
        redis.call('HINCRBY', key, 'version', 1)
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
    local function put(key, variant, quantity, price)
        if redis.call('HEXISTS', key, 'q:' .. variant) == 0 then
            redis.call('HSET', key, 'n:' .. variant, redis.call('HINCRBY', key, 'next', 1),
                       'p:' .. variant, price, 's:' .. variant, 'ok')
        end
        redis.call('HSET', key, 'q:' .. variant, quantity)
    end
"""

_ADD = Script(
    _COMMON
    + """
    local key, once = KEYS[1], KEYS[2]
    local variant, quantity, available, price = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4]
    local currency, guest, ttl, once_seconds = ARGV[5], ARGV[6], ARGV[7], ARGV[8]
    local max_quantity, max_lines = tonumber(ARGV[9]), tonumber(ARGV[10])
    if redis.call('EXISTS', once) == 1 then return {'ok'} end
    local lines = variants(key)
    local present = redis.call('HGET', key, 'currency')
    if present and present ~= currency and #lines > 0 then return {'currency', present} end
    local old = tonumber(redis.call('HGET', key, 'q:' .. variant) or '0')
    if old + quantity > available then return {'short', tostring(available)} end
    if old + quantity > max_quantity then return {'too_many'} end
    if old == 0 and #lines >= max_lines then return {'full'} end
    redis.call('HSET', key, 'guest', guest, 'currency', currency)
    put(key, variant, old + quantity, price)
    changed(key)
    touch(key, ttl)
    redis.call('SET', once, '1', 'EX', once_seconds)
    return {'ok'}
"""
)


def add(owner: Owner, *, variant_id: UUID, quantity: int, available: int, price: int, currency: str, once: str) -> None:
    """Add to the variant's line, or make it. Done once for each `once`.

    Raises InsufficientStock, TooManyOfOne, CartFull, CurrencyMismatch.
    """
    _ADD(
        [owner.key, f"once:{once}"],
        variant_id, quantity, available, price, currency, int(owner.guest), _lifetime(owner), ONCE_SECONDS,
        MAX_QUANTITY, settings.CART_MAX_LINES,
    )  # fmt: skip


_SET = Script(
    _COMMON
    + """
    if redis.call('EXISTS', KEYS[1]) == 0 then return {'no_cart'} end
    if redis.call('HEXISTS', KEYS[1], 'q:' .. ARGV[1]) == 0 then return {'no_item'} end
    redis.call('HSET', KEYS[1], 'q:' .. ARGV[1], ARGV[2])
    changed(KEYS[1])
    touch(KEYS[1], ARGV[3])
    return {'ok'}
"""
)


def set_quantity(owner: Owner, *, variant_id: UUID, quantity: int) -> None:
    """Raises ItemNotFound when the line went away meanwhile."""
    _SET([owner.key], variant_id, quantity, _lifetime(owner))


_REMOVE = Script(
    _COMMON
    + """
    if redis.call('HEXISTS', KEYS[1], 'q:' .. ARGV[1]) == 0 then return {'no_item'} end
    drop(KEYS[1], ARGV[1])
    changed(KEYS[1])
    touch(KEYS[1], ARGV[2])
    return {'ok'}
"""
)


def remove(owner: Owner, *, variant_id: UUID) -> None:
    _REMOVE([owner.key], variant_id, _lifetime(owner))


_CLEAR = Script(
    _COMMON
    + """
    for _, variant in ipairs(variants(KEYS[1])) do drop(KEYS[1], variant) end
    redis.call('HDEL', KEYS[1], 'coupon')
    if redis.call('EXISTS', KEYS[1]) == 1 then changed(KEYS[1]) end
    return {'ok'}
"""
)


def clear(owner: Owner) -> None:
    """No lines and no coupon; a guest's token stays good."""
    _CLEAR([owner.key])


_COUPON = Script(
    _COMMON
    + """
    redis.call('HSET', KEYS[1], 'guest', ARGV[2], 'coupon', ARGV[1])
    changed(KEYS[1])
    touch(KEYS[1], ARGV[3])
    return {'ok'}
"""
)


def set_coupon(owner: Owner, code: str) -> None:
    """An empty code takes the coupon off."""
    _COUPON([owner.key], code, int(owner.guest), _lifetime(owner))


_TELL = Script("""
    for i = 1, #ARGV, 3 do
        if redis.call('HEXISTS', KEYS[1], 'q:' .. ARGV[i]) == 1 then
            redis.call('HSET', KEYS[1], 'p:' .. ARGV[i], ARGV[i + 1], 's:' .. ARGV[i], ARGV[i + 2])
        end
    end
    return {'ok'}
""")


def remember_told(owner: Owner, told: Sequence[tuple[UUID, int | None, str]]) -> None:
    """Variant, price and state that the buyer has now been told."""
    flat = [part for variant, price, state in told for part in (variant, "" if price is None else price, state)]
    _TELL([owner.key], *flat)


# ── Merging and ordering ─────────────────────────────────────────────────────────────────────────────────────────────

_MERGE = Script(
    _COMMON
    + """
    local guest, mine, moved = KEYS[1], KEYS[2], KEYS[3]
    local currency, max_quantity, max_lines, moved_to, moved_seconds =
        ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4], ARGV[5]
    if redis.call('EXISTS', guest) == 0 then return {'ok'} end
    local limits = {}
    for i = 6, #ARGV, 3 do limits[ARGV[i]] = {tonumber(ARGV[i + 1]), ARGV[i + 2]} end
    local lines, count = variants(guest), #variants(mine)
    for _, variant in ipairs(lines) do if not limits[variant] then return {'again'} end end
    local present = redis.call('HGET', mine, 'currency')
    if present and present ~= currency and count > 0 then return {'again'} end
    local function position(variant) return tonumber(redis.call('HGET', guest, 'n:' .. variant) or '0') end
    table.sort(lines, function(a, b) return position(a) < position(b) end)
    local answer = {'ok'}
    redis.call('HSET', mine, 'guest', '0', 'currency', currency)
    for _, variant in ipairs(lines) do
        local available, price = limits[variant][1], limits[variant][2]
        local more = tonumber(redis.call('HGET', guest, 'q:' .. variant))
        local old = tonumber(redis.call('HGET', mine, 'q:' .. variant) or '0')
        local new = math.max(old, math.min(old + more, available, max_quantity))
        if price == '' or (old == 0 and count >= max_lines) then new = old end
        if new > 0 then
            if old == 0 then count = count + 1 end
            put(mine, variant, new, redis.call('HGET', guest, 'p:' .. variant) or price)
            if old == 0 and redis.call('HGET', guest, 'currency') ~= currency then
                redis.call('HSET', mine, 'p:' .. variant, price)
            end
        end
        if new < old + more then
            table.insert(answer, variant)
            table.insert(answer, tostring(old + more))
            table.insert(answer, tostring(new))
        end
    end
    local coupon = redis.call('HGET', guest, 'coupon')
    if coupon and coupon ~= '' and (redis.call('HGET', mine, 'coupon') or '') == '' then
        redis.call('HSET', mine, 'coupon', coupon)
    end
    changed(mine)
    redis.call('DEL', guest)
    redis.call('SET', moved, moved_to, 'EX', moved_seconds)
    return answer
"""
)


def merge(guest: Owner, into: Owner, *, currency: str, limits: Sequence[Limit]) -> list[Merged]:
    """Move the guest's lines into the user's cart and delete the guest's; a cart already gone does nothing.

    Quantities add up as far as stock allows, and never go below what the user had. Raises ChangedMeanwhile.
    """
    flat = [part for limit in limits for part in (limit.variant_id, limit.available, _or_empty(limit.price))]
    rest = _MERGE(
        [guest.key, into.key, f"moved:{guest.cart_id}"],
        currency, MAX_QUANTITY, settings.CART_MAX_LINES, into.key, DONE_SECONDS, *flat,
    )  # fmt: skip
    return [Merged(UUID(v), int(w), int(q)) for v, w, q in zip(rest[::3], rest[1::3], rest[2::3], strict=True)]


def moved_to(guest: Owner, into: Owner) -> bool:
    """Whether this guest's cart was merged into that cart before."""
    return bool(ask("GET", f"moved:{guest.cart_id}") == into.key)


def _or_empty(price: int | None) -> str:
    return "" if price is None else str(price)


_TAKE_OUT = Script(
    _COMMON
    + """
    if not redis.call('SET', KEYS[2], '1', 'NX', 'EX', ARGV[1]) then return {'ok'} end
    local key = redis.call('GET', KEYS[3]) or KEYS[1]
    for i = 2, #ARGV, 2 do
        local left = tonumber(redis.call('HGET', key, 'q:' .. ARGV[i]) or '0') - tonumber(ARGV[i + 1])
        if left > 0 then redis.call('HSET', key, 'q:' .. ARGV[i], left) else drop(key, ARGV[i]) end
    end
    if #variants(key) == 0 then redis.call('HDEL', key, 'coupon') end
    if redis.call('EXISTS', key) == 1 then changed(key) end
    return {'ok'}
"""
)


def take_out(cart_id: UUID, *, order_id: UUID, lines: Sequence[tuple[UUID, int]]) -> None:
    """Take what was ordered out of the cart, also when it was merged meanwhile. Once for each order."""
    flat = [part for line in lines for part in line]
    _TAKE_OUT([f"cart:{cart_id}", f"done:{order_id}", f"moved:{cart_id}"], DONE_SECONDS, *flat)
