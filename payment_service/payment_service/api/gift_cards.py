"""Gift cards: admins issue, list and disable them; a signed-in buyer redeems one by its code."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from payment_service.actions.gift_cards import disable_card, issue_cards, redeem_card
from payment_service.api.store_credit import MOST, CreditShape
from payment_service.errors import TooManyTries
from payment_service.models import GiftCard
from payment_service.queries.gift_cards import gift_card, gift_cards
from payment_service.queries.store_credit import credit_of
from shared.auth import IsSignedIn, caller_of, roles
from shared.http import LineField, MoneyShape, Shape, created, read, written
from shared.idempotency import NOT_KEPT, idempotent
from shared.money import EXPONENTS, Money
from shared.pagination import Cursor, read_filter
from shared.throttling import Caller, spend

MOST_AT_ONCE = 500


class GiftCardShape(Shape):
    id = serializers.UUIDField()
    batch_id = serializers.UUIDField()
    ending = serializers.CharField(help_text="The last group of the code, of which nothing more is known.")
    amount = MoneyShape()
    status = serializers.ChoiceField(choices=GiftCard.Status.choices)
    note = serializers.CharField(allow_blank=True)
    expires_at = serializers.DateTimeField(allow_null=True)
    redeemed_by = serializers.UUIDField(allow_null=True)
    created_at = serializers.DateTimeField()
    closed_at = serializers.DateTimeField(allow_null=True)


class IssuedCardShape(GiftCardShape):
    code = serializers.CharField()


class IssuedShape(Shape):
    batch_id = serializers.UUIDField()
    cards = IssuedCardShape(many=True)


class GiftCardsIn(Shape):
    amount = MoneyShape(help_text="Of each card.")
    count = serializers.IntegerField(min_value=1, max_value=MOST_AT_ONCE, default=1)
    expires_at = serializers.DateTimeField(required=False, allow_null=True)
    note = LineField(max_length=200, required=False, allow_blank=True)

    def validate_amount(self, amount: Money) -> Money:
        if not 0 < amount.minor <= MOST:
            raise serializers.ValidationError("More than zero, and no fortune.")
        return amount

    def validate_expires_at(self, at: datetime | None) -> datetime | None:
        if at is not None and at <= timezone.now():
            raise serializers.ValidationError("Later than now.")
        return at


class GiftCardFilter(Shape):
    status = serializers.ChoiceField(choices=GiftCard.Status.choices, required=False)
    batch_id = serializers.UUIDField(required=False)
    currency = serializers.ChoiceField(choices=sorted(EXPONENTS), required=False)


class GiftCardPage(Cursor):
    ordering = "-id"


class GiftCardsView(APIView):
    permission_classes = [roles("admin")]

    @extend_schema(
        operation_id="gift_cards_list",
        tags=["gift cards"],
        summary="All, newest first",
        parameters=[GiftCardFilter],
        responses=GiftCardShape(many=True),
    )
    def get(self, request: Request) -> Response:
        page = GiftCardPage()
        rows = page.paginate_queryset(gift_cards().filter(**read_filter(GiftCardFilter, request)), request, view=self)
        return page.get_paginated_response(written(GiftCardShape, rows or [], many=True))

    @extend_schema(
        operation_id="gift_cards_issue",
        tags=["gift cards"],
        summary="Issue one or a batch; this answer alone shows their codes",
        request=GiftCardsIn,
        responses={201: IssuedShape},
        extensions=NOT_KEPT,
    )
    def post(self, request: Request) -> Response:
        """If the answer is lost, disable the batch: nobody knows its codes."""
        body = read(GiftCardsIn, request.data)
        issued = issue_cards(**body)
        batch_id = issued[0][0].batch_id
        cards = [{**written(GiftCardShape, card), "code": code} for card, code in issued]
        return created({"batch_id": batch_id, "cards": cards}, f"/api/v1/gift-cards?batch_id={batch_id}")


class GiftCardView(APIView):
    permission_classes = [roles("admin")]

    @extend_schema(operation_id="gift_cards_read", tags=["gift cards"], summary="One card", responses=GiftCardShape)
    def get(self, request: Request, gift_card: UUID) -> Response:
        return Response(_body(gift_card))


def _body(card_id: UUID) -> Any:
    return written(GiftCardShape, gift_card(card_id))


class DisableIn(Shape):
    reason = LineField(max_length=200)


class DisableView(APIView):
    permission_classes = [roles("admin")]

    @extend_schema(
        operation_id="gift_cards_disable",
        tags=["gift cards"],
        summary="Nobody can redeem it from now on",
        request=DisableIn,
        responses=GiftCardShape,
    )
    @idempotent()
    def post(self, request: Request, gift_card: UUID) -> Response:
        disable_card(card_id=gift_card, **read(DisableIn, request.data))
        return Response(_body(gift_card))


class RedeemIn(Shape):
    code = LineField(max_length=64, help_text="Capitals, hyphens and spaces don't matter.")


class RedeemedShape(Shape):
    amount = MoneyShape()
    store_credit = CreditShape(help_text="In this currency, afterwards.")


class RedeemView(APIView):
    permission_classes = [IsSignedIn]

    @extend_schema(
        operation_id="gift_cards_redeem",
        tags=["gift cards"],
        summary="A card's worth becomes the caller's store credit, once",
        request=RedeemIn,
        responses=RedeemedShape,
    )
    @idempotent()
    def post(self, request: Request) -> Response:
        """Codes that never were, were used, disabled or have expired are refused alike."""
        code, user_id = read(RedeemIn, request.data)["code"], caller_of(request).id
        _refuse_guessing(user_id)
        card = redeem_card(code=code, user_id=user_id)
        credit = next(one for one in credit_of(user_id) if one["currency"] == card.currency)
        return Response({"amount": card.amount.as_json(), "store_credit": written(CreditShape, credit)})


def _refuse_guessing(user_id: UUID) -> None:
    """Whatever comes of it, a try is a try."""
    limit = settings.GIFT_CARD_TRIES_PER_HOUR
    spent = spend(Caller(f"gift-cards:{user_id}", limit))
    if spent.requests > limit:
        raise TooManyTries(retry_after=max(spent.seconds_left, 1))
