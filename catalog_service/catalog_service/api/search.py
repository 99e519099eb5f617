"""Suggestions while typing, what others look for, and how admins look after the search."""

from dataclasses import asdict
from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from catalog_service.actions import synonyms as writing
from catalog_service.api.lists import PRIVATE, PUBLIC, PageQuery, answer_page, page_of, parameters, read_query
from catalog_service.api.translations import ACCEPT_LANGUAGE, in_language, languages_of
from catalog_service.models import Synonym
from catalog_service.queries import search as reading
from catalog_service.queries import searches
from shared.auth import roles
from shared.http import Shape, created, read
from shared.idempotency import idempotent


class SuggestionQuery(Shape):
    q = serializers.CharField(max_length=100, required=False, default="")
    limit = serializers.IntegerField(min_value=1, max_value=20, default=8)


class SuggestionShape(Shape):
    kind = serializers.ChoiceField(["product", "category", "brand"])
    text = serializers.CharField()
    slug = serializers.CharField()


class SuggestionsShape(Shape):
    results = SuggestionShape(many=True)


class PopularQuery(Shape):
    days = serializers.IntegerField(min_value=1, max_value=90, default=7)
    limit = serializers.IntegerField(min_value=1, max_value=50, default=10)


class PopularSearchShape(Shape):
    text = serializers.CharField()


class PopularShape(Shape):
    results = PopularSearchShape(many=True)


class ReportQuery(PopularQuery):
    limit = serializers.IntegerField(min_value=1, max_value=100, default=50)


class SearchedShape(Shape):
    text = serializers.CharField()
    searches = serializers.IntegerField()
    fruitless = serializers.IntegerField(help_text="How many of these found nothing as they were written.")


class SearchReportShape(Shape):
    since = serializers.DateField(help_text="The first day (UTC) that is counted.")
    searches = serializers.IntegerField()
    fruitless = serializers.IntegerField()
    top = SearchedShape(many=True)
    nothing_found = SearchedShape(many=True)


class SynonymInput(Shape):
    terms = serializers.ListField(
        child=serializers.CharField(max_length=60), min_length=2, max_length=30, help_text="Of one to three words."
    )


class SynonymShape(Shape):
    id = serializers.UUIDField()
    terms = serializers.ListField(child=serializers.CharField())
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


def synonym_body(row: Synonym) -> dict[str, Any]:
    return {"id": str(row.id), "terms": row.terms, "created_at": row.created_at, "updated_at": row.updated_at}


class Suggestions(APIView):
    permission_classes = (AllowAny,)

    @extend_schema(
        parameters=[*parameters(SuggestionQuery), ACCEPT_LANGUAGE],
        responses=SuggestionsShape,
        tags=["search"],
        operation_id="search_suggestions",
    )
    def get(self, request: Request) -> Response:
        """What somebody who has typed `q` may mean; a misspelt beginning is understood, too."""
        query = read_query(SuggestionQuery, request)
        found = reading.suggestions(query["q"], query["limit"], languages_of(request))
        # As `name`, that texts are found in the reader's language.
        named = in_language(request, [{"id": one.id, "name": one.text} for one in found], PUBLIC)
        texts = [one["name"] for one in named.data]
        named.data = {
            "results": [
                {"kind": one.kind, "text": text, "slug": one.slug} for one, text in zip(found, texts, strict=True)
            ]
        }
        return named


class Popular(APIView):
    permission_classes = (AllowAny,)

    @extend_schema(
        parameters=parameters(PopularQuery), responses=PopularShape, tags=["search"], operation_id="search_popular"
    )
    def get(self, request: Request) -> Response:
        """What is looked for most, and found."""
        query = read_query(PopularQuery, request)
        texts = searches.popular(days=query["days"], limit=query["limit"])
        return Response({"results": [{"text": text} for text in texts]}, headers=PUBLIC)


class AdminSearchReport(APIView):
    permission_classes = (roles("admin"),)

    @extend_schema(
        parameters=parameters(ReportQuery),
        responses=SearchReportShape,
        tags=["admin"],
        operation_id="admin_search_report",
    )
    def get(self, request: Request) -> Response:
        """What is looked for most, and what is looked for in vain: a hint at synonyms, and at what to sell."""
        query = read_query(ReportQuery, request)
        report = searches.report(days=query["days"], limit=query["limit"])
        body = {
            "since": report.since,
            "searches": report.searches,
            "fruitless": report.fruitless,
            "top": [asdict(one) for one in report.top],
            "nothing_found": [asdict(one) for one in report.worst],
        }
        return Response(body, headers=PRIVATE)


class AdminSynonyms(APIView):
    permission_classes = (roles("admin"),)

    @extend_schema(
        parameters=parameters(PageQuery), responses=page_of(SynonymShape), tags=["admin"], operation_id="admin_synonyms"
    )
    def get(self, request: Request) -> Response:
        """Newest first."""
        query = read_query(PageQuery, request)
        page = searches.list_synonyms(cursor=query.get("cursor"), limit=query["limit"])
        return answer_page(request, page, synonym_body)

    @extend_schema(
        request=SynonymInput, responses={201: SynonymShape}, tags=["admin"], operation_id="admin_synonym_create"
    )
    @idempotent()
    def post(self, request: Request) -> Response:
        """Terms of which each finds what the others find."""
        synonym = writing.create_synonym(**read(SynonymInput, request.data))
        return created(synonym_body(synonym), f"/api/v1/admin/synonyms/{synonym.id}")


class AdminSynonym(APIView):
    permission_classes = (roles("admin"),)

    @extend_schema(responses=SynonymShape, tags=["admin"], operation_id="admin_synonym")
    def get(self, request: Request, synonym: UUID) -> Response:
        return Response(synonym_body(searches.find_synonym(synonym)), headers=PRIVATE)

    @extend_schema(request=SynonymInput, responses=SynonymShape, tags=["admin"], operation_id="admin_synonym_put")
    @idempotent()
    def put(self, request: Request, synonym: UUID) -> Response:
        changed = writing.edit_synonym(synonym_id=synonym, **read(SynonymInput, request.data))
        return Response(synonym_body(changed))

    @extend_schema(request=None, responses={204: None}, tags=["admin"], operation_id="admin_synonym_delete")
    @idempotent()
    def delete(self, request: Request, synonym: UUID) -> Response:
        writing.delete_synonym(synonym_id=synonym)
        return Response(status=status.HTTP_204_NO_CONTENT)
