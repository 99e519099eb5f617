"""The operators' pages, by noun. Django finds them here."""

from catalog_service.admin import products, recommendations, reviews, search, stock

__all__ = ["products", "recommendations", "reviews", "search", "stock"]
