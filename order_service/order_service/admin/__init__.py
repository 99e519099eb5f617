"""The operators' pages, by noun. Django finds them here."""

from order_service.admin import exports, operations, orders, promotions, rates, reports

__all__ = ["exports", "operations", "orders", "promotions", "rates", "reports"]
