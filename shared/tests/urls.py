"""A few views that do what views of services do."""

from typing import Any
from uuid import UUID, uuid4

from django.contrib.admin import site
from django.db import OperationalError, transaction
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from shared import admin, context, health
from shared.auth import Caller, IsService, ServiceAuthentication, roles
from shared.contracts.catalog import ReleaseStock
from shared.errors import Conflict, TooMany
from shared.http import MoneyShape, Shape, created, path, read
from shared.idempotency import idempotent
from shared.models import WorkerReport
from shared.outbox import publish

handler400 = "shared.http.bad_request"
handler404 = "shared.http.not_found"
handler500 = "shared.http.server_error"


@transaction.atomic
def _tell(times: int) -> None:
    for _ in range(times):
        publish(ReleaseStock(order_id=uuid4(), reason="told"))


class NoteIn(Shape):
    text = serializers.CharField(max_length=20)
    copies = serializers.IntegerField(min_value=1)
    price = MoneyShape(required=False)


class Notes(APIView):
    """Each note is a row of WorkerReport, so that effects can be counted."""

    permission_classes = [AllowAny]

    def get(self, request: Request) -> Response:
        return Response({"count": WorkerReport.objects.count()})

    @idempotent()
    def post(self, request: Request) -> Response:
        note = read(NoteIn, request.data)
        WorkerReport.objects.create(instance=note["text"], seen_at="2026-01-01T00:00Z")
        if note["text"] == "tell":
            _tell(note["copies"])
        if note["text"] == "conflict":
            raise Conflict("It collides.")
        if note["text"] == "crowd":
            raise TooMany("Come again.")
        if note["text"] == "bug":
            raise RuntimeError("secret inside")
        if note["text"] == "outage":
            raise OperationalError("connection lost to 10.0.0.7")
        return created({"text": note["text"], "at": WorkerReport.objects.count()}, "/api/v1/notes/1")


class StrictNotes(Notes):
    @idempotent(required=True)
    def post(self, request: Request) -> Response:
        return created({}, "/api/v1/notes/1")


class Me(APIView):
    def get(self, request: Request) -> Response:
        caller: Any = request.user
        assert isinstance(caller, Caller)
        return Response({"id": str(caller.id), "roles": sorted(caller.roles), "admin": caller.is_admin})


class Note(APIView):
    def get(self, request: Request, note: UUID) -> Response:
        return Response({"version": note.version})


class Shop(APIView):
    permission_classes = [roles("vendor", "admin")]

    def get(self, request: Request) -> Response:
        return Response({})


class OrdersOfShop(Shop):
    permission_classes = [roles("vendor", "admin", area="orders")]


class CatalogueOfShop(Shop):
    permission_classes = [roles("vendor", "admin", area="catalogue")]


class MoneyOfShop(Shop):
    permission_classes = [roles("vendor", "admin", area="money")]


class SalesOfShop(Shop):
    permission_classes = [roles("vendor", "admin", area=("orders", "money"))]


class Internal(APIView):
    authentication_classes = [ServiceAuthentication]
    permission_classes = [IsService]

    def get(self, request: Request) -> Response:
        return Response({"caller": request.user.name})


@admin.operation("Forget", needs_reason=True)
def forget(report: WorkerReport, by: Caller, reason: str) -> None:
    if report.queue_depth:
        raise Conflict("It still has work.")
    context.remember_user(str(by.id))
    report.delete()


@admin.operation("Destroy", final=True)
def destroy(report: WorkerReport, _by: Caller, _reason: str) -> None:
    report.delete()


class Reports(admin.WorkerReports):
    actions = (forget, destroy)


site.unregister(WorkerReport)
site.register(WorkerReport, Reports)

urlpatterns = [
    *health.urlpatterns,
    admin.pages(),
    path("api/v1/notes", Notes.as_view()),
    path("api/v1/strict-notes", StrictNotes.as_view()),
    path("api/v1/notes/<uuid:note>", Note.as_view()),
    path("api/v1/me", Me.as_view()),
    path("api/v1/shop", Shop.as_view()),
    path("api/v1/shop/orders", OrdersOfShop.as_view()),
    path("api/v1/shop/catalogue", CatalogueOfShop.as_view()),
    path("api/v1/shop/money", MoneyOfShop.as_view()),
    path("api/v1/shop/orders-or-money", SalesOfShop.as_view()),
    path("internal/thing", Internal.as_view()),
]
