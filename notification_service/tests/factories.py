"""Ada buys, Northwind sells, Grace is an admin; and every event that they hear of."""

from datetime import timedelta
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any
from uuid import UUID

from django.utils import timezone

from notification_service.subscriptions import SUBSCRIPTIONS
from shared.context import new_id
from shared.contracts import cart, catalog, order, user, vendor
from shared.messages import Message, MoneyData
from shared.testing import deliver

ADA, OWNER, GRACE, NORTHWIND = UUID(int=1), UUID(int=2), UUID(int=3), UUID(int=4)
FIVE = MoneyData(minor=500, currency="USD")
BUYER = order.Buyer(user_id=ADA, email="ada@example.com", name="Ada")
GUEST = order.Buyer(email="guest@example.com", name="Gus")


def hear(message: Message) -> bool:
    return deliver(message, SUBSCRIPTIONS)


def make_people() -> None:
    hear(user.UserChanged(user_id=ADA, email=BUYER.email, first_name="Ada", last_name="B", version=1))
    admin = {"email": "grace@example.com", "first_name": "Grace", "last_name": "A", "roles": ("admin",)}
    hear(user.UserChanged(user_id=GRACE, version=1, **admin))
    hear(vendor_changed())


def vendor_changed(**changes: Any) -> vendor.VendorChanged:
    told = {
        "vendor_id": NORTHWIND,
        "owner_id": OWNER,
        "name": "Northwind",
        "slug": "northwind",
        "status": "active",
        "contact_email": "sales@northwind.example",
        "country": "GB",
        "payout_currency": "USD",
        "commission_basis_points": 1_000,
        "version": 1,
    }
    return vendor.VendorChanged(**{**told, **changes})


def about_order(buyer: order.Buyer = BUYER) -> dict[str, Any]:
    return {"order_id": new_id(), "number": "N-1001", "buyer": buyer}


def part(vendor_id: UUID = NORTHWIND, name: str = "Lamp") -> order.VendorOrderPart:
    line = order.OrderLine(
        line_id=new_id(), variant_id=new_id(), product_id=new_id(), sku="L-1", name=name, quantity=2,
        unit_price=FIVE, line_total=MoneyData(minor=1_000, currency="USD"),
    )  # fmt: skip
    totals = dict.fromkeys(
        ("items_total", "shipping_total", "tax_total", "discount_total", "total", "commission"), FIVE
    )
    return order.VendorOrderPart(
        vendor_order_id=new_id(), vendor_id=vendor_id, vendor_name="Northwind", lines=(line,), **totals
    )


def order_confirmed(buyer: order.Buyer = BUYER, **changes: Any) -> order.OrderConfirmed:
    plain = {"total": FIVE, "vendor_orders": (part(),), "confirmed_at": timezone.now()}
    return order.OrderConfirmed(**about_order(buyer), **{**plain, **changes})


def code(purpose: str = "verify_email", *, minutes: int = 10) -> user.EmailCodeIssued:
    until = timezone.now() + timedelta(minutes=minutes)
    return user.EmailCodeIssued(user_id=ADA, email=BUYER.email, purpose=purpose, code="123456", expires_at=until)


def invitation(*, minutes: int = 10) -> vendor.MemberInvited:
    return vendor.MemberInvited(
        invitation_id=new_id(), vendor_id=NORTHWIND, vendor_name="Northwind", email="ivy@example.com", role="staff",
        vendor_role="finance", token="an-unguessable-token", expires_at=timezone.now() + timedelta(minutes=minutes),
    )  # fmt: skip


def phone_code(*, minutes: int = 10) -> user.PhoneCodeIssued:
    until = timezone.now() + timedelta(minutes=minutes)
    return user.PhoneCodeIssued(user_id=ADA, phone="+447400123456", code="918273", expires_at=until)


def product_decided(*, approved: bool = True) -> catalog.ProductDecided:
    return catalog.ProductDecided(
        product_id=UUID(int=9), vendor_id=NORTHWIND, name="Lamp", slug="lamp", approved=approved, reason="No picture."
    )


def cart_abandoned(**changes: Any) -> cart.CartAbandoned:
    line = cart.LeftLine(
        variant_id=new_id(), product_id=new_id(), slug="lamp", name="Lamp", quantity=2, unit_price=FIVE
    )
    told = {
        "cart_id": UUID(int=9), "cart_version": "7", "user_id": ADA, "lines": (line,),
        "total": MoneyData(minor=1_000, currency="USD"), "left_at": timezone.now(),
    }  # fmt: skip
    return cart.CartAbandoned(**{**told, **changes})


