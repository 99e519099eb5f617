"""Every path of the service."""

from drf_spectacular.views import SpectacularJSONAPIView

from order_service.api import (
    attention,
    checkout,
    coupons,
    documents,
    orders,
    promotions,
    returns,
    shipments,
    shipping,
    taxes,
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
    path("api/v1/checkout/quote", checkout.QuoteView.as_view()),
    path("api/v1/orders", checkout.OrdersView.as_view()),
    path("api/v1/orders/<uuid:order>", orders.OrderView.as_view()),
    path("api/v1/orders/<uuid:order>/cancel", orders.CancelView.as_view()),
    path("api/v1/orders/<uuid:order>/timeline", orders.TimelineView.as_view()),
    path("api/v1/orders/<uuid:order>/returns", returns.OrderReturnsView.as_view()),
    path("api/v1/orders/<uuid:order>/invoice", documents.InvoiceView.as_view()),
    path("api/v1/orders/<uuid:order>/refunds", documents.OrderRefundsView.as_view()),
    path("api/v1/orders/<uuid:order>/refunds/<uuid:refund>/credit-note", documents.CreditNoteView.as_view()),
    path("api/v1/returns", returns.ReturnsView.as_view()),
    path("api/v1/returns/<uuid:return_id>", returns.ReturnView.as_view()),
    path("api/v1/returns/<uuid:return_id>/approve", returns.ApproveView.as_view()),
    path("api/v1/returns/<uuid:return_id>/reject", returns.RejectView.as_view()),
    path("api/v1/returns/<uuid:return_id>/receive", returns.ReceiveView.as_view()),
    path("api/v1/vendor-orders", shipments.VendorOrdersView.as_view()),
    path("api/v1/vendor-orders/<uuid:vendor_order>", shipments.VendorOrderView.as_view()),
    path("api/v1/vendor-orders/<uuid:vendor_order>/shipments", shipments.ShipmentsView.as_view()),
    path("api/v1/vendor-orders/<uuid:vendor_order>/shipments/packed", shipments.PackedShipmentsView.as_view()),
    path("api/v1/vendor-orders/<uuid:vendor_order>/cancel", shipments.CancelPartView.as_view()),
    path("api/v1/vendor-orders/<uuid:vendor_order>/packing-slip", documents.PackingSlipView.as_view()),
    path("api/v1/vendor-orders/<uuid:vendor_order>/label", documents.LabelView.as_view()),
    path("api/v1/shipments/<uuid:shipment>/send", shipments.SendView.as_view()),
    path("api/v1/shipments/<uuid:shipment>/lost", shipments.LoseView.as_view()),
    path("api/v1/shipments/<uuid:shipment>/deliver", shipments.DeliverView.as_view()),
    path("api/v1/coupons", coupons.CouponsView.as_view()),
    path("api/v1/coupons/<uuid:coupon>", coupons.CouponView.as_view()),
    path("api/v1/promotions", promotions.PromotionsView.as_view()),
    path("api/v1/promotions/<uuid:promotion>", promotions.PromotionView.as_view()),
    path("api/v1/admin/promotions", promotions.AdminPromotionsView.as_view()),
    path("api/v1/admin/promotions/<uuid:promotion>", promotions.AdminPromotionView.as_view()),
    path("api/v1/admin/shipping-zones", shipping.ZonesView.as_view()),
    path("api/v1/admin/shipping-zones/<uuid:zone>", shipping.ZoneView.as_view()),
    path("api/v1/admin/shipping-methods", shipping.MethodsView.as_view()),
    path("api/v1/admin/shipping-methods/<uuid:method>", shipping.MethodView.as_view()),
    path("api/v1/admin/shipping-rates", shipping.RatesView.as_view()),
    path("api/v1/admin/shipping-rates/<uuid:rate>", shipping.RateView.as_view()),
    path("api/v1/admin/tax-categories", taxes.TaxCategoriesView.as_view()),
    path("api/v1/admin/tax-categories/<uuid:tax_category>", taxes.TaxCategoryView.as_view()),
    path("api/v1/admin/tax-rates", taxes.TaxRatesView.as_view()),
    path("api/v1/admin/tax-rates/<uuid:tax_rate>", taxes.TaxRateView.as_view()),
    path("api/v1/admin/orders", orders.AdminOrdersView.as_view()),
    path("api/v1/admin/orders/attention", attention.AttentionView.as_view()),
    path("api/v1/admin/orders/<uuid:order>/retry", attention.RetryView.as_view()),
    path("api/v1/admin/orders/<uuid:order>/settle", attention.SettleView.as_view()),
    path("api/v1/admin/orders/<uuid:order>/refunds", attention.RefundsView.as_view()),
    path("api/v1/admin/orders/<uuid:order>/transitions", orders.TransitionView.as_view()),
]
