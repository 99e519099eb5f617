from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.money import EXPONENTS, MAX_MINOR, Money, MoneyError, allocate, convert, factor, share

amounts = st.integers(min_value=-(10**12), max_value=10**12)
weights = st.lists(st.integers(min_value=0, max_value=10**9), min_size=1, max_size=20)


@given(amounts, weights)
def test_the_parts_of_an_allocation_sum_to_the_whole(minor: int, parts: list[int]) -> None:
    assert sum(allocate(minor, parts)) == minor


@given(amounts, weights)
def test_no_part_is_further_than_one_unit_from_its_exact_share(minor: int, parts: list[int]) -> None:
    total = sum(parts) or len(parts)
    exact = [minor * (part if sum(parts) else 1) for part in parts]

    assert all(abs(got * total - want) < total for got, want in zip(allocate(minor, parts), exact, strict=True))


@given(st.integers(-MAX_MINOR, MAX_MINOR), st.sampled_from(sorted(EXPONENTS)))
def test_money_written_and_parsed_is_the_same_money(minor: int, currency: str) -> None:
    money = Money(minor, currency)

    assert Money.parse(money.amount, currency) == money


def test_amounts_carry_exactly_the_digits_of_their_currency() -> None:
    assert [Money(1250, code).amount for code in ("USD", "JPY", "KWD")] == ["12.50", "1250", "1.250"]


NO_AMOUNTS = ["1.005", "NaN", "Infinity", "", ".", "-", "1e3", "1e-2", "1e999990", "1_000", " 1", "1\n", "+1", "١٢"]


@pytest.mark.parametrize("amount", [*NO_AMOUNTS, "1,50", "abc", "--1", "9" * 24])
def test_what_is_not_an_amount_is_refused(amount: str) -> None:
    with pytest.raises(MoneyError):
        Money.parse(amount, "USD")


def test_two_currencies_do_not_add() -> None:
    with pytest.raises(MoneyError):
        Money(1, "USD") + Money(1, "EUR")


def test_a_share_is_rounded_half_up_and_symmetric() -> None:
    assert [share(150, 100), share(149, 100), share(-150, 100)] == [2, 1, -2]


@pytest.mark.parametrize(
    ("money", "target", "converted"),
    [
        (Money(1_235, "USD"), "EUR", Money(1_112, "EUR")),  # 11.115
        (Money(1_233, "USD"), "EUR", Money(1_110, "EUR")),  # 11.097
        (Money(1_112, "EUR"), "USD", Money(1_236, "USD")),
        (Money(1_000, "USD"), "JPY", Money(1_515, "JPY")),
        (Money(1_000, "USD"), "KWD", Money(3_070, "KWD")),
        (Money(1, "JPY"), "EUR", Money(1, "EUR")),
        (Money(1, "JPY"), "KWD", Money(2, "KWD")),
        (Money(77, "GBP"), "GBP", Money(77, "GBP")),
        (Money(MAX_MINOR, "USD"), "JPY", None),
    ],
)
def test_amounts_are_converted_half_up_and_never_to_nothing(money: Money, target: str, converted: Money | None) -> None:
    rates = {"USD": Decimal(1), "EUR": Decimal("0.9"), "JPY": Decimal("151.5"), "KWD": Decimal("0.307")}

    by = factor(rates, money.currency, target)

    assert by is not None
    assert convert(money, target, by) == converted


def test_without_both_rates_there_is_no_way_from_one_currency_to_another() -> None:
    assert factor({"USD": Decimal(1)}, "USD", "EUR") is None
    assert factor({"EUR": Decimal(1)}, "USD", "EUR") is None
