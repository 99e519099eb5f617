"""The operators' pages, by noun. Django finds them here."""

from order_service.admin import commissions, exports, operations, orders, promotions, rates, reports

__all__ = ["commissions", "exports", "operations", "orders", "promotions", "rates", "reports"]
