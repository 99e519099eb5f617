"""What lists of orders are narrowed to; exports and operations upon many orders take the same."""

from datetime import date
from typing import Any

from rest_framework import serializers
from rest_framework.request import Request

from order_service.models import Order, VendorOrder
from shared.auth import caller_of
from shared.errors import Invalid
from shared.http import Shape
from shared.money import EXPONENTS

EARLIEST = date(2000, 1, 1)
ORDER, PART = list(Order.Status.choices), list(VendorOrder.Status.choices)


class DatesFilter(Shape):
    """Of the day on which the order was placed, in UTC; both are included."""

    to = serializers.DateField(required=False)

    def get_fields(self) -> dict[str, Any]:
        return {"from": serializers.DateField(required=False), **super().get_fields()}

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        first, last = given.get("from", EARLIEST), given.get("to", date.max)
        if not EARLIEST <= first <= last:
            raise serializers.ValidationError({"from": [f"A day from {EARLIEST} to the last one."]})
        return given


class VendorOrderFilter(DatesFilter):
    status = serializers.ChoiceField(PART, required=False)
    number = serializers.CharField(max_length=24, required=False, help_text="The order's.")


class OrderFilter(DatesFilter):
    status = serializers.ChoiceField(ORDER, required=False)
    email = serializers.CharField(max_length=254, required=False)
    number = serializers.CharField(max_length=24, required=False)
    currency = serializers.ChoiceField(sorted(EXPONENTS), required=False)
    user_id = serializers.UUIDField(required=False)
    vendor_id = serializers.UUIDField(required=False)
    needs_attention = serializers.BooleanField(required=False, allow_null=True, default=None)


class ChosenFilter(OrderFilter):
    """As `GET admin/orders` takes it; of vendors only what `GET vendor-orders` takes."""

    status = serializers.ChoiceField(list(dict(ORDER + PART).items()), required=False)


def choice_of(request: Request, given: dict[str, Any], field: str, *, of_orders: bool | None = None) -> dict[str, Any]:
    """A ChosenFilter's data as it is kept: plain JSON, without what was not said. Raises Invalid for what does not fit
    to the caller's lists: an admin's of orders, a vendor's of vendor orders.
    """
    shape = OrderFilter if (caller_of(request).is_admin if of_orders is None else of_orders) else VendorOrderFilter
    said = {name: value for name, value in given.items() if value is not None}
    statuses = {str(value) for value, _label in (ORDER if shape is OrderFilter else PART)}
    wrong = {name: ["This field is not known."] for name in said if name not in shape().fields}
    if said.get("status", "placed") not in statuses:
        wrong["status"] = [f"One of {', '.join(sorted(statuses))}."]
    if wrong:
        raise Invalid({f"{field}.{name}": messages for name, messages in wrong.items()})
    return {name: value if isinstance(value, bool) else str(value) for name, value in said.items()}
