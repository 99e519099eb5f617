"""A small market that all services know: vendors and their wares; and that its money adds up."""

from uuid import UUID

from django.db import transaction
from django.db.models import Sum
from world import World, serving

from catalog_service.actions.products import ProductInput, create_product
from catalog_service.actions.variants import PriceInput, VariantInput
from catalog_service.models import Category, Variant
from order_service.actions import coupons
from order_service.clients import CartLine
from order_service.models import Order, Promotion
from payment_service.models import Account, Payment, Posting, Refund, SimulatedCharge
from shared.context import new_id
from shared.contracts.user import UserChanged
from shared.contracts.vendor import VendorChanged
from shared.messages import Message
from shared.money import Money
from shared.outbox import publish
from vendor_service.models import Balance

STOCK, COUPON_LIMIT = 9, 3
ADDRESS = {"name": "Ada", "line1": "1 Row", "city": "London", "postal_code": "N1", "country": "GB"}


def tell(service: str, message: Message, version: int | None = None) -> None:
    with serving(service), transaction.atomic():
        publish(message, version=version)


def open_market(world: World) -> list[Variant]:
    """Two vendors with two products each, known to everybody."""
    vendors = [new_id(), new_id()]
    for number, vendor_id in enumerate(vendors):
        tell("vendor", vendor_changed(vendor_id, number))
    tell("user", UserChanged(user_id=new_id(), email="ada@example.com", first_name="A", last_name="B", version=1))
    world.collect()
    world.settle()
    category = Category(name="Lamps", slug="lamps")
    category.stand_under(None)
    category.save()
    with serving("catalog"):
        variants = [_list(vendors[n % 2], category, n) for n in range(4)]
        coupons.create_coupon(code="FEW", kind=Promotion.Kind.PERCENTAGE, basis_points=1_000, limit=COUPON_LIMIT)
    world.collect()
    world.settle()
    return variants


def vendor_changed(vendor_id: UUID, number: int) -> VendorChanged:
    return VendorChanged(
        vendor_id=vendor_id, owner_id=new_id(), name=f"Vendor {number}", slug=f"vendor-{number}", status="active",
        contact_email=f"v{number}@example.com", country="GB", payout_currency="USD",
        commission_basis_points=1_000 + 50 * number, version=1,
    )  # fmt: skip


def _list(vendor_id: UUID, category: Category, number: int) -> Variant:
    wanted = VariantInput(sku=f"SKU-{number}", prices=[PriceInput(Money(1_999 + 700 * number, "USD"))], stock=STOCK)
    product = ProductInput(name=f"Lamp {number}", category=str(category.id), variants=[wanted])
    variant = create_product(vendor_id=vendor_id, by_admin=True, product=product).variants.get()
    assert isinstance(variant, Variant)
    return variant


def line_of(variant: Variant, quantity: int) -> CartLine:
    return CartLine(
        variant_id=variant.id, product_id=variant.product_id, category_id=None, vendor_id=variant.product.vendor_id,
        vendor_name="Vendor", sku=variant.sku, name=variant.sku, quantity=quantity,
        unit_price=Money(variant.prices.get().minor, "USD"), available=STOCK, active=True,
    )  # fmt: skip


def check_money() -> None:
    """Every order that stands is paid; what was taken for any other went back; three sets of books agree."""
    for row in Order.objects.all():
        payment = Payment.objects.filter(order_id=row.id).first()
        taken = payment.minor - payment.refunded if payment and payment.status == "taken" else 0
        returned = (
            Refund.objects.filter(payment=payment, return_id__isnull=False).aggregate(sum=Sum("minor"))["sum"] or 0
        )
        assert taken == (0 if row.status == "cancelled" else row.total - returned), row.status
    assert set(Refund.objects.values_list("status", flat=True)) <= {"done"}
    assert Posting.objects.aggregate(sum=Sum("minor"))["sum"] in (0, None)
    charged = SimulatedCharge.objects.filter(status="succeeded").aggregate(taken=Sum("minor"), back=Sum("refunded"))
    provider = Account.objects.filter(kind="provider").first()
    assert (provider.balance if provider else 0) == (charged["taken"] or 0) - (charged["back"] or 0)
    for account in Account.objects.filter(kind="vendor_pending"):
        available = Account.objects.get(kind="vendor_available", owner_id=account.owner_id)
        told = Balance.objects.get(vendor_id=account.owner_id)
        assert (told.pending, told.available) == (-account.balance, -available.balance)
