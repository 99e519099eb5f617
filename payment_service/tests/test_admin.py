"""The operators' pages: every record can be found and looked at, none shows a secret, a refund is an action's."""

import itertools
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone
from factories import LUMEN, account_of, delivered, hear, pay_out, refund_of, split, take, vendor_changed

from payment_service.actions import (
    crypto_prices,
    gift_cards,
    payments,
    payouts,
    rates,
    reconciliations,
    refunds,
    simulator,
)
from payment_service.clients import Charge, Transfer
from payment_service.models import (
    ChainCursor,
    CryptoCharge,
    CryptoReceipt,
    CryptoTransfer,
    Entry,
    Misfit,
    Payment,
    PayoutItem,
    PayoutRun,
    Refund,
    SimulatedCharge,
    WebhookEvent,
)
from payment_service.queries.provider_records import Record
from shared.context import new_id
from shared.contracts.payment import CancelPayment, Split, TakePayment
from shared.contracts.user import RecordAudit
from shared.money import Money
from shared.testing import FOR_ADMINS, FOR_OPERATORS, Browser, answers_by_role, lists_of_records, operator_as, published

pytestmark = pytest.mark.django_db

ROOT = "/admin/payment/payment_service"
PAYMENTS = f"{ROOT}/payment/"
PAGES = lists_of_records()
TOKEN = "tok_of_a_card"
_days = (date(2020, 1, 1) + timedelta(days=i) for i in itertools.count())
BOOKS = {
    f"{ROOT}/{name}/"
    for name in (
        "payout",
        "account",
        "entry",
        "posting",
        "giftcard",
        "payoutrun",
        "payoutaccount",
        "reconciliation",
        "difference",
        "cryptotransfer",
        "coinprice",
    )
}


def taken(*splits: Split) -> TakePayment:
    """100.00 USD of two vendors or what the splits say, as if the provider had been asked."""
    message = take(*splits, token=TOKEN)
    hear(message)
    payments.settle(payment_id=message.payment_id, charge=Charge(str(new_id()), "succeeded"))
    return message


def make_everything() -> TakePayment:
    """A row of each model at least."""
    message = taken()
    part = split()
    hear(CancelPayment(payment_id=new_id(), order_id=new_id()))
    hear(delivered(message, message.splits[0]))
    payouts.release_due()
    hear(pay_out(100))
    hear(vendor_changed(new_id()))
    hear(account_of(new_id()))
    unknown = Record("charge", new_id().hex, "ref-1", Money(100, "USD"), timezone.now())
    day = timezone.now().date()
    reconciliations.reconcile(provider="simulator", since=day, until=day, records=[unknown], by=new_id())
    run = PayoutRun.objects.create(currency="USD", status="cancelled", needs_another=False)
    PayoutItem.objects.create(run=run, vendor_id=part.vendor_id, minor=100, currency="USD")
    back = refund_of(message, message.splits[1])
    hear(back)
    refunds.settle_refund(refund_id=back.refund_id, transfer=Transfer("r-1", True))
    charge = simulator.charge(
        key=str(message.payment_id), minor=part.gross, currency="USD", token=TOKEN, description=message.order_number,
        expires_at=message.expires_at,
    )  # fmt: skip
    Misfit.objects.create(payment_id=message.payment_id, minor=1, currency="USD")
    simulator.pay_out(key=str(new_id()), minor=1, currency="USD")
    _on_a_chain(message)
    WebhookEvent.objects.create(
        provider="simulator", event_id=new_id(), payload={"charge": str(charge.id)}, due_at=timezone.now()
    )
    gift_cards.issue_cards(amount=Money(2_500, "USD"), count=2, note="Anniversary")
    rates.publish_rates(day=next(_days), base="USD", rates={"EUR": Decimal("0.9")})
    return message


def _on_a_chain(message: TakePayment) -> None:
    coin = {"symbol": "ETH", "decimals": 18}
    charge = CryptoCharge.objects.create(
        payment_id=message.payment_id, expected=10, address=f"0x{new_id().hex:a<40}", **coin
    )
    receipt = {"hash": new_id().hex, "log": -1, "block": 1, "value": 10}
    CryptoReceipt.objects.create(charge=charge, confirmed=True, **receipt)
    CryptoTransfer.objects.create(
        id=new_id(), kind="refund", charge=charge, recipient=f"0x{'a' * 40}", value=10, minor=1, currency="USD", **coin
    )
    ChainCursor.objects.get_or_create(chain_id=1, number=1)
    crypto_prices.set_price(price=Money(300_000, "USD"), by=new_id())


