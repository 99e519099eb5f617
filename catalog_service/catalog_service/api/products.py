"""Products: the list, one in whole, and writing them."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpResponse
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from catalog_service.actions import products as writing
from catalog_service.actions.products import ProductInput
from catalog_service.api import kept
from catalog_service.api.attributes import ToldShape, told_body
from catalog_service.api.cards import CardPageShape, CardShape, ProductQuery, card_body, list_shelf
from catalog_service.api.lists import (
    ANYBODY,
    PRIVATE,
    PUBLIC,
    TOKEN,
    FreeJson,
    PageQuery,
    ReadOnly,
    answer_page,
    owner_of,
    page_of,
    parameters,
    read_query,
    scope_of,
    viewer_of,
)
from catalog_service.api.popularity import Seen, note_view
from catalog_service.api.revisions import RevisionShape, pending_body
from catalog_service.api.taxonomy import PlaceShape, place
from catalog_service.api.translations import ACCEPT_LANGUAGE, in_language
from catalog_service.api.variants import CurrencyQuery, NewVariant, VariantShape, variant_body, variant_input
from catalog_service.models import Image, Product, Wish
from catalog_service.models.images import media_url
from catalog_service.queries import editions
from catalog_service.queries import products as reading
from shared.auth import CATALOGUE, Caller, caller_of, roles
from shared.errors import Invalid
from shared.http import LineField, Shape, TextField, created, read
from shared.idempotency import idempotent
from shared.money import EXPONENTS


class OwnQuery(Shape):
    status = serializers.ChoiceField(Product.Status.choices, required=False, help_text="With `vendor=me`.")


class WriterQuery(PageQuery):
    status = serializers.ChoiceField(Product.Status.choices, required=False)
    search = serializers.CharField(required=False, max_length=200, help_text="Words of the name, or how a SKU begins.")
    category = serializers.CharField(required=False, max_length=220, help_text="Slug or id; descendants count.")
    in_stock = serializers.BooleanField(required=False)
    currency = serializers.ChoiceField(sorted(EXPONENTS), required=False)


class AdminQuery(WriterQuery):
    vendor = serializers.CharField(required=False, max_length=220, help_text="Slug or id.")


class ProductFields(Shape):
    name = LineField(max_length=200)
    category = serializers.CharField(max_length=220, help_text="Slug or id.")
    brand = LineField(
        max_length=200, required=False, allow_null=True, help_text="Slug, id, or a name; a new name becomes a brand."
    )
    description = TextField(max_length=20_000, required=False, allow_blank=True)
    specifications = FreeJson(required=False)
    tags = serializers.ListField(child=LineField(max_length=50), max_length=30, required=False)
    featured = serializers.BooleanField(required=False, help_text="For admins to set.")
    seo_title = LineField(max_length=200, required=False, allow_blank=True)
    seo_description = LineField(max_length=500, required=False, allow_blank=True)
    status = serializers.ChoiceField(Product.Status.choices, required=False)


class NewProduct(ProductFields):
    vendor_id = serializers.UUIDField(required=False, help_text="For admins: whose product it is.")
    variants = NewVariant(many=True, allow_empty=False, max_length=100)  # type: ignore[call-arg]

    def validate_variants(self, variants: list[dict[str, Any]]) -> list[dict[str, Any]]:
        skus = [variant["sku"] for variant in variants]
        if len(set(skus)) < len(skus):
            raise serializers.ValidationError("Each variant has a SKU of its own.")
        return variants


class Reason(Shape):
    reason = TextField(max_length=1_000)


class ThumbnailsShape(Shape):
    small = serializers.URLField(help_text="WebP, at most 400 pixels.")
    medium = serializers.URLField(help_text="At most 800.")
    large = serializers.URLField(help_text="At most 1,600.")


class ImageShape(Shape):
    id = serializers.UUIDField()
    url = serializers.URLField()
    thumbnail = serializers.URLField(help_text="The smallest there is yet.")
    thumbnails = ThumbnailsShape(allow_null=True, help_text="Null until they have been made, a moment later.")
    width = serializers.IntegerField(help_text="Of `url`, in pixels.")
    height = serializers.IntegerField()
    alt = serializers.CharField()
    primary = serializers.BooleanField()
    position = serializers.IntegerField()


class CategoryWithWay(PlaceShape):
    breadcrumbs = PlaceShape(many=True)


class ProductShape(CardShape):
    description = serializers.CharField()
    specifications = serializers.DictField()
    attributes = ToldShape(many=True, help_text="Of the specifications what the category's schema knows.")
    category = CategoryWithWay()
    variants = VariantShape(many=True)
    images = ImageShape(many=True)
    rating_histogram = serializers.DictField(child=serializers.IntegerField(), help_text="Stars → reviews.")
    seo_title = serializers.CharField(help_text="Empty: the name does.")
    seo_description = serializers.CharField(help_text="Empty: the description does.")
    pending_revision = RevisionShape(
        required=False, allow_null=True, help_text="Only for those who may write it: what of their edits waits."
    )
    rejection_reason = serializers.CharField(required=False, help_text="Only for those who may write it.")
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


def image_body(image: Image) -> dict[str, Any]:
    return {
        "id": str(image.id),
        "url": media_url(image.file),
        "thumbnail": media_url(image.shown),
        "thumbnails": {size: media_url(name) for size, name in image.sizes.items()} or None,
        "width": image.width,
        "height": image.height,
        "alt": image.alt,
        "primary": image.primary,
        "position": image.position,
    }


def product_body(whole: reading.ProductInWhole, wish: Wish, *, for_writer: bool = False) -> dict[str, Any]:
    product = whole.product
    variants = [variant_body(variant, wish, for_writer=for_writer) for variant in whole.variants]
    body = card_body(product, wish, in_stock=any(variant["in_stock"] for variant in variants))
    body["category"]["breadcrumbs"] = [place(step) for step in whole.breadcrumbs]
    body |= {
        "description": product.description,
        "specifications": product.specifications,
        "attributes": [told_body(told) for told in whole.attributes],
        "seo_title": product.seo_title,
        "seo_description": product.seo_description,
        "variants": variants,
        "images": [image_body(image) for image in whole.images],
        "rating_histogram": {str(i + 1): count for i, count in enumerate(product.rating_histogram)},
        "created_at": product.created_at,
        "updated_at": product.updated_at,
    }
    return body | (_for_writer(product) if for_writer else {})


def _for_writer(product: Product) -> dict[str, Any]:
    return {"rejection_reason": product.rejection_reason, "pending_revision": pending_body(product)}


class Products(APIView):
    permission_classes = (ReadOnly | roles("vendor", "admin", area=CATALOGUE),)

    @extend_schema(
        parameters=[*parameters(ProductQuery), *parameters(OwnQuery), ACCEPT_LANGUAGE],
        responses=CardPageShape,
        auth=ANYBODY,
        tags=["products"],
        operation_id="products",
    )
    def get(self, request: Request) -> HttpResponse:
        """What is on sale, filtered, ordered and searched.

        `vendor=me`: the caller's own in every `status`, newest first, where `search` finds words of names and
        beginnings of SKUs; of the filters `category` and `in_stock` count.
        """
        read_query(OwnQuery, request)
        return _list_own(request) if request.query_params.get("vendor") == "me" else list_shelf(request)

    @extend_schema(request=NewProduct, responses={201: ProductShape}, tags=["products"], operation_id="product_create")
    @idempotent()
    def post(self, request: Request) -> Response:
        """A product with its variants, prices and stock. A vendor's goes to review unless it is a draft."""
        given = read(NewProduct, request.data)
        vendor_id = given.pop("vendor_id", None)
        _only_admins_feature(request, given)
        given["variants"] = [variant_input(variant) for variant in given["variants"]]
        product = writing.create_product(
            vendor_id=owner_of(request, vendor_id),
            by_admin=caller_of(request).is_admin,
            actor_id=caller_of(request).id,
            product=ProductInput(**given),
        )
        return created(_after_write(product), f"/api/v1/products/{product.id}")


