"""Gift cards: issued, listed and disabled by admins, redeemed once by whoever knows the code."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.utils import timezone
from factories import balances

from payment_service.actions.gift_cards import ALPHABET, disable_card, expire_cards, issue_cards, redeem_card
from payment_service.errors import GiftCardNotValid, GiftCardRedeemed, IllegalMove
from payment_service.models import Entry, GiftCard
from payment_service.queries.books import broken_rules
from shared.context import new_id
from shared.contracts.payment import StoreCreditChanged
from shared.contracts.user import RecordAudit
from shared.models import IdempotencyKey
from shared.money import Money
from shared.testing import body, client_as, published

pytestmark = pytest.mark.django_db

CARDS, REDEEM = "/api/v1/gift-cards", "/api/v1/gift-cards/redeem"
ADA, EVE = UUID(int=0xADA), UUID(int=0xE7E)
FORM = {"amount": {"amount": "25.00", "currency": "USD"}, "count": 3, "note": "Anniversary"}


@pytest.fixture(autouse=True)
def _patience(settings: Any) -> None:
    """Tries are counted for an hour, also from one run of the tests to the next."""
    settings.GIFT_CARD_TRIES_PER_HOUR = 10**6


def issue(minor: int = 2_500, currency: str = "USD", **changes: Any) -> tuple[GiftCard, str]:
    return issue_cards(amount=Money(minor, currency), count=1, **changes)[0]


def redeem(code: str, user_id: UUID = ADA) -> Any:
    return client_as("customer", user_id=user_id).post(REDEEM, {"code": code})


def told(response: Any) -> tuple[int, dict[str, Any]]:
    return response.status_code, {name: value for name, value in body(response).items() if name != "request_id"}


# ── Issuing ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_admin_issues_a_batch_and_sees_the_codes_once() -> None:
    admin = client_as("admin")

    issued = admin.post(CARDS, FORM)

    cards = body(issued)["cards"]
    assert issued.status_code == 201
    assert len({card["code"] for card in cards}) == 3
    assert all(set(card["code"]) <= {*ALPHABET, "-"} and len(card["code"]) == 23 for card in cards)
    listed = body(admin.get(issued["Location"]))["results"]
    assert [card["ending"] for card in listed] == [card["code"][-5:] for card in reversed(cards)]
    assert body(admin.get(f"{CARDS}/{cards[0]['id']}"))["amount"] == {"amount": "25.00", "currency": "USD"}
    assert balances() == {"given_away": -7_500, "gift_cards": 7_500}


def test_no_code_is_kept_anywhere() -> None:
    code = body(client_as("admin").post(CARDS, FORM, headers={"Idempotency-Key": "k"}))["cards"][0]["code"]

    rows = [*GiftCard.objects.values(), *Entry.objects.values(), *IdempotencyKey.objects.values()]
    assert code not in str(rows)
    assert code not in str([message.model_dump() for message in published()])
    assert not IdempotencyKey.objects.exists()


def test_what_admins_do_with_cards_is_audited() -> None:
    admin = client_as("admin")
    card = body(admin.post(CARDS, FORM))["cards"][0]

    admin.post(f"{CARDS}/{card['id']}/disable", {"reason": "Stolen."})

    assert [(entry.action, entry.subject_id) for entry in published(RecordAudit)] == [
        ("payment.gift_cards.issue", card["batch_id"]),
        ("payment.gift_card.disable", card["id"]),
    ]


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({"amount": {"amount": "0.00", "currency": "USD"}}, {"amount"}),
        ({"amount": {"amount": "-1.00", "currency": "USD"}, "count": 0}, {"amount", "count"}),
        ({"amount": {"amount": "1000000000.01", "currency": "USD"}}, {"amount"}),
        ({"amount": {"amount": "1.001", "currency": "USD"}}, {"amount.amount"}),
        ({"count": 501, "note": "a\nb"}, {"count", "note"}),
        ({"expires_at": "2020-01-01T00:00:00Z", "code": "MINE"}, {"expires_at", "code"}),
        ({"count": 10**400, "note": "\x00"}, {"count", "note"}),
    ],
)
def test_odd_cards_are_refused_by_every_wrong_field(changes: dict[str, Any], wrong: set[str]) -> None:
    response = client_as("admin").post(CARDS, {**FORM, **changes})

    assert (response.status_code, set(body(response)["errors"])) == (400, wrong)
    assert not GiftCard.objects.exists()


def test_cards_are_the_admins_business() -> None:
    card, _code = issue()

    for path in (CARDS, f"{CARDS}/{card.id}"):
        assert client_as("customer").get(path).status_code == 403
        assert client_as().get(path).status_code == 401
    assert client_as("customer").post(CARDS, FORM).status_code == 403
    assert client_as("customer").post(f"{CARDS}/{card.id}/disable", {"reason": "x"}).status_code == 403
    assert client_as("admin").post(f"{CARDS}/{new_id()}/disable", {"reason": "x"}).status_code == 404
    assert client_as().post(REDEEM, {"code": "x"}).status_code == 401


@pytest.mark.parametrize("status", ["active", "redeemed"])
def test_a_list_is_narrowed(status: str) -> None:
    redeem_card(code=issue()[1], user_id=ADA)
    issue(currency="EUR")

    found = body(client_as("admin").get(f"{CARDS}?status={status}"))["results"]

    assert [card["status"] for card in found] == [status]


def test_a_list_asks_the_database_no_more_for_more_cards(django_assert_num_queries: Any) -> None:
    admin = client_as("admin")
    for count in (1, 20):
        issue_cards(amount=Money(100, "USD"), count=count)
        with django_assert_num_queries(1):
            admin.get(CARDS)


# ── Redeeming ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_card_becomes_store_credit_of_whoever_redeems_it() -> None:
    card, code = issue()

    redeemed = redeem(code)

    assert told(redeemed) == (
        200,
        {
            "amount": {"amount": "25.00", "currency": "USD"},
            "store_credit": {
                "currency": "USD",
                "available": {"amount": "25.00", "currency": "USD"},
                "held": {"amount": "0.00", "currency": "USD"},
            },
        },
    )
    assert balances() == {"given_away": -2_500, "gift_cards": 0}
    assert balances(ADA) == {"store_credit": 2_500}
    assert [(event.user_id, event.available) for event in published(StoreCreditChanged)] == [(ADA, 2_500)]
    card.refresh_from_db()
    assert (card.status, card.redeemed_by) == ("redeemed", ADA)
    assert broken_rules() == []


def test_a_code_may_be_typed_in_any_way() -> None:
    _card, code = issue()

    assert redeem(f"  {code.lower().replace('-', ' ')} ").status_code == 200


def test_codes_of_no_worth_are_refused_alike() -> None:
    used, disabled, expired = issue(), issue(), issue(expires_at=timezone.now() + timedelta(days=1))
    redeem_card(code=used[1], user_id=EVE)
    disable_card(card_id=disabled[0].id, reason="stolen")
    GiftCard.objects.filter(id=expired[0].id).update(expires_at=timezone.now())

    answers = [told(redeem(code)) for code in ("NOBODY-KNOWS-THIS", used[1], disabled[1], expired[1], "٣" * 60)]

    assert answers[0][0] == 409
    assert answers[0][1]["code"] == "gift_card_not_valid"
    assert answers == answers[:1] * 5
    assert balances(ADA) == {}


def test_who_redeemed_a_card_is_told_so() -> None:
    _card, code = issue()
    redeem(code)

    assert told(redeem(code))[1]["code"] == "gift_card_redeemed"
    assert balances(ADA) == {"store_credit": 2_500}


def test_somebody_who_guesses_is_told_to_wait(settings: Any) -> None:
    settings.GIFT_CARD_TRIES_PER_HOUR, guesser = 3, new_id()
    _card, code = issue()

    answers = [redeem(f"GUESS-{number}", guesser).status_code for number in range(3)]
    late, other = redeem(code, guesser), redeem(code, new_id())

    assert answers == [409] * 3
    assert (late.status_code, body(late)["code"], int(late["Retry-After"]) > 3_000) == (429, "too_many_tries", True)
    assert other.status_code == 200


@pytest.mark.parametrize(
    "form", [{}, {"code": ""}, {"code": "x" * 65}, {"code": "\x00"}, {"code": ["x"]}, {"kode": "x"}]
)
def test_odd_codes_are_refused(form: dict[str, Any]) -> None:
    assert client_as("customer", user_id=new_id()).post(REDEEM, form).status_code == 400


# ── Ends ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_disabled_card_is_owed_to_nobody_and_cannot_be_disabled_twice() -> None:
    card, _code = issue()

    disable_card(card_id=card.id, reason="stolen")

    assert balances() == {"given_away": 0, "gift_cards": 0}
    with pytest.raises(IllegalMove):
        disable_card(card_id=card.id, reason="stolen")
    assert broken_rules() == []


def test_a_redeemed_card_cannot_be_disabled() -> None:
    card, code = issue()
    redeem(code)

    answer = client_as("admin").post(f"{CARDS}/{card.id}/disable", {"reason": "x"})

    assert (answer.status_code, body(answer)["code"]) == (409, "illegal_transition")


def test_the_clock_closes_what_has_expired_and_nothing_else() -> None:
    gone, _code = issue(expires_at=timezone.now() + timedelta(days=1))
    issue(expires_at=timezone.now() + timedelta(days=1))
    redeem_card(code=issue(expires_at=timezone.now() + timedelta(days=1))[1], user_id=ADA)
    GiftCard.objects.filter(id=gone.id).update(expires_at=timezone.now())
    GiftCard.objects.filter(status="redeemed").update(expires_at=timezone.now())

    assert (expire_cards(), expire_cards()) == (1, 0)

    gone.refresh_from_db()
    assert gone.status == "expired"
    assert balances() == {"given_away": -5_000, "gift_cards": 2_500}
    assert broken_rules() == []


def test_an_action_refuses_as_the_api_does() -> None:
    _card, code = issue()
    redeem_card(code=code, user_id=ADA)

    with pytest.raises(GiftCardRedeemed):
        redeem_card(code=code, user_id=ADA)
    with pytest.raises(GiftCardNotValid):
        redeem_card(code=code, user_id=EVE)
