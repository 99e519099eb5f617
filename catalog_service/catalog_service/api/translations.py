"""Texts in further languages: read by `Accept-Language`, written by vendors and admins."""

import re
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.conf import settings
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from catalog_service.actions import translations as writing
from catalog_service.api.lists import scope_of
from catalog_service.models import Brand, Category, Translation
from catalog_service.models.translations import LANGUAGE, TEXTS
from catalog_service.queries import translations as reading
from shared.auth import CATALOGUE, roles
from shared.errors import NotFound
from shared.http import LineField, Shape, TextField, read
from shared.idempotency import idempotent

MAX_LANGUAGES = 5
_QUALITY = re.compile(r"q=([01](?:\.[0-9]{0,3})?)")
ACCEPT_LANGUAGE = OpenApiParameter(
    "Accept-Language",
    str,
    OpenApiParameter.HEADER,
    description="Texts are in the first of these languages that has them, or else as they were written.",
)


class TextInput(Shape):
    name = LineField(max_length=200)
    description = TextField(max_length=20_000, required=False, allow_blank=True)
    seo_title = LineField(max_length=200, required=False, allow_blank=True)
    seo_description = LineField(max_length=500, required=False, allow_blank=True)


class NameInput(Shape):
    name = LineField(max_length=200)


class TranslationShape(Shape):
    language = serializers.CharField()
    name = serializers.CharField()
    description = serializers.CharField()
    seo_title = serializers.CharField()
    seo_description = serializers.CharField()


class TranslationsShape(Shape):
    results = TranslationShape(many=True)


def languages_of(request: Request) -> list[str]:
    """What the reader understands better than the language things are written in, best first: `de-AT, fr;q=0.5` →
    `["de-at", "de", "fr"]`.
    """
    wanted: list[str] = []
    for tag in _by_quality(request.headers.get("Accept-Language", "")[:500]):
        for language in (tag, tag.partition("-")[0]):
            if language in ("*", settings.CONTENT_LANGUAGE):
                return wanted
            if language not in wanted and len(wanted) < MAX_LANGUAGES:
                wanted.append(language)
    return wanted


def _by_quality(header: str) -> list[str]:
    """Without those of quality 0, and what is no language."""
    weighed = []
    for i, part in enumerate(header.lower().split(",")):
        tag, _, quality = part.partition(";")
        weight = _weight(quality)
        if tag.strip() and weight > 0:
            weighed.append((-weight, i, tag.strip()))
    return [tag for _, _, tag in sorted(weighed) if tag.isascii() and tag.replace("-", "").replace("*", "a").isalnum()]


def _weight(quality: str) -> float:
    """Of `q=0.5`; 1 without one, 0 for what cannot be read."""
    if not quality.strip():
        return 1.0
    found = _QUALITY.fullmatch(quality.strip())
    return float(found[1]) if found else 0.0


def in_language(request: Request, body: Any, headers: dict[str, str]) -> Response:
    """The answer with the names and texts of products, categories and brands as the reader understands them."""
    languages = languages_of(request)
    spoken = set()
    if languages and (named := list(_named(body))):
        texts = reading.texts_in(languages, {UUID(str(one["id"])) for one in named})
        for one in named:
            for field, (text, language) in texts.get(UUID(str(one["id"])), {}).items():
                if field in one:
                    one[field] = text
                    spoken.add(language)
    content = ", ".join(sorted(spoken, key=languages.index)) or settings.CONTENT_LANGUAGE
    return Response(body, headers={**headers, "Vary": "Accept-Language", "Content-Language": content})


def _named(body: Any) -> Iterator[dict[str, Any]]:
    """Every object within that has an id and a name; how deep does not matter."""
    left = [body]
    while left:
        one = left.pop()
        if isinstance(one, dict):
            if "name" in one and "id" in one:
                yield one
            left.extend(one.values())
        elif isinstance(one, list):
            left.extend(one)


def translation_body(row: Translation) -> dict[str, Any]:
    return {"language": row.language, **{name: getattr(row, name) for name in TEXTS}}


def _list(rows: list[Translation]) -> Response:
    return Response({"results": [translation_body(row) for row in rows]})


