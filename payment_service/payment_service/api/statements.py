"""What vendor asks for its vendors; NGINX does not route it."""

from dataclasses import asdict

from rest_framework import serializers
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from payment_service.queries.statements import statements
from shared.auth import CallingService, ServiceAuthentication
from shared.http import Shape, read


class IsVendorService(BasePermission):
    def has_permission(self, request: Request, view: APIView) -> bool:
        return isinstance(request.user, CallingService) and request.user.name == "vendor"


class PeriodShape(Shape):
    vendor_id = serializers.UUIDField()
    since = serializers.DateTimeField()
    until = serializers.DateTimeField()


class InternalStatementsView(APIView):
    """In minor units, one for each currency."""

    authentication_classes = (ServiceAuthentication,)
    permission_classes = (IsVendorService,)

    def get(self, request: Request) -> Response:
        asked = read(PeriodShape, request.query_params.dict())
        return Response({"statements": [asdict(one) for one in statements(**asked)]})
