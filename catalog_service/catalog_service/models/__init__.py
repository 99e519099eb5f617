"""State, constraints, and named transitions that refuse illegal moves."""

from catalog_service.models.attributes import Attribute
from catalog_service.models.cards import Card
from catalog_service.models.editions import Edition
from catalog_service.models.exports import Export, ExportPart
from catalog_service.models.images import DiscardedFile, Image
from catalog_service.models.imports import ImageToFetch, Import, ImportFile
from catalog_service.models.inventory import Movement, Reservation, ReservationLine, ReservationPlace, StockItem
from catalog_service.models.locations import Location, StockLevel
from catalog_service.models.popularity import ProductPopularity, ProductView, UserView
from catalog_service.models.prices import Price, PriceChange
from catalog_service.models.products import Product, ProductPrice, Variant
from catalog_service.models.rates import ExchangeRate, Wish
from catalog_service.models.recommendations import BoughtTogether, CategoryPick, Recommendation, Sale, Shopper
from catalog_service.models.reviews import Purchase, Review, ReviewFlag, ReviewImage, ReviewVote
from catalog_service.models.revisions import Revision
from catalog_service.models.sales import DailySales
from catalog_service.models.search import CommonWord, SearchCount, SearchWord, Synonym
from catalog_service.models.taxonomy import Brand, Category
from catalog_service.models.translations import Translation
from catalog_service.models.vendor_holds import VendorHold
from catalog_service.models.vendors import Vendor

__all__ = [
    "Attribute",
    "BoughtTogether",
    "Brand",
    "Card",
    "Category",
    "CategoryPick",
    "CommonWord",
    "DailySales",
    "DiscardedFile",
    "Edition",
    "ExchangeRate",
    "Export",
    "ExportPart",
    "Image",
    "ImageToFetch",
    "Import",
    "ImportFile",
    "Location",
    "Movement",
    "Price",
    "PriceChange",
    "Product",
    "ProductPopularity",
    "ProductPrice",
    "ProductView",
    "Purchase",
    "Recommendation",
    "Reservation",
    "ReservationLine",
    "ReservationPlace",
    "Review",
    "ReviewFlag",
    "ReviewImage",
    "ReviewVote",
    "Revision",
    "Sale",
    "SearchCount",
    "SearchWord",
    "Shopper",
    "StockItem",
    "StockLevel",
    "Synonym",
    "Translation",
    "UserView",
    "Variant",
    "Vendor",
    "VendorHold",
    "Wish",
]
