"""Money in minor units: an integer and an ISO 4217 currency. No float ever touches an amount."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Self

EXPONENTS = {
    "AED": 2, "AUD": 2, "BHD": 3, "BRL": 2, "CAD": 2, "CHF": 2, "CNY": 2, "CZK": 2, "DKK": 2, "ETB": 2, "EUR": 2,
    "GBP": 2, "HKD": 2, "HUF": 2, "INR": 2, "IQD": 3, "JOD": 3, "JPY": 0, "KES": 2, "KRW": 0, "KWD": 3, "MXN": 2,
    "NGN": 2, "NOK": 2, "NZD": 2, "OMR": 3, "PLN": 2, "RON": 2, "SAR": 2, "SEK": 2, "SGD": 2, "THB": 2, "TND": 3,
    "TRY": 2, "UGX": 0, "USD": 2, "VND": 0, "ZAR": 2,
}  # fmt: skip
"""Currency code → digits after the point (ISO 4217). A currency that is not here is not traded."""

_AMOUNT = re.compile(r"-?[0-9]*\.?[0-9]*")
MAX_MINOR = 10**15
"""Amounts beyond this are refused: far above any order, far below bigint's limit, so that sums cannot overflow."""


class MoneyError(ValueError):
    """An amount or currency that cannot be money; or two currencies in one sum."""


@dataclass(frozen=True, slots=True, order=False)
class Money:
    """`minor` units (cents, yen, fils) of `currency`."""

    minor: int
    currency: str

    def __post_init__(self) -> None:
        if self.currency not in EXPONENTS:
            raise MoneyError(f"{self.currency!r} is not a currency traded here")
        if not isinstance(self.minor, int) or isinstance(self.minor, bool):
            raise MoneyError("minor units are whole numbers")
        if abs(self.minor) > MAX_MINOR:
            raise MoneyError("the amount is out of range")

    @classmethod
    def zero(cls, currency: str) -> Self:
        return cls(0, currency)

    @classmethod
    def parse(cls, amount: str, currency: str) -> Self:
        """`("12.50", "USD")` → 1250 cents. Raises MoneyError when there are more digits than the currency has."""
        if currency not in EXPONENTS:
            raise MoneyError(f"{currency!r} is not a currency traded here")
        try:
            if not _AMOUNT.fullmatch(amount):  # Decimal also reads "1_000", "1e3", "NaN", " 1" and digits of any script
                raise ValueError
            scaled = Decimal(amount).scaleb(EXPONENTS[currency])
        except (ArithmeticError, ValueError, TypeError):
            raise MoneyError(f"{amount!r} is not an amount") from None
        if abs(scaled) > MAX_MINOR:
            raise MoneyError("the amount is out of range")
        whole = int(scaled)
        if scaled != whole:
            raise MoneyError(f"{currency} has {EXPONENTS[currency]} digits after the point")
        return cls(whole, currency)

    @property
    def amount(self) -> str:
        """Decimal string with exactly the currency's digits: `"12.50"`, `"1250"` for JPY."""
        exponent = EXPONENTS[self.currency]
        if not exponent:
            return str(self.minor)
        whole, part = divmod(abs(self.minor), 10**exponent)
        return f"{'-' if self.minor < 0 else ''}{whole}.{part:0{exponent}}"

    def as_json(self) -> dict[str, str]:
        return {"amount": self.amount, "currency": self.currency}

    def __add__(self, other: "Money") -> "Money":
        return Money(self.minor + self._same(other).minor, self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return Money(self.minor - self._same(other).minor, self.currency)

    def __mul__(self, quantity: int) -> "Money":
        return Money(self.minor * quantity, self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.minor, self.currency)

    def __lt__(self, other: "Money") -> bool:
        return self.minor < self._same(other).minor

    def __bool__(self) -> bool:
        return self.minor != 0

    def __str__(self) -> str:
        return f"{self.amount} {self.currency}"

    def _same(self, other: "Money") -> "Money":
        if other.currency != self.currency:
            raise MoneyError(f"{self.currency} and {other.currency} cannot be added")
        return other


def share(minor: int, basis_points: int) -> int:
    """`basis_points` (1/100 of a per cent) of an amount in minor units, rounded half up, symmetric around zero."""
    product = abs(minor) * basis_points
    rounded = (product + 5_000) // 10_000
    return rounded if minor >= 0 else -rounded


def allocate(minor: int, weights: Sequence[int]) -> list[int]:
    """Split an amount by weights so that the parts sum to it exactly.

    Largest remainder; ties go to the earlier part, so the same input always gives the same split. With all weights
    zero the parts are as equal as can be. Raises MoneyError for no weights or a negative one.
    """
    if not weights or any(weight < 0 for weight in weights):
        raise MoneyError("weights are one or more numbers, none negative")
    if not any(weights):
        weights = [1] * len(weights)
    total, size, sign = sum(weights), abs(minor), 1 if minor >= 0 else -1
    parts = [size * weight // total for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda i: (-(size * weights[i] % total), i))
    for i in by_remainder[: size - sum(parts)]:
        parts[i] += 1
    return [sign * part for part in parts]


CROSS_RATE = Context(prec=16, rounding=ROUND_HALF_UP)


def factor(rates: Mapping[str, Decimal], source: str, target: str) -> Decimal | None:
    """What to multiply minor units of `source` by to come to minor units of `target`: 16 digits. None without rates.

    `rates` are units of each currency for one unit of their base, which is among them.
    """
    if source == target:
        return Decimal(1)
    if not (rates.get(source) and rates.get(target)):
        return None
    return CROSS_RATE.divide(rates[target], rates[source]).scaleb(EXPONENTS[target] - EXPONENTS[source])


def convert(money: Money, target: str, by: Decimal) -> Money | None:
    """A price by a factor, rounded half up to the target's minor units; never to nothing. None: beyond MAX_MINOR."""
    exact = money.minor * by
    minor = int(exact.to_integral_value(ROUND_HALF_UP)) if exact <= MAX_MINOR else MAX_MINOR + 1
    return Money(max(1, minor), target) if minor <= MAX_MINOR else None
