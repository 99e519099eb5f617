"""The operators' pages, by noun. Django finds them here."""

from order_service.admin import exports, orders, promotions, rates, reports

__all__ = ["exports", "orders", "promotions", "rates", "reports"]