class ProductDetail(APIView):
    permission_classes = (ReadOnly | roles("vendor", "admin", area=CATALOGUE),)

    @extend_schema(
        parameters=[*parameters(CurrencyQuery), ACCEPT_LANGUAGE],
        responses=ProductShape,
        auth=ANYBODY,
        tags=["products"],
        operation_id="product",
    )
    def get(self, request: Request, product: str) -> HttpResponse:
        """By id or slug. What is not on sale is there for its vendor and admins only."""
        if _may_write(request):
            response, seen = _detail(request, product)
            note_view(request, seen)
            return response
        return kept.answer(
            request,
            settings.CACHE_DETAIL_SECONDS,
            lambda: editions.of_product(product),
            lambda: _detail(request, product),
            lambda seen: note_view(request, seen),
        )

    @extend_schema(request=ProductFields, responses=ProductShape, tags=["products"], operation_id="product_edit")
    @idempotent()
    def patch(self, request: Request, product: str) -> Response:
        return self._edit(request, product, read(ProductFields, request.data, partial=True))

    @extend_schema(request=ProductFields, responses=ProductShape, tags=["products"], operation_id="product_put")
    @idempotent()
    def put(self, request: Request, product: str) -> Response:
        """The whole product without its variants and images: what is left out becomes empty, except the status."""
        empty: dict[str, Any] = {
            "brand": None,
            "description": "",
            "specifications": {},
            "tags": [],
            "seo_title": "",
            "seo_description": "",
        }
        return self._edit(request, product, {**empty, **read(ProductFields, request.data)})

    @extend_schema(request=None, responses={204: None}, tags=["products"], operation_id="product_delete")
    @idempotent()
    def delete(self, request: Request, product: str) -> Response:
        writing.delete_product(reference=product, vendor_id=scope_of(request))
        return Response(status=status.HTTP_204_NO_CONTENT)

    @staticmethod
    def _edit(request: Request, product: str, changes: Any) -> Response:
        _only_admins_feature(request, changes)
        row = writing.edit_product(reference=product, vendor_id=scope_of(request), changes=changes)
        return Response(_after_write(row))


