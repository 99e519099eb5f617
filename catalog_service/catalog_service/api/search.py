"""Suggestions while typing."""

from dataclasses import asdict

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from catalog_service.api.lists import PUBLIC, parameters, read_query
from catalog_service.queries import search as reading
from shared.http import Shape


class SuggestionQuery(Shape):
    q = serializers.CharField(max_length=100, required=False, default="")
    limit = serializers.IntegerField(min_value=1, max_value=20, default=8)


class SuggestionShape(Shape):
    kind = serializers.ChoiceField(["product", "category", "brand"])
    text = serializers.CharField()
    slug = serializers.CharField()


class SuggestionsShape(Shape):
    results = SuggestionShape(many=True)


class Suggestions(APIView):
    permission_classes = (AllowAny,)

    @extend_schema(
        parameters=parameters(SuggestionQuery),
        responses=SuggestionsShape,
        tags=["search"],
        operation_id="search_suggestions",
    )
    def get(self, request: Request) -> Response:
        query = read_query(SuggestionQuery, request)
        found = reading.suggestions(query["q"], query["limit"])
        return Response({"results": [asdict(suggestion) for suggestion in found]}, headers=PUBLIC)