def refund(client: Browser, message: TakePayment, reason: str = "Ada was sad.") -> list[str]:
    """Press the button; what is told."""
    return client.press(PAYMENTS, "refund", Payment.objects.get(id=message.payment_id), reason=reason)


# ── Looking ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("path", PAGES)
def test_every_list_opens_with_each_filter_and_any_search(path: str) -> None:
    make_everything()
    client = operator_as("admin")

    assert client.opened(path) == {200}
    assert client.found_by_odd_terms(path) == 0


@pytest.mark.parametrize("path", PAGES)
def test_no_nonsense_upsets_a_list(path: str) -> None:
    make_everything()

    assert operator_as("admin").upset_by(path) == []


@pytest.mark.parametrize("path", PAGES)
def test_every_record_has_a_page_and_is_found_by_its_id(path: str) -> None:
    make_everything()
    client, record = operator_as("admin"), PAGES[path]._default_manager.latest("pk")

    assert client.get(f"{path}{record.pk}/change/").status_code == 200
    assert client.found(path, getattr(record, "event_id", record.pk)) == 1


@pytest.mark.parametrize("path", PAGES)
def test_a_list_asks_the_database_no_more_for_more_rows(path: str) -> None:
    client = operator_as("admin")

    def asked_with_one_more() -> int:
        make_everything()
        return client.asked(path)

    assert asked_with_one_more() == asked_with_one_more()


def test_an_entry_s_page_asks_the_database_no_more_for_more_postings() -> None:
    client = operator_as("admin")

    def entry_of(message: TakePayment) -> str:
        return f"{ROOT}/entry/{Entry.objects.get(reference=message.payment_id).id}/change/"

    assert client.asked(entry_of(taken(split()))) == client.asked(entry_of(taken(split(), split(LUMEN))))


@pytest.mark.parametrize("path", PAGES)
def test_support_sees_what_the_api_shows_it_and_others_see_nothing(path: str) -> None:
    assert answers_by_role(path) == (FOR_ADMINS if path in BOOKS else FOR_OPERATORS)


def test_what_belongs_to_an_order_is_found_by_it() -> None:
    message, _other = make_everything(), make_everything()
    client = operator_as("support")

    assert client.found(PAYMENTS, message.order_id) == client.found(PAYMENTS, message.user_id) == 1
    assert client.found(f"{ROOT}/refund/", message.payment_id) == 1
    assert client.found(f"{ROOT}/release/", message.order_id) == 1
    assert client.found(f"{ROOT}/simulatedcharge/", message.payment_id) == 1
    assert operator_as("admin").found(f"{ROOT}/posting/", message.splits[0].vendor_order_id) > 1


def test_a_payment_s_page_has_its_refunds_and_no_token() -> None:
    message = make_everything()
    charge = SimulatedCharge.objects.get()
    assert Payment.objects.get().token == charge.token == TOKEN
    client = operator_as("admin")

    page = client.get(f"{PAYMENTS}{message.payment_id}/change/").content.decode()
    simulated = client.get(f"{ROOT}/simulatedcharge/{charge.id}/change/").content.decode()

    assert "40.00 USD" in page
    assert str(Refund.objects.get().id) in page
    assert TOKEN not in page + simulated


# ── Acting ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_admin_refunds_what_is_left_and_the_audit_log_hears_of_it() -> None:
    message, me = taken(), new_id()

    told = refund(operator_as("admin", user_id=me), message)

    made, (entry,) = Refund.objects.get(), published(RecordAudit)
    assert told == ["Refund what is left: 1"]
    assert (made.minor, made.reason, made.status) == (10_000, "Ada was sad.", "pending")
    assert (entry.action, entry.subject_id, entry.actor_id) == ("payment.payment.refund", str(message.payment_id), me)


def test_a_second_refund_is_refused_and_told() -> None:
    message, client = taken(), operator_as("admin")

    refund(client, message)
    told = refund(client, message)

    assert told == ["N-1001 100.00 USD: 0.00 USD can be refunded."]
    assert Refund.objects.count() == 1


@pytest.mark.parametrize(("role", "reason"), [("admin", ""), ("support", "Ada was sad.")])
def test_a_refund_needs_a_reason_and_an_admin(role: str, reason: str) -> None:
    message, client = taken(), operator_as(role)

    refund(client, message, reason)
    page = client.get(f"{PAYMENTS}{message.payment_id}/change/").content.decode()

    assert Refund.objects.count() == 0
    assert ("Refund what is left" in page) is (role == "admin")
