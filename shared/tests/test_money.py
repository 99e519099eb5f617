import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.money import EXPONENTS, MAX_MINOR, Money, MoneyError, allocate, share

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