def _language(text: str) -> str:
    """Raises NotFound for what is no language, and for the one that things are written in."""
    language = text.lower()
    try:
        serializers.RegexField(LANGUAGE, max_length=12).run_validation(language)
    except serializers.ValidationError:
        raise NotFound from None
    if language == settings.CONTENT_LANGUAGE:
        raise NotFound(f"Edit the thing itself: it is written in {language}.")
    return language


class ProductTranslations(APIView):
    permission_classes = (roles("vendor", "admin", area=CATALOGUE),)

    @extend_schema(responses=TranslationsShape, tags=["products"], operation_id="product_translations")
    def get(self, request: Request, product: str) -> Response:
        return _list(reading.translations_of_product(product, scope_of(request)))


class ProductTranslation(APIView):
    permission_classes = (roles("vendor", "admin", area=CATALOGUE),)

    @extend_schema(
        request=TextInput,
        responses={200: TranslationShape, 202: None},
        tags=["products"],
        operation_id="product_translation",
    )
    @idempotent()
    def put(self, request: Request, product: str, language: str) -> Response:
        """All texts in a language (`de`, `pt-br`). A vendor's, of what is approved, wait for an admin: 202."""
        texts = read(TextInput, request.data)
        return self._write(request, product, _language(language), texts)

    @extend_schema(
        request=None, responses={202: None, 204: None}, tags=["products"], operation_id="product_translation_delete"
    )
    @idempotent()
    def delete(self, request: Request, product: str, language: str) -> Response:
        return self._write(request, product, _language(language), None)

    @staticmethod
    def _write(request: Request, product: str, language: str, texts: Any) -> Response:
        row, waits = writing.translate_product(
            product=product, vendor_id=scope_of(request), language=language, texts=texts
        )
        if waits:
            return Response(status=status.HTTP_202_ACCEPTED)
        return Response(translation_body(row)) if row else Response(status=status.HTTP_204_NO_CONTENT)


class AdminPlaceTranslations(APIView):
    """Of `model`, a category or brand."""

    permission_classes = (roles("admin"),)
    model: type[Category] | type[Brand] = Category

    def get(self, request: Request, reference: str) -> Response:
        return _list(reading.translations_of(self.model, reference))


class AdminPlaceTranslation(APIView):
    permission_classes = (roles("admin"),)
    model: type[Category] | type[Brand] = Category

    @idempotent()
    def put(self, request: Request, reference: str, language: str) -> Response:
        name = read(NameInput, request.data)["name"]
        row = writing.translate_place(model=self.model, reference=reference, language=_language(language), name=name)
        return Response(translation_body(row)) if row else Response(status=status.HTTP_204_NO_CONTENT)

    @idempotent()
    def delete(self, request: Request, reference: str, language: str) -> Response:
        writing.translate_place(model=self.model, reference=reference, language=_language(language), name=None)
        return Response(status=status.HTTP_204_NO_CONTENT)


def _documented(noun: str) -> Any:
    """OpenAPI for a subclass, whose methods are inherited."""

    def decorate(view: Any) -> Any:
        documents: dict[str, dict[str, Any]] = {
            "get": {"responses": TranslationsShape, "operation_id": f"admin_{noun}_translations"},
            "put": {
                "request": NameInput,
                "responses": TranslationShape,
                "operation_id": f"admin_{noun}_translation",
            },
            "delete": {
                "request": None,
                "responses": {204: None},
                "operation_id": f"admin_{noun}_translation_delete",
            },
        }
        own = {verb: extend_schema(tags=["admin"], **kept) for verb, kept in documents.items() if hasattr(view, verb)}
        return extend_schema_view(**own)(view)

    return decorate


@_documented("category")
class AdminCategoryTranslations(AdminPlaceTranslations):
    model = Category


@_documented("category")
class AdminCategoryTranslation(AdminPlaceTranslation):
    model = Category


@_documented("brand")
class AdminBrandTranslations(AdminPlaceTranslations):
    model = Brand


@_documented("brand")
class AdminBrandTranslation(AdminPlaceTranslation):
    model = Brand
