"""How a body says how much store credit is to be used, and how a quote shows it."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from order_service.queries.store_credit import Cover
from shared.http import MoneyShape, Shape
from shared.money import EXPONENTS, Money
from shared.openapi import AMOUNT


@extend_schema_field(
    {
        "oneOf": [
            {"type": "boolean"},
            {
                "type": "object",
                "properties": {
                    "amount": {"type": "string", "pattern": AMOUNT},
                    "currency": {"type": "string", "enum": sorted(EXPONENTS)},
                },
                "required": ["amount", "currency"],
                "additionalProperties": False,
            },
        ],
        "example": False,
        "description": "`true`: as much as there is. Money: exactly so much, or the order is not paid. Left out: none.",
    }
)
class UseCreditField(serializers.Field):
    """Validated data is a bool or Money."""

    def to_internal_value(self, data: Any) -> bool | Money:
        if isinstance(data, bool):
            return data
        money: Money = MoneyShape(context=self.context).run_validation(data)
        return money


class CoverShape(Shape):
    """As far as is known: what is spent or granted in this moment, the payment will know."""

    available = MoneyShape()
    covers = MoneyShape()
    left_to_pay = MoneyShape()


def cover_body(cover: Cover, currency: str) -> dict[str, Any]:
    figures = {"available": cover.available, "covers": cover.covers, "left_to_pay": cover.left_to_pay}
    return {name: Money(minor, currency).as_json() for name, minor in figures.items()}
