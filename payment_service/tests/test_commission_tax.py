"""Tax on commission: an account of its own, charged to the vendor, given back with the rest."""

from typing import Any

import pytest
from factories import LUMEN, NORTHWIND, asked, balances, hear, refund_of, split, take
from hypothesis import given, settings
from hypothesis import strategies as st

from payment_service.actions import refunds
from payment_service.actions.splits import owed_of, part_of
from payment_service.models import Account
from shared.contracts.payment import Split
from shared.money import Money, share
from shared.testing import body, client_of

pytestmark = pytest.mark.django_db(transaction=True)
TAXED = {"gross": 6_000, "tax": 1_000, "commission": 500, "commission_tax": 100}


def test_it_is_owed_to_the_state_and_the_vendor_is_owed_less(provider: Any) -> None:
    asked(take(split(**TAXED)))

    assert balances() == {"provider": 6_000, "tax": 1_000, "commission": 500, "commission_tax": 100}
    assert balances(NORTHWIND)["vendor_pending"] == 4_400


def test_without_any_there_is_no_account_of_it(provider: Any) -> None:
    message = take()
    asked(message)
    hear(refund_of(message))
    refunds.ask_for_refunds()

    assert not Account.objects.filter(kind="commission_tax").exists()


def test_a_statement_says_how_much_of_it_there_was(provider: Any) -> None:
    asked(take(split(**TAXED)))

    period = {"since": "2020-01-01T00:00:00Z", "until": "2100-01-01T00:00:00Z"}
    (one,) = body(client_of("vendor").get("/internal/statements", {"vendor_id": str(NORTHWIND), **period}))[
        "statements"
    ]

    assert (one["commissions"], one["commission_tax"], one["tax"], one["closing"]) == (-500, -100, -1_000, 4_400)


def test_what_the_buyer_paid_nothing_for_gives_back_its_tax_too(provider: Any) -> None:
    """The platform paid all of it, and keeps the tax on its service."""
    message = take(split(), split(LUMEN, gross=0, tax=0, commission=-700, commission_tax=70))
    asked(message)

    hear(refund_of(message))
    refunds.ask_for_refunds()

    assert set(balances().values()) == {0}
    assert set(balances(LUMEN).values()) == {0}


@pytest.mark.parametrize("currency", ["JPY", "USD", "KWD"])
def test_refunds_in_any_parts_bring_commission_and_its_tax_back_to_nothing(currency: str, provider: Any) -> None:
    parts = (
        split(gross=1_001, tax=167, commission=83, commission_tax=17),
        split(LUMEN, gross=334, tax=55, commission=28, commission_tax=5),
    )
    message = take(*parts, amount={"minor": 1_335, "currency": currency})
    asked(message)

    for minor in (1, 499, 333):
        refunds.start_refund(payment_id=message.payment_id, amount=Money(minor, currency), reason="goodwill")
    refunds.start_refund(payment_id=message.payment_id, amount=None, reason="the rest")
    refunds.ask_for_refunds()

    assert balances() == {"provider": 0, "tax": 0, "commission": 0, "commission_tax": 0}
    assert balances(NORTHWIND)["vendor_pending"] == 0
    assert balances(LUMEN)["vendor_pending"] == 0


@st.composite
def shares(draw: st.DrawFn) -> Split:
    gross = draw(st.integers(1, 10**9))
    tax = draw(st.integers(0, gross))
    fee = draw(st.integers(0, (gross - tax) * 10 // 13))
    by_platform = draw(st.sampled_from([0, 0, draw(st.integers(0, 10**6))]))
    return split(gross=gross, tax=tax, commission=fee - by_platform, commission_tax=share(fee, 2_000))


@given(whole=shares(), cuts=st.lists(st.integers(1, 1_000), max_size=12))
@settings(max_examples=300, deadline=None)
def test_parts_sum_to_the_whole_whatever_they_are(whole: Split, cuts: list[int]) -> None:
    left, parts = whole, []
    for cut in [*cuts, 1_000]:
        gross = max(1, left.gross * cut // 1_000)
        if left.gross:
            parts.append(part_of(left, gross))
            left = minus(left, parts[-1])

    assert (left.gross, left.tax, left.commission, left.commission_tax) == (0, 0, 0, 0)
    assert sum(map(owed_of, parts)) == owed_of(whole)
    assert all(part.commission_tax >= 0 for part in parts)


def minus(one: Split, other: Split) -> Split:
    names = ("gross", "tax", "commission", "commission_tax")
    return one.model_copy(update={name: getattr(one, name) - getattr(other, name) for name in names})
