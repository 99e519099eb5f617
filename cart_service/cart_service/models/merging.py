"""Two carts become one, when a guest signs in."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings

from cart_service.models.carts import DONE_SECONDS, MAX_QUANTITY, Owner
from cart_service.models.store import COMMON, Script, ask


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


_MERGE = Script(
    COMMON
    + """
    local guest, mine, moved = KEYS[1], KEYS[2], KEYS[3]
    local currency, max_quantity, max_lines, moved_seconds = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4]
    local user, ttl = ARGV[5], ARGV[6]
    if redis.call('EXISTS', guest) == 0 then return {'ok'} end
    local limits = {}
    for i = 7, #ARGV, 3 do limits[ARGV[i]] = {tonumber(ARGV[i + 1]), ARGV[i + 2]} end
    local lines, count = variants(guest), #variants(mine)
    for _, variant in ipairs(lines) do if not limits[variant] then return {'again'} end end
    local present = redis.call('HGET', mine, 'currency')
    if present and present ~= currency and count > 0 then return {'again'} end
    local function position(variant) return tonumber(redis.call('HGET', guest, 'n:' .. variant) or '0') end
    table.sort(lines, function(a, b) return position(a) < position(b) end)
    local answer = {'ok'}
    redis.call('HSET', mine, 'user', user, 'currency', currency)
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
    touch(mine, ttl)
    redis.call('DEL', guest)
    redis.call('SET', moved, mine, 'EX', moved_seconds)
    return answer
"""
)


def merge(guest: Owner, into: Owner, *, currency: str, limits: Sequence[Limit]) -> list[Merged]:
    """Move the guest's lines into the user's cart and delete the guest's; a cart already gone does nothing.

    Quantities add up as far as stock allows, and never go below what the user had. Raises ChangedMeanwhile.
    """
    flat = [part for limit in limits for part in (limit.variant_id, limit.available, _or_empty(limit.price))]
    rest = _MERGE(
        [guest.key, into.key, guest.moved_key],
        currency, MAX_QUANTITY, settings.CART_MAX_LINES, DONE_SECONDS, into.user, into.lifetime, *flat,
    )  # fmt: skip
    return [Merged(UUID(v), int(w), int(q)) for v, w, q in zip(rest[::3], rest[1::3], rest[2::3], strict=True)]


def moved_to(guest: Owner, into: Owner) -> bool:
    """Whether this guest's cart was merged into that cart before."""
    return bool(ask("GET", guest.moved_key) == into.key)


def _or_empty(price: int | None) -> str:
    return "" if price is None else str(price)
