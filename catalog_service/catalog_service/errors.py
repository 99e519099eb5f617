"""What can go wrong, in domain words.

Conflict (409)
├── IllegalMove          the product's status does not allow this
├── SkuTaken             the vendor sells something else under this SKU
├── LastVariant          a product keeps at least one variant
├── CategoryInUse        products or subcategories still stand in it
├── BrandInUse           products still carry it
├── NameTaken            a brand or category of this name or slug exists
├── BelowReserved        more is held than would be left
├── NotAvailable         less is free there than a vendor wants to hold
├── HoldEnded            a vendor's hold is sold, released or expired already
├── AdjustmentsRefused   what the stock does not allow, line by line; nothing was changed
├── LocationInUse        something lies there still, or it is the default location
├── AmbiguousSku         several vendors use this SKU
├── AlreadyReviewed      one review per user and product
├── AlreadyDecided       the review or revision has had its decision
├── OwnReview            nobody votes on or flags what they wrote
├── ExportNotReady       there is no file yet
├── TooManyExports       others are not finished yet
├── TooManyImports       others are not finished yet
└── OwnProduct           vendors do not review or vote on what they sell
"""

from collections.abc import Mapping

from shared.errors import Conflict


class IllegalMove(Conflict):
    code = "illegal_transition"
    title = "The product's status does not allow this"


class SkuTaken(Conflict):
    code = "sku_taken"
    title = "This vendor already sells something under this SKU"


class LastVariant(Conflict):
    code = "last_variant"
    title = "A product keeps at least one variant; delete the product instead"


class CategoryInUse(Conflict):
    code = "category_in_use"
    title = "Products or subcategories still stand in this category"


class BrandInUse(Conflict):
    code = "brand_in_use"
    title = "Products still carry this brand"


class NameTaken(Conflict):
    code = "name_taken"
    title = "This name or slug is taken"


class BelowReserved(Conflict):
    code = "below_reserved"
    title = "More is held than would be left"


class NotAvailable(Conflict):
    code = "not_available"
    title = "Less is available than is to be held"


class HoldEnded(Conflict):
    code = "hold_ended"
    title = "This hold has ended"


class AdjustmentsRefused(Conflict):
    """`errors` maps each line to why it cannot be done: `{"lines.3.sku": ["4 are there, of which 3 are held."]}`."""

    code = "adjustments_refused"
    title = "The stock does not allow this; nothing was changed"

    def __init__(self, errors: Mapping[str, list[str]]) -> None:
        super().__init__()
        self.errors = dict(errors)


class LocationInUse(Conflict):
    code = "location_in_use"
    title = "Something lies at this location still"


class AmbiguousSku(Conflict):
    code = "ambiguous_sku"
    title = "Several vendors use this SKU; name one with ?vendor=<id>"


class AlreadyReviewed(Conflict):
    code = "already_reviewed"
    title = "You have reviewed this product"


class AlreadyDecided(Conflict):
    code = "already_decided"
    title = "This has been decided"


class OwnReview(Conflict):
    code = "own_review"
    title = "This is your own review"


class OwnProduct(Conflict):
    code = "own_product"
    title = "Vendors do not judge what they sell"


class ExportNotReady(Conflict):
    code = "export_not_ready"
    title = "The export has no file yet"


class TooManyExports(Conflict):
    code = "too_many_exports"
    title = "Other exports of these products are not finished yet"


class TooManyImports(Conflict):
    code = "too_many_imports"
    title = "Other imports are not finished yet"
