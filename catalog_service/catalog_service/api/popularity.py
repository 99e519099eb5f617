"""Views of products: counted when somebody looks, told when somebody asks."""

from typing import NamedTuple
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import permissions, serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from catalog_service.actions import popularity as counting
from catalog_service.api.lists import ANYBODY, PUBLIC
from catalog_service.queries import recommendations as reading
from shared.auth import Caller
from shared.http import Shape, address_of
from shared.idempotency import idempotent


class ViewsShape(Shape):
    views = serializers.IntegerField(help_text="Visitors, each once an hour.")
    views_last_day = serializers.IntegerField()


class Seen(NamedTuple):
    product_id: UUID
    vendor_id: UUID


def note_view(request: Request, seen: Seen | None) -> None:
    """Of its own people no look counts."""
    caller: object = request.user
    own = isinstance(caller, Caller) and seen and (caller.is_admin or caller.vendor_id == seen.vendor_id)
    if seen and not own:
        counting.see_product(seen.product_id, visitor_of(request))


def visitor_of(request: Request) -> counting.Visitor:
    caller: object = request.user
    agent = request.headers.get("User-Agent", "")[:300]
    guest = request.headers.get("X-Cart-Token") or f"{address_of(request)} {agent}"
    return counting.Visitor(caller.id if isinstance(caller, Caller) else None, guest, agent)


class ProductViews(APIView):
    permission_classes = (permissions.AllowAny,)

    @extend_schema(responses=ViewsShape, auth=ANYBODY, tags=["products"], operation_id="product_views")
    def get(self, request: Request, product: str) -> Response:
        """How many have looked at it; some seconds behind."""
        views = reading.views_of(product)
        return Response({"views": views.total, "views_last_day": views.last_day}, headers=PUBLIC)

    @extend_schema(
        request=None, responses={202: None}, auth=ANYBODY, tags=["products"], operation_id="product_view_note"
    )
    @idempotent()
    def post(self, request: Request, product: str) -> Response:
        """Somebody looks at it. For pages that show what they had fetched before; reading the product counts, too."""
        counting.see_named_product(product=product, visitor=visitor_of(request))
        return Response(status=status.HTTP_202_ACCEPTED)
