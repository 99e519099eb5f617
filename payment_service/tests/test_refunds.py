"""Money back: never more than was taken, from the shares of those who had it."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection
from factories import LUMEN, NORTHWIND, asked, balances, hear, part_of, refund_of, released, split, take

from payment_service.actions import refunds
from payment_service.errors import NothingToRefund
from payment_service.models import Payment, Refund, SimulatedCharge
from shared.contracts.payment import PaymentRefunded, RefundFailed, RefundPayment
from shared.errors import NotFound, Retry
from shared.money import Money
from shared.testing import body, client_as, published

pytestmark = pytest.mark.django_db(transaction=True)


def refunded(message: Any, *splits: Any) -> None:
    """A refund of a payment, or the very one given, is asked for and carried out."""
    hear(message if isinstance(message, RefundPayment) else refund_of(message, *splits))
    refunds.ask_for_refunds()


def test_a_whole_refund_undoes_the_payment(provider: Any) -> None:
    message = take()
    asked(message)

    refunded(message)

    assert [told.amount.minor for told in published(PaymentRefunded)] == [10_000]
    assert balances() == {"provider": 0, "tax": 0, "commission": 0}
    assert balances(NORTHWIND)["vendor_pending"] == balances(LUMEN)["vendor_pending"] == 0
    assert SimulatedCharge.objects.get().refunded == 10_000


def test_a_part_comes_from_the_vendor_it_concerns(provider: Any) -> None:
    message = take()
    asked(message)

    refunded(message, part_of(message.splits[0], 2))

    assert balances(NORTHWIND)["vendor_pending"] == 2_250
    assert balances(LUMEN)["vendor_pending"] == 3_100
    assert balances()["provider"] == 7_000


def test_what_has_been_released_is_clawed_back_from_what_is_available(provider: Any) -> None:
    message = take()
    asked(message)
    released(message)

    refunded(message, part_of(message.splits[0], 2))

    assert balances(NORTHWIND) == {"vendor_pending": 0, "vendor_available": 2_250}


@pytest.mark.parametrize("before", [lambda _message: None, released], ids=["pending", "released"])
def test_what_was_clawed_back_too_much_comes_back_to_where_it_was_taken_from(before: Any, provider: Any) -> None:
    message = take()
    asked(message)
    before(message)
    whole = message.splits[0]

    refunded(message, whole.model_copy(update={"gross": whole.gross - 400, "commission": 0}))
    refunded(message, whole.model_copy(update={"gross": 400, "tax": 0}))

    assert balances(NORTHWIND) == {"vendor_pending": 0, "vendor_available": 0}


def test_the_same_command_twice_refunds_once(provider: Any) -> None:
    message = take()
    asked(message)
    command = refund_of(message, part_of(message.splits[0], 2))

    refunded(command)
    refunded(command)

    assert len(published(PaymentRefunded)) == 1
    assert Payment.objects.get().refunded == SimulatedCharge.objects.get().refunded == 3_000


def test_the_same_answer_twice_refunds_once(provider: Any) -> None:
    message = take()
    asked(message)
    command = refund_of(message, part_of(message.splits[0], 2))
    hear(command)

    for _time in range(2):
        refunds.settle_refund(refund_id=command.refund_id, transfer=refunds.Transfer("done", True))

    assert len(published(PaymentRefunded)) == 1
    assert balances()["provider"] == 7_000


def test_after_a_part_the_whole_means_what_is_left(provider: Any) -> None:
    message = take()
    asked(message)
    refunds.start_refund(payment_id=message.payment_id, amount=Money(1_000, "USD"), reason="goodwill")
    refunds.ask_for_refunds()

    refunded(message)

    assert [told.amount.minor for told in published(PaymentRefunded)] == [1_000, 9_000]
    assert balances() == {"provider": 0, "tax": 0, "commission": 0}
    assert balances(NORTHWIND)["vendor_pending"] == balances(LUMEN)["vendor_pending"] == 0


def test_one_vendor_does_not_pay_back_what_another_was_refunded_for(provider: Any) -> None:
    message = take()
    asked(message)
    refunded(message, message.splits[0])

    refunded(message)

    assert [told.amount.minor for told in published(PaymentRefunded)] == [6_000, 4_000]
    assert balances(NORTHWIND)["vendor_pending"] == balances(LUMEN)["vendor_pending"] == 0


def test_what_the_platform_paid_for_the_buyer_goes_back_to_it_with_the_rest(provider: Any) -> None:
    free = split(LUMEN, gross=0, tax=0, commission=-700)
    message = take(split(), free)
    asked(message)
    assert balances(LUMEN)["vendor_pending"] == 700

    refunded(message)
    refunded(message)

    assert balances(LUMEN) == {"vendor_pending": 0, "vendor_available": 0}
    assert balances() == {"provider": 0, "tax": 0, "commission": 0}


def test_more_than_was_taken_is_refused_and_told(provider: Any) -> None:
    message = take()
    asked(message)
    refunded(message)

    refunded(message, part_of(message.splits[0], 2))

    assert [told.reason for told in published(RefundFailed)] == ["nothing_left"]
    assert Payment.objects.get().refunded == 10_000


def test_what_was_not_taken_is_not_refunded(provider: Any) -> None:
    message = take(token="decline")
    asked(message)

    refunded(message)

    assert [told.reason for told in published(RefundFailed)] == ["not_taken"]


def test_a_refund_waits_for_its_payment() -> None:
    with pytest.raises(Retry):
        hear(refund_of(take()))


def test_a_refund_the_provider_refuses_is_given_up_and_told(provider: Any) -> None:
    message = take()
    asked(message)
    SimulatedCharge.objects.update(refunded=10_000)

    refunded(message)

    assert Refund.objects.get().status == "failed"
    assert Payment.objects.get().refunded == 0
    assert [told.reason for told in published(RefundFailed)] == ["more_than_was_charged"]


@pytest.mark.parametrize("attempts", [0, 1_000], ids=["once", "for ever so long"])
def test_a_provider_that_is_away_delays_a_refund(attempts: int, provider: Any) -> None:
    """Nobody knows whether the money moved: to give up would be to let it be given back twice."""
    message = take()
    asked(message)
    url, provider.SIMULATOR_URL = provider.SIMULATOR_URL, "http://127.0.0.1:1"
    hear(refund_of(message))
    Refund.objects.update(attempts=attempts)
    refunds.ask_for_refunds()
    assert Refund.objects.get().status == "pending"

    provider.SIMULATOR_URL = url
    Refund.objects.update(due_at="2020-01-01T00:00:00Z")
    refunds.ask_for_refunds()

    assert Refund.objects.get().status == "done"


def test_an_admins_partial_refunds_share_out_tax_and_commission_to_the_last_cent(provider: Any) -> None:
    message = take(split(gross=1_001, tax=167, commission=83), split(LUMEN, gross=333, tax=55, commission=28))
    asked(message)

    for minor in (1, 500, 332):
        refunds.start_refund(payment_id=message.payment_id, amount=Money(minor, "USD"), reason="goodwill")
    refunds.start_refund(payment_id=message.payment_id, amount=None, reason="the rest")
    refunds.ask_for_refunds()

    assert balances() == {"provider": 0, "tax": 0, "commission": 0}
    assert balances(NORTHWIND)["vendor_pending"] == balances(LUMEN)["vendor_pending"] == 0


def test_an_admin_gives_back_the_rest_where_more_commission_is_left_than_money(provider: Any) -> None:
    message = take()
    asked(message)
    whole = message.splits[0]
    refunded(message, whole.model_copy(update={"gross": whole.gross - 4, "tax": whole.tax, "commission": 0}))

    refunds.start_refund(payment_id=message.payment_id, amount=Money(1, "USD"), reason="goodwill")
    refunds.start_refund(payment_id=message.payment_id, amount=None, reason="the rest")
    refunds.ask_for_refunds()

    assert balances() == {"provider": 0, "tax": 0, "commission": 0}
    assert sum(balances(NORTHWIND).values()) == sum(balances(LUMEN).values()) == 0


def test_an_admin_cannot_refund_more_than_is_left(provider: Any) -> None:
    message = take()
    asked(message)

    with pytest.raises(NothingToRefund):
        refunds.start_refund(payment_id=message.payment_id, amount=Money(10_001, "USD"), reason="goodwill")
    with pytest.raises(NothingToRefund):
        refunds.start_refund(payment_id=message.payment_id, amount=Money(1, "EUR"), reason="goodwill")
    with pytest.raises(NotFound):
        refunds.start_refund(payment_id=message.order_id, amount=None, reason="goodwill")


def test_two_refunds_at_once_do_not_exceed_the_payment(provider: Any) -> None:
    message = take()
    asked(message)

    def try_to(_number: int) -> bool:
        try:
            refunds.start_refund(payment_id=message.payment_id, amount=Money(4_000, "USD"), reason="race")
        except NothingToRefund:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(5) as pool:
        assert sum(pool.map(try_to, range(5))) == 2

    assert Payment.objects.get().refunded == 8_000


def test_refunding_over_the_api_needs_an_admin_and_a_key(provider: Any) -> None:
    message = take()
    asked(message)
    path, wanted = f"/api/v1/payments/{message.payment_id}/refunds", {"reason": "goodwill"}

    assert client_as("customer", user_id=message.user_id).post(path, wanted).status_code == 403
    assert client_as("admin").post(path, wanted).status_code == 400
    key = {"HTTP_IDEMPOTENCY_KEY": "once-only"}
    first = client_as("admin", user_id=message.user_id).post(path, wanted, **key)
    again = client_as("admin", user_id=message.user_id).post(path, wanted, **key)

    assert (first.status_code, again.status_code) == (201, 201)
    assert first.content == again.content
    assert body(first)["amount"] == {"amount": "100.00", "currency": "USD"}
    assert Refund.objects.count() == 1


@pytest.mark.parametrize("amount", ["0.00", "-5.00", "1e1"])
def test_what_is_no_amount_to_give_back_is_named_as_wrong(provider: Any, amount: str) -> None:
    message = take()
    wanted = {"reason": "goodwill", "amount": {"amount": amount, "currency": "USD"}}

    refused = client_as("admin").post(
        f"/api/v1/payments/{message.payment_id}/refunds", wanted, HTTP_IDEMPOTENCY_KEY="once"
    )

    assert refused.status_code == 400
    assert all(field.startswith("amount") for field in body(refused)["errors"])


def test_refunds_show_on_the_payment(provider: Any) -> None:
    message = take()
    asked(message)
    refunded(message, part_of(message.splits[0], 2))

    seen = body(client_as("customer", user_id=message.user_id).get(f"/api/v1/payments/{message.payment_id}"))

    assert seen["refunded"] == {"amount": "30.00", "currency": "USD"}
    assert [(one["status"], one["amount"]["amount"]) for one in seen["refunds"]] == [("done", "30.00")]


def test_discounts_that_the_platform_paid_go_back_to_it_with_the_vendors_share(provider: Any) -> None:
    whole = split(gross=6_000, tax=1_000, commission=-800)
    message = take(whole)
    asked(message)
    assert balances(NORTHWIND)["vendor_pending"] == 5_800

    refunded(message, whole.model_copy(update={"gross": 1_500, "tax": 250, "commission": -200}))
    assert (balances(NORTHWIND)["vendor_pending"], balances()["commission"]) == (4_350, -600)
    refunds.start_refund(payment_id=message.payment_id, amount=Money(1_500, "USD"), reason="sorry")
    refunds.ask_for_refunds()
    assert (balances(NORTHWIND)["vendor_pending"], balances()["commission"]) == (2_900, -400)
    refunded(message, whole)

    assert balances() == {"provider": 0, "tax": 0, "commission": 0}
    assert balances(NORTHWIND)["vendor_pending"] == 0


def test_what_the_platform_paid_wholly_is_the_vendors_until_it_goes_back(provider: Any) -> None:
    free = split(LUMEN, gross=0, tax=0, commission=-700)
    message = take(free)
    asked(message)
    assert (balances()["commission"], balances(LUMEN)["vendor_pending"]) == (-700, 700)

    refunded(refund_of(message, free))

    assert published(PaymentRefunded)[0].amount.minor == 0
    assert (balances()["commission"], balances(LUMEN)["vendor_pending"]) == (0, 0)
    assert SimulatedCharge.objects.count() == 0


def test_one_of_two_things_that_the_platform_paid_takes_back_no_more_than_its_own(provider: Any) -> None:
    free = split(LUMEN, gross=0, tax=0, commission=-700)
    message = take(free)
    asked(message)

    for left in (-350, 0):
        refunded(refund_of(message, free.model_copy(update={"commission": -350})))
        assert balances(LUMEN)["vendor_pending"] == -left
    assert published(RefundFailed) == []


def test_what_the_buyer_paid_goes_back_without_what_the_platform_paid_beside_it(provider: Any) -> None:
    mixed = split(LUMEN, gross=1_000, tax=0, commission=-800)
    message = take(mixed)
    asked(message)

    refunded(refund_of(message, mixed.model_copy(update={"commission": 100})))

    assert (balances(LUMEN)["vendor_pending"], balances()["commission"]) == (900, -900)
