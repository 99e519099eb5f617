"""State, constraints, and named transitions that refuse illegal moves."""

from catalog_service.models.cards import Card
from catalog_service.models.images import DiscardedFile, Image
from catalog_service.models.imports import Import, ImportFile
from catalog_service.models.inventory import Movement, Reservation, ReservationLine, StockItem
from catalog_service.models.products import Price, Product, ProductPrice, Variant
from catalog_service.models.reviews import Purchase, Review, ReviewFlag, ReviewImage, ReviewVote
from catalog_service.models.search import SearchCount, SearchWord, Synonym
from catalog_service.models.taxonomy import Brand, Category
from catalog_service.models.vendors import Vendor

__all__ = [
    "Brand",
    "Card",
    "Category",
    "DiscardedFile",
    "Image",
    "Import",
    "ImportFile",
    "Movement",
    "Price",
    "Product",
    "ProductPrice",
    "Purchase",
    "Reservation",
    "ReservationLine",
    "Review",
    "ReviewFlag",
    "ReviewImage",
    "ReviewVote",
    "SearchCount",
    "SearchWord",
    "StockItem",
    "Synonym",
    "Variant",
    "Vendor",
]
