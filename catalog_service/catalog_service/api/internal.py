"""What only other services may ask; NGINX does not route it."""

from rest_framework import serializers
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from catalog_service.queries.offers import offers_after
from shared.auth import CallingService, ServiceAuthentication
from shared.contracts.catalog import checksum_of_offers
from shared.http import Shape, read


class IsCart(BasePermission):
    def has_permission(self, request: Request, view: APIView) -> bool:
        return isinstance(request.user, CallingService) and request.user.name == "cart"


class RunShape(Shape):
    """The `limit` offers after this variant. `whole`: themselves too, not only their checksum."""

    after = serializers.UUIDField(required=False, default=None)
    limit = serializers.IntegerField(min_value=1, max_value=1_000, default=500)
    whole = serializers.BooleanField(default=False)


class InternalOffers(APIView):
    """Offers as OfferChanged tells them. `upto` is the last variant of the run; null: there are no more."""

    authentication_classes = (ServiceAuthentication,)
    permission_classes = (IsCart,)

    def get(self, request: Request) -> Response:
        asked = read(RunShape, request.query_params.dict())
        offers = offers_after(asked["after"], asked["limit"])
        told = {
            "count": len(offers),
            "upto": offers[-1].variant_id if len(offers) == asked["limit"] else None,
            "checksum": checksum_of_offers(offers),
        }
        return Response({**told, "offers": [one.model_dump(mode="json") for one in offers]} if asked["whole"] else told)
