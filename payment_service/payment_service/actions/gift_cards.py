"""Gift cards: issued by admins, redeemed once into somebody's store credit, closed when disabled or expired."""

import secrets
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from payment_service.actions.ledger import Kind, Line, record
from payment_service.errors import GiftCardNotValid, GiftCardRedeemed
from payment_service.models import Entry, GiftCard
from shared import audit
from shared.context import new_id
from shared.errors import NotFound
from shared.money import Money

ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
"""No digit or letter that is read as another."""
GROUPS, GROUP = 4, 5
"""A code is 4 groups of 5: 98 bits, of which the last group's are shown to admins."""


@transaction.atomic
def issue_cards(
    *, amount: Money, count: int, expires_at: datetime | None = None, note: str = ""
) -> list[tuple[GiftCard, str]]:
    """A batch of cards of one amount, each with its code, which nobody can find out later."""
    batch_id, codes = new_id(), [new_code() for _card in range(count)]
    cards = [
        GiftCard(
            batch_id=batch_id,
            digest=GiftCard.digest_of(code),
            ending=code[-GROUP:],
            minor=amount.minor,
            currency=amount.currency,
            note=note,
            expires_at=expires_at,
        )
        for code in codes
    ]
    GiftCard.objects.bulk_create(cards)
    total = amount.minor * count
    lines = [Line(Kind.GIVEN_AWAY, total), Line(Kind.GIFT_CARDS, -total)]
    record(kind=Entry.Kind.GIFT_CARDS_ISSUED, reference=batch_id, currency=amount.currency, lines=lines, memo=note)
    told = {"count": count, "minor": amount.minor, "currency": amount.currency}
    audit.record(action="payment.gift_cards.issue", subject_kind="gift_card_batch", subject_id=batch_id, **told)
    return list(zip(cards, codes, strict=True))


def new_code() -> str:
    return "-".join("".join(secrets.choice(ALPHABET) for _ in range(GROUP)) for _ in range(GROUPS))


@transaction.atomic
def redeem_card(*, code: str, user_id: UUID) -> GiftCard:
    """The card's worth becomes the user's store credit, once: of two at a time, the second finds it redeemed.

    Raises GiftCardNotValid, alike for what never was, was used, disabled or has expired; GiftCardRedeemed to whoever
    redeemed it.
    """
    card = GiftCard.objects.select_for_update().filter(digest=GiftCard.digest_of(code)).first()
    if card is not None and card.redeemed_by == user_id:
        raise GiftCardRedeemed()
    now = timezone.now()
    if card is None or not card.is_valid(at=now):
        raise GiftCardNotValid()
    card.redeem(by=user_id, at=now)
    card.save(update_fields=["status", "redeemed_by", "closed_at"])
    lines = [Line(Kind.GIFT_CARDS, card.minor), Line(Kind.STORE_CREDIT, -card.minor, user_id)]
    record(kind=Entry.Kind.GIFT_CARD_REDEEMED, reference=card.id, currency=card.currency, lines=lines)
    return card


@transaction.atomic
def disable_card(*, card_id: UUID, reason: str) -> GiftCard:
    """By an admin; nobody can redeem it from now on. Raises NotFound, IllegalMove."""
    card = GiftCard.objects.select_for_update().filter(id=card_id).first()
    if card is None:
        raise NotFound()
    card.disable(at=timezone.now())
    _take_back(card, memo=reason)
    audit.record(action="payment.gift_card.disable", subject_kind="gift_card", subject_id=card_id, reason=reason)
    return card


def expire_cards(limit: int = 100) -> int:
    """For the clock: what nobody redeemed in time is owed to nobody; answers how many cards."""
    due = GiftCard.objects.filter(status=GiftCard.Status.ACTIVE, expires_at__lte=timezone.now())
    return sum(_expire(card_id) for card_id in list(due.order_by("expires_at").values_list("id", flat=True)[:limit]))


@transaction.atomic
def _expire(card_id: UUID) -> bool:
    rows = GiftCard.objects.select_for_update(skip_locked=True).filter(id=card_id, status=GiftCard.Status.ACTIVE)
    card = rows.first()
    if card is None:
        return False
    card.expire(at=timezone.now())
    _take_back(card, memo="expired")
    return True


def _take_back(card: GiftCard, *, memo: str) -> None:
    card.save(update_fields=["status", "closed_at"])
    lines = [Line(Kind.GIFT_CARDS, card.minor), Line(Kind.GIVEN_AWAY, -card.minor)]
    record(kind=Entry.Kind.GIFT_CARD_CLOSED, reference=card.id, currency=card.currency, lines=lines, memo=memo)
