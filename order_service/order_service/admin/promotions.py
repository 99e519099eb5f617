"""Promotions, and what became of them."""

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from order_service.actions import promotions
from order_service.models import Promotion, Redemption
from order_service.queries.promotions import used_up
from order_service.queries.reasons import per_cent
from shared.admin import Records, operation
from shared.auth import Caller
from shared.money import Money


@operation("End now")
def end(promotion: Promotion, _by: Caller, _reason: str) -> None:
    promotions.end_promotion(promotion_id=promotion.id)


class Usable(admin.SimpleListFilter):
    title = parameter_name = "usable"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "now"), ("ended", "ended"), ("used_up", "used up")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        now = timezone.now()
        match self.value():
            case "yes":
                begun = Q(starts_at=None) | Q(starts_at__lte=now)
                return queryset.filter(begun, Q(ends_at=None) | Q(ends_at__gt=now)).exclude(used_up())
            case "ended":
                return queryset.filter(ends_at__lte=now)
            case "used_up":
                return queryset.filter(used_up())
        return queryset


@admin.register(Promotion)
class Promotions(Records):
    """`redeemed` is counted where there is a limit; redemptions are all there."""

    list_display = (
        "__str__", "kind", "worth", "paid_by", "redeemed", "redemption_limit", "priority", "starts_at", "ends_at",
        "created_at",
    )  # fmt: skip
    list_filter = (
        Usable, "kind", "paid_by", "exclusive", ("code", admin.EmptyFieldListFilter),
        ("vendor_id", admin.EmptyFieldListFilter), "created_at",
    )  # fmt: skip
    search_ids = ("id", "vendor_id")
    search_fields = ("code__iexact", "name__icontains")
    search_help_text = "Promotion or vendor by id; code; name."
    ordering = ("-id",)
    fields = (
        "id", "code", "name", "kind", "worth", "buy_quantity", "get_quantity", "paid_by", "vendor_id",
        "from_a_total_of", "products", "categories", "vendors", "first_order_only", "redeemed", "redemption_limit",
        "per_user_limit", "priority", "exclusive", "starts_at", "ends_at", "created_at",
    )  # fmt: skip
    actions = (end,)

    @admin.display
    def worth(self, promotion: Promotion) -> str:
        match promotion.kind:
            case Promotion.Kind.AMOUNT:
                return str(Money(promotion.amount, promotion.currency))
            case Promotion.Kind.FREE_SHIPPING:
                return "shipping"
        return f"{per_cent(promotion.basis_points)} %"

    @admin.display
    def from_a_total_of(self, promotion: Promotion) -> str:
        return str(Money(promotion.minimum, promotion.minimum_currency)) if promotion.minimum else ""


@admin.register(Redemption)
class Redemptions(Records):
    list_display = ("created_at", "promotion", "order_id", "buyer_key", "released_at")
    list_filter = (("released_at", admin.EmptyFieldListFilter), "created_at")
    list_select_related = ("promotion",)
    search_ids = ("id", "order_id", "promotion_id", "buyer_key")
    search_fields = ("promotion__code__iexact", "buyer_key__exact")
    search_help_text = "Redemption, order, promotion or user by id; code; a guest's e-mail address."
    ordering = ("-id",)
    fields = ("id", "promotion", "order_id", "buyer_key", "created_at", "released_at")
