"""What can go wrong, in domain words.

Conflict (409)
├── IllegalMove          the product's status does not allow this
├── SkuTaken             the vendor sells something else under this SKU
├── LastVariant          a product keeps at least one variant
├── CategoryInUse        products or subcategories still stand in it
├── BrandInUse           products still carry it
├── NameTaken            a brand or category of this name or slug exists
├── BelowReserved        more is promised to buyers than would be left
├── AmbiguousSku         several vendors use this SKU
├── AlreadyReviewed      one review per user and product
├── AlreadyDecided       the review has had its decision
├── OwnReview            nobody votes on or flags what they wrote
└── OwnProduct           vendors do not review or vote on what they sell
"""

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
    title = "Orders hold more than would be left"


class AmbiguousSku(Conflict):
    code = "ambiguous_sku"
    title = "Several vendors use this SKU; name one with ?vendor=<id>"


class AlreadyReviewed(Conflict):
    code = "already_reviewed"
    title = "You have reviewed this product"


class AlreadyDecided(Conflict):
    code = "already_decided"
    title = "The review has had this decision"


class OwnReview(Conflict):
    code = "own_review"
    title = "This is your own review"


class OwnProduct(Conflict):
    code = "own_product"
    title = "Vendors do not judge what they sell"
