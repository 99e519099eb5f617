"""Carts: what is in them, and everything that is done to one. `store` draws how they are kept."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID, uuid5

from django.conf import settings

from cart_service.errors import CartNotFound
from cart_service.models.store import COMMON, LEFT, Script, ask

MAX_QUANTITY = 999
ONCE_SECONDS = 24 * 3600
DONE_SECONDS = 30 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose cart: a signed-in user's, or that of whoever holds the guest's token."""

    cart_id: UUID
    user_id: UUID | None = None

    @property
    def guest(self) -> bool:
        return self.user_id is None

    @property
    def user(self) -> str:
        """As Redis keeps it: empty for a guest."""
        return str(self.user_id or "")

    @property
    def lifetime(self) -> int:
        """Seconds the cart lives untouched; 0 for ever."""
        kept = settings.GUEST_CART_LIFETIME if self.guest else settings.CART_LIFETIME
        return int(kept.total_seconds())

    @property
    def key(self) -> str:
        return f"cart:{self.cart_id}"

    @property
    def moved_key(self) -> str:
        return f"moved:{self.cart_id}"

    def item_id(self, variant_id: UUID) -> UUID:
        """The line's id: the same as long as the variant is in this cart, and again if it comes back."""
        return uuid5(self.cart_id, str(variant_id))


def of_user(user_id: UUID) -> Owner:
    return Owner(_derived(f"user:{user_id}"), user_id)


def of_guest(token: str) -> Owner:
    return Owner(_derived(f"guest:{token}"))


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


# ── Reading ──────────────────────────────────────────────────────────────────────────────────────────────────────────

_READ = Script(
    COMMON
    + """
    touch(KEYS[1], ARGV[1])
    if ARGV[2] ~= '' then redis.call('ZADD', KEYS[2], 'XX', now(), ARGV[2]) end
    local all = redis.call('HGETALL', KEYS[1])
    table.insert(all, 1, 'ok')
    return all
"""
)


def load(owner: Owner) -> Cart:
    """The cart; an empty one where a user has none. Raises CartNotFound for a guest's token that leads nowhere.

    Whoever looks has not left: a cart's time begins again.
    """
    flat = _READ([owner.key, LEFT], owner.lifetime, owner.user)
    return _cart(owner, dict(zip(flat[::2], flat[1::2], strict=True)))


def glance(owner: Owner) -> Cart:
    """The cart, without its buyer having looked at it."""
    return _cart(owner, ask("HGETALL", owner.key))


def _cart(owner: Owner, fields: dict[str, str]) -> Cart:
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


# ── Changing ─────────────────────────────────────────────────────────────────────────────────────────────────────────

_ADD = Script(
    COMMON
    + """
    local key, once = KEYS[1], KEYS[2]
    local variant, quantity, available, price = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4]
    local currency, user, ttl, once_seconds = ARGV[5], ARGV[6], ARGV[7], ARGV[8]
    local max_quantity, max_lines = tonumber(ARGV[9]), tonumber(ARGV[10])
    if redis.call('EXISTS', once) == 1 then return {'ok'} end
    if redis.call('EXISTS', KEYS[3]) == 1 then return {'no_cart'} end
    local lines = variants(key)
    local present = redis.call('HGET', key, 'currency')
    if present and present ~= currency and #lines > 0 then return {'currency', present} end
    local old = tonumber(redis.call('HGET', key, 'q:' .. variant) or '0')
    if old + quantity > available then return {'short', tostring(available)} end
    if old + quantity > max_quantity then return {'too_many'} end
    if old == 0 and #lines >= max_lines then return {'full'} end
    redis.call('HSET', key, 'user', user, 'currency', currency)
    put(key, variant, old + quantity, price)
    changed(key)
    touch(key, ttl)
    redis.call('SET', once, '1', 'EX', once_seconds)
    return {'ok'}
"""
)


def add(owner: Owner, *, variant_id: UUID, quantity: int, available: int, price: int, currency: str, once: str) -> None:
    """Add to the variant's line, or make it. Done once for each `once`.

    Raises InsufficientStock, TooManyOfOne, CartFull, CurrencyMismatch; CartNotFound when a guest's cart was merged
    meanwhile: what came into it then would be seen by nobody.
    """
    _ADD(
        [owner.key, f"once:{once}", owner.moved_key],
        variant_id, quantity, available, price, currency, owner.user, owner.lifetime, ONCE_SECONDS,
        MAX_QUANTITY, settings.CART_MAX_LINES,
    )  # fmt: skip


_SET = Script(
    COMMON
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
    _SET([owner.key], variant_id, quantity, owner.lifetime)


_REMOVE = Script(
    COMMON
    + """
    if redis.call('HEXISTS', KEYS[1], 'q:' .. ARGV[1]) == 0 then return {'no_item'} end
    drop(KEYS[1], ARGV[1])
    changed(KEYS[1])
    touch(KEYS[1], ARGV[2])
    return {'ok'}
"""
)


def remove(owner: Owner, *, variant_id: UUID) -> None:
    _REMOVE([owner.key], variant_id, owner.lifetime)


_CLEAR = Script(
    COMMON
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
    COMMON
    + """
    if redis.call('EXISTS', KEYS[2]) == 1 then return {'no_cart'} end
    redis.call('HSET', KEYS[1], 'user', ARGV[2], 'coupon', ARGV[1])
    changed(KEYS[1])
    touch(KEYS[1], ARGV[3])
    return {'ok'}
"""
)


def set_coupon(owner: Owner, code: str) -> None:
    """An empty code takes the coupon off. Raises CartNotFound when a guest's cart was merged meanwhile."""
    _COUPON([owner.key, owner.moved_key], code, owner.user, owner.lifetime)


_FORGET = Script("""
    redis.call('DEL', KEYS[1])
    redis.call('ZREM', KEYS[2], ARGV[1])
    return {'ok'}
""")


def forget(owner: Owner) -> None:
    """Nothing is left of it."""
    _FORGET([owner.key, LEFT], owner.user)


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


# ── Ordering ─────────────────────────────────────────────────────────────────────────────────────────────────────────

_TAKE_OUT = Script(
    COMMON
    + """
    if not redis.call('SET', KEYS[2], '1', 'NX', 'EX', ARGV[1]) then return {'ok'} end
    local key = redis.call('GET', KEYS[3]) or KEYS[1]
    for i = 2, #ARGV, 2 do
        local left = tonumber(redis.call('HGET', key, 'q:' .. ARGV[i]) or '0') - tonumber(ARGV[i + 1])
        if left > 0 then redis.call('HSET', key, 'q:' .. ARGV[i], left) else drop(key, ARGV[i]) end
    end
    if redis.call('EXISTS', key) == 0 then return {'ok'} end
    another_version(key)
    if #variants(key) == 0 then
        redis.call('HDEL', key, 'coupon')
        redis.call('ZREM', KEYS[4], redis.call('HGET', key, 'user') or '')
    end
    return {'ok'}
"""
)


def take_out(cart_id: UUID, *, order_id: UUID, lines: Sequence[tuple[UUID, int]]) -> None:
    """Take what was ordered out of the cart, also when it was merged meanwhile. Once for each order."""
    flat = [part for line in lines for part in line]
    _TAKE_OUT([f"cart:{cart_id}", f"done:{order_id}", f"moved:{cart_id}", LEFT], DONE_SECONDS, *flat)