def every_event() -> dict[str, tuple[Message, set[str], set[UUID]]]:
    """Name → an event, the addresses it is mailed to, the inboxes it reaches."""
    selling = ({"sales@northwind.example"}, {OWNER})
    buying = ({"ada@example.com"}, {ADA})
    vendor_order = {"vendor_order_id": new_id(), "vendor_id": NORTHWIND}
    application = {"application_id": new_id(), "user_id": ADA, "business_name": "Ada's", "contact_email": "a@s.example"}
    returning = {"return_id": new_id(), "vendor_id": NORTHWIND}
    variant = {"variant_id": new_id(), "vendor_id": NORTHWIND, "sku": "L-1", "name": "Lamp", "available": 2}
    review = {
        "review_id": new_id(),
        "vendor_id": NORTHWIND,
        "product_id": new_id(),
        "product_name": "Lamp",
        "rating": 4,
    }
    parcel = {"shipment_id": new_id(), "carrier": "Swift", "tracking_number": "SW1", "complete": True}
    shipped = order.VendorOrderShipped(**about_order(), **vendor_order, **parcel)
    arrived = {"product_ids": (), "delivered_at": timezone.now()}
    wished = {"variant_id": new_id(), "product_id": new_id(), "slug": "lamp", "name": "Lamp"}
    payout = {"payout_id": new_id(), "vendor_id": NORTHWIND, "amount": FIVE}
    cancelled = {"reason": "out_of_stock", "total": FIVE, "vendor_ids": (NORTHWIND,)}
    return {
        "code": (code(), {"ada@example.com"}, set()),
        "code for a new password": (code("password_reset"), {"ada@example.com"}, set()),
        "code for erasing": (code("erase_account"), {"ada@example.com"}, set()),
        "registered again": (user.EmailRegisteredAgain(user_id=ADA, email=BUYER.email), *buying),
        "password changed": (user.PasswordChanged(user_id=ADA, email=BUYER.email), *buying),
        **{
            f"second factor: {change}": (
                user.TwoFactorChanged(
                    user_id=ADA, email=BUYER.email, change=change, address="81.2.69.142", at=timezone.now()
                ), *buying,
            )
            for change in ("on", "off", "recovery_codes")
        },
        "security alert": (
            user.SecurityAlertRaised(
                user_id=ADA, email=BUYER.email, claim_id=new_id(), reasons=("device",), device="Firefox on Windows",
                place="London, United Kingdom", address="81.2.69.142", at=timezone.now(),
            ), *buying,
        ),
        "application": (vendor.VendorApplicationSubmitted(**application), {"a@s.example"}, {ADA, GRACE}),
        "application approved": (
            vendor.VendorApplicationDecided(**application, approved=True), {"a@s.example"}, {ADA},
        ),
        "application rejected": (
            vendor.VendorApplicationDecided(**application, approved=False), {"a@s.example"}, {ADA},
        ),
        **{
            f"vendor: {status}": (
                vendor.VendorStatusChanged(vendor_id=NORTHWIND, status=status, reason="Papers.", version=2), *selling,
            )
            for status in ("suspended", "closed", "active")
        },
        "invitation to sell": (invitation(), {"ivy@example.com"}, set()),
        "payout paid": (vendor.PayoutSettled(**payout, status="paid"), *selling),
        "payout refused": (vendor.PayoutSettled(**payout, status="refused", reason="no account"), *selling),
        "payout returned": (vendor.PayoutSettled(**payout, status="returned", reason="account closed"), *selling),
        "payout account changed": (
            vendor.PayoutAccountChanged(
                change_id=new_id(), vendor_id=NORTHWIND, ending="7819", usable_from=timezone.now()
            ), *selling,
        ),
        "product submitted": (
            catalog.ProductSubmitted(product_id=new_id(), vendor_id=NORTHWIND, name="Lamp"), set(), {GRACE},
        ),
        "product approved": (product_decided(), *selling),
        "product rejected": (product_decided(approved=False), *selling),
        "stock low": (catalog.StockRanLow(**variant), *selling),
        "stock out": (catalog.StockRanOut(**variant), *selling),
        "stock back": (catalog.StockCameBack(**variant), *selling),
        "review": (catalog.ReviewPublished(**review), *selling),
        "cart left": (cart_abandoned(), set(), {ADA}),
        "wish back": (
            cart.WishCameBack(**wished, user_ids=(ADA, new_id()), price=FIVE), *buying,
        ),
        "wish cheaper": (
            cart.WishPriceDropped(**wished, user_ids=(ADA,), old=FIVE, new=FIVE.model_copy(update={"minor": 400})),
            *buying,
        ),
        "order placed": (order.OrderPlaced(**about_order(), total=FIVE, placed_at=timezone.now()), *buying),
        "order confirmed": (
            order_confirmed(), {"ada@example.com", "sales@northwind.example"}, {ADA, OWNER},
        ),
        "order of a guest": (order_confirmed(GUEST), {"guest@example.com", "sales@northwind.example"}, {OWNER}),
        "order cancelled": (order.OrderCancelled(**about_order(), **cancelled), *buying),
        "sale cancelled": (
            order.OrderCancelled(**about_order(), **cancelled, was_confirmed=True),
            {"ada@example.com", "sales@northwind.example"}, {ADA, OWNER},
        ),
        "shipped": (shipped, *buying),
        "delivered": (order.VendorOrderDelivered(**about_order(), **vendor_order, **arrived), *buying),
        "return requested": (order.ReturnRequested(**about_order(), **returning), *selling),
        "return approved": (order.ReturnDecided(**about_order(), **returning, approved=True), *buying),
        "return rejected": (order.ReturnDecided(**about_order(), **returning, approved=False, reason="Worn."), *buying),
        "refunded": (order.OrderRefunded(**about_order(), refund_id=new_id(), amount=FIVE), *buying),
        "refunded to the platform": (
            order.OrderRefunded(**about_order(), refund_id=new_id(), amount=FIVE.model_copy(update={"minor": 0})),
            set(), set(),
        ),
    }  # fmt: skip


def mails(folder: Path) -> list[Any]:
    """As they lie in the folder, oldest first."""
    files = sorted(folder.glob("*"), key=lambda file: file.stat().st_mtime_ns) if folder.exists() else []
    return [message_from_bytes(file.read_bytes(), policy=policy.default) for file in files]
