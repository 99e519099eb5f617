"""Every path of the service."""

from drf_spectacular.views import SpectacularJSONAPIView

from cart_service.api import carts, evidence, internal, wishlists
from shared import admin, health
from shared.http import path

handler400 = "shared.http.bad_request"
handler404 = "shared.http.not_found"
handler500 = "shared.http.server_error"

urlpatterns = [
    *health.urlpatterns,
    admin.pages(),
    path("internal/openapi.json", SpectacularJSONAPIView.as_view()),
    *evidence.paths,
    path("internal/cart", internal.InternalCartView.as_view()),
    path("api/v1/cart", carts.CartView.as_view()),
    path("api/v1/cart/items", carts.ItemsView.as_view()),
    path("api/v1/cart/items/<uuid:item>", carts.ItemView.as_view()),
    path("api/v1/cart/coupon", carts.CouponView.as_view()),
    path("api/v1/cart/merge", carts.MergeView.as_view()),
    path("api/v1/wishlists", wishlists.WishlistsView.as_view()),
    path("api/v1/wishlists/<uuid:wishlist>", wishlists.WishlistView.as_view()),
    path("api/v1/wishlists/<uuid:wishlist>/items", wishlists.WishesView.as_view()),
    path("api/v1/wishlists/<uuid:wishlist>/items/<uuid:item>", wishlists.WishView.as_view()),
    path("api/v1/wishlists/<uuid:wishlist>/items/<uuid:item>/move-to-cart", wishlists.MoveToCartView.as_view()),
]