class AdminProducts(APIView):
    permission_classes = (roles("admin"),)

    @extend_schema(
        parameters=parameters(AdminQuery), responses=page_of(CardShape), tags=["admin"], operation_id="admin_products"
    )
    def get(self, request: Request) -> Response:
        """Everybody's products in every status, newest first; `status=in_review` is the approval queue."""
        return _list_for_writers(request, None, AdminQuery)


@extend_schema_view(
    get=extend_schema(tags=["admin"], operation_id="admin_product", auth=TOKEN),
    patch=extend_schema(tags=["admin"], operation_id="admin_product_edit"),
    put=extend_schema(tags=["admin"], operation_id="admin_product_put"),
    delete=extend_schema(tags=["admin"], operation_id="admin_product_delete"),
)
class AdminProduct(ProductDetail):
    permission_classes = (roles("admin"),)  # type: ignore[assignment]


class AdminProductApprove(APIView):
    permission_classes = (roles("admin"),)

    @extend_schema(request=None, responses=ProductShape, tags=["admin"], operation_id="admin_product_approve")
    @idempotent()
    def post(self, request: Request, product: str) -> Response:
        return Response(_after_write(writing.approve_product(reference=product)))


class AdminProductReject(APIView):
    permission_classes = (roles("admin"),)

    @extend_schema(request=Reason, responses=ProductShape, tags=["admin"], operation_id="admin_product_reject")
    @idempotent()
    def post(self, request: Request, product: str) -> Response:
        reason = read(Reason, request.data)["reason"]
        return Response(_after_write(writing.reject_product(reference=product, reason=reason)))


def _detail(request: Request, reference: str) -> tuple[Response, Seen | None]:
    """With what is looked at, if the public sees it."""
    wish = Wish(read_query(CurrencyQuery, request).get("currency", settings.DEFAULT_CURRENCY))
    whole = reading.find_product(reference, **viewer_of(request))
    product, public = whole.product, whole.product.is_visible
    seen = Seen(product.id, product.vendor_id) if public else None
    body, headers = product_body(whole, wish, for_writer=not public), PUBLIC if public else PRIVATE
    if _writes(request, product):  # they see what they wrote, and would write what they see
        return Response(body, headers=headers), seen
    return in_language(request, body, headers), seen


def _may_write(request: Request) -> bool:
    viewer = viewer_of(request)
    return bool(viewer) and (viewer["is_admin"] or viewer["vendor_id"] is not None)


def _writes(request: Request, product: Product) -> bool:
    viewer = viewer_of(request)
    return bool(viewer) and (viewer["is_admin"] or viewer["vendor_id"] == product.vendor_id)


def _list_own(request: Request) -> Response:
    caller: object = request.user
    if not isinstance(caller, Caller) or caller.vendor_id is None or not caller.sells(CATALOGUE):
        raise Invalid({"vendor": ["You keep no vendor's catalogue."]})
    return _list_for_writers(request, caller.vendor_id)


def _list_for_writers(request: Request, vendor_id: UUID | None, shape: type[Shape] = WriterQuery) -> Response:
    query = read_query(shape, request)
    wish = Wish(query.pop("currency", settings.DEFAULT_CURRENCY))
    page = reading.list_for_writers(vendor_id=vendor_id, cursor=query.pop("cursor", None), **query)
    return answer_page(request, page, lambda row: card_body(row, wish, in_stock=row.in_stock))


def _after_write(product: Product) -> dict[str, Any]:
    whole = reading.find_product(str(product.id), is_admin=True)
    return product_body(whole, Wish(settings.DEFAULT_CURRENCY), for_writer=True)


def _only_admins_feature(request: Request, given: dict[str, Any]) -> None:
    if "featured" in given and not caller_of(request).is_admin:
        raise Invalid({"featured": ["Only an admin may set this."]})
