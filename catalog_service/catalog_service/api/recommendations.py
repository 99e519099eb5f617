"""What else to show: beside a product, and to somebody."""

from typing import Any

from django.conf import settings
from drf_spectacular.utils import extend_schema
from rest_framework import permissions, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from catalog_service.api.cards import CardShape, shelf_body
from catalog_service.api.lists import ANYBODY, PRIVATE, PUBLIC, parameters, read_query
from catalog_service.api.translations import in_language
from catalog_service.models import Wish
from catalog_service.queries import recommendations as reading
from shared.auth import Caller
from shared.http import Shape
from shared.money import EXPONENTS


class SuggestionQuery(Shape):
    limit = serializers.IntegerField(default=12, min_value=1, max_value=50)
    currency = serializers.ChoiceField(sorted(EXPONENTS), required=False)


class RelatedQuery(SuggestionQuery):
    kind = serializers.ChoiceField(
        ["bought_together", "similar"], required=False, default="", help_text="One kind only; else both."
    )


class RecommendationQuery(SuggestionQuery):
    kind = serializers.ChoiceField(
        ["for_me", "trending"], required=False, default="for_me", help_text="To guests, both are the same."
    )


class RelatedShape(CardShape):
    reason = serializers.ChoiceField(["bought_together", "similar"])
    lift = serializers.FloatField(
        allow_null=True, help_text="How many times as often both are in one order as chance would have it."
    )


class RecommendedShape(CardShape):
    reason = serializers.ChoiceField(["bought_together", "similar", "trending", "top_rated"])


class RelatedList(Shape):
    results = RelatedShape(many=True)


class RecommendedList(Shape):
    results = RecommendedShape(many=True)


def related_body(suggestion: reading.Suggestion, wish: Wish) -> dict[str, Any]:
    lift = None if suggestion.lift is None else round(suggestion.lift, 2)
    return {**recommended_body(suggestion, wish), "lift": lift}


def recommended_body(suggestion: reading.Suggestion, wish: Wish) -> dict[str, Any]:
    card = suggestion.card
    return {**shelf_body(card.body, card.prices, wish, in_stock=card.in_stock), "reason": suggestion.reason}


class RelatedProducts(APIView):
    permission_classes = (permissions.AllowAny,)

    @extend_schema(
        parameters=parameters(RelatedQuery),
        responses=RelatedList,
        auth=ANYBODY,
        tags=["products"],
        operation_id="product_related",
    )
    def get(self, request: Request, product: str) -> Response:
        """What others bought with it, then what is like it. Only what is in stock."""
        query = read_query(RelatedQuery, request)
        wish = Wish(query.get("currency", settings.DEFAULT_CURRENCY))
        found = reading.related(product, kind=query["kind"], limit=query["limit"])
        return in_language(request, {"results": [related_body(one, wish) for one in found]}, PUBLIC)


class Recommendations(APIView):
    permission_classes = (permissions.AllowAny,)

    @extend_schema(
        parameters=parameters(RecommendationQuery),
        responses=RecommendedList,
        auth=ANYBODY,
        tags=["products"],
        operation_id="recommendations",
    )
    def get(self, request: Request) -> Response:
        """For the caller, by what they bought, liked and saw; filled up with what is in fashion, and liked best."""
        query = read_query(RecommendationQuery, request)
        wish = Wish(query.get("currency", settings.DEFAULT_CURRENCY))
        caller: object = request.user
        user_id = caller.id if isinstance(caller, Caller) and query["kind"] == "for_me" else None
        found = reading.recommended(user_id, limit=query["limit"])
        headers = PRIVATE if user_id else PUBLIC
        return in_language(request, {"results": [recommended_body(one, wish) for one in found]}, headers)
