"""Every path of the service."""

from drf_spectacular.views import SpectacularJSONAPIView

from catalog_service.api import (
    images,
    imports,
    inventory,
    moderation,
    popularity,
    products,
    recommendations,
    review_reports,
    reviews,
    sale_prices,
    search,
    taxonomy,
    variants,
)
from shared import admin, health
from shared.http import path

handler400 = "shared.http.bad_request"
handler404 = "shared.http.not_found"
handler500 = "shared.http.server_error"

urlpatterns = [
    *health.urlpatterns,
    admin.pages(),
    path("internal/openapi.json", SpectacularJSONAPIView.as_view()),
    path("api/v1/categories", taxonomy.Categories.as_view()),
    path("api/v1/categories/<str:category>", taxonomy.CategoryDetail.as_view()),
    path("api/v1/brands", taxonomy.Brands.as_view()),
    path("api/v1/brands/<str:brand>", taxonomy.BrandDetail.as_view()),
    path("api/v1/admin/categories", taxonomy.AdminCategories.as_view()),
    path("api/v1/admin/categories/<str:category>", taxonomy.AdminCategory.as_view()),
    path("api/v1/admin/brands", taxonomy.AdminBrands.as_view()),
    path("api/v1/admin/brands/<str:brand>", taxonomy.AdminBrand.as_view()),
    path("api/v1/products", products.Products.as_view()),
    path("api/v1/products/<str:product>", products.ProductDetail.as_view()),
    path("api/v1/products/<str:product>/variants", variants.Variants.as_view()),
    path("api/v1/products/<str:product>/variants/<uuid:variant>", variants.VariantDetail.as_view()),
    path("api/v1/products/<str:product>/variants/<uuid:variant>/sale", sale_prices.VariantSale.as_view()),
    path("api/v1/products/<str:product>/images", images.Images.as_view()),
    path("api/v1/products/<str:product>/images/order", images.ImagesOrder.as_view()),
    path("api/v1/products/<str:product>/images/<uuid:image>", images.ImageDetail.as_view()),
    path("api/v1/products/<str:product>/reviews", reviews.ProductReviews.as_view()),
    path("api/v1/products/<str:product>/related", recommendations.RelatedProducts.as_view()),
    path("api/v1/products/<str:product>/views", popularity.ProductViews.as_view()),
    path("api/v1/recommendations", recommendations.Recommendations.as_view()),
    path("api/v1/reviews", reviews.Reviews.as_view()),
    path("api/v1/reviews/export", review_reports.ReviewExport.as_view()),
    path("api/v1/reviews/analytics", review_reports.ReviewAnalytics.as_view()),
    path("api/v1/reviews/<uuid:review>", reviews.ReviewDetail.as_view()),
    path("api/v1/reviews/<uuid:review>/images", reviews.ReviewImages.as_view()),
    path("api/v1/reviews/<uuid:review>/images/<uuid:image>", reviews.ReviewImageDetail.as_view()),
    path("api/v1/reviews/<uuid:review>/votes", reviews.ReviewVotes.as_view()),
    path("api/v1/reviews/<uuid:review>/answer", reviews.ReviewAnswer.as_view()),
    path("api/v1/reviews/<uuid:review>/flag", moderation.ReviewFlags.as_view()),
    path("api/v1/admin/reviews", moderation.AdminReviews.as_view()),
    path("api/v1/admin/reviews/<uuid:review>", moderation.AdminReview.as_view()),
    path("api/v1/admin/reviews/<uuid:review>/approve", moderation.AdminReviewApprove.as_view()),
    path("api/v1/admin/reviews/<uuid:review>/reject", moderation.AdminReviewReject.as_view()),
    path("api/v1/imports", imports.Imports.as_view()),
    path("api/v1/imports/<uuid:import_id>", imports.ImportDetail.as_view()),
    path("api/v1/admin/products", products.AdminProducts.as_view()),
    path("api/v1/admin/products/<str:product>", products.AdminProduct.as_view()),
    path("api/v1/admin/products/<str:product>/approve", products.AdminProductApprove.as_view()),
    path("api/v1/admin/products/<str:product>/reject", products.AdminProductReject.as_view()),
    path("api/v1/search/suggestions", search.Suggestions.as_view()),
    path("api/v1/inventory/<str:sku>", inventory.Stock.as_view()),
    path("api/v1/inventory/<str:sku>/adjustments", inventory.Adjustments.as_view()),
    path("api/v1/inventory/<str:sku>/movements", inventory.Movements.as_view()),
]
