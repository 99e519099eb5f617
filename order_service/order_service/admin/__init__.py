"""The operators' pages, by noun. Django finds them here."""

from order_service.admin import orders, promotions, rates, reports

__all__ = ["orders", "promotions", "rates", "reports"]
