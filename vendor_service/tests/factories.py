"""Businesses, vendors and money, with memorable figures."""

import io
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils.timezone import now
from PIL import Image

from shared.context import new_id
from shared.contracts.payment import VendorBalanceChanged
from shared.messages import Message
from shared.testing import deliver
from vendor_service.actions import applications, checklists, documents
from vendor_service.models import (
    Application,
    ChecklistItem,
    Document,
    Member,
    Payout,
    ReturnCase,
    ReviewNote,
    Sale,
    ScarceVariant,
    Vendor,
)
from vendor_service.subscriptions import SUBSCRIPTIONS

ADMIN = UUID(int=0xAD)
APPLICATION = {
    "business_name": "Northwind Lamps",
    "contact_email": "nora@northwind.example",
    "country": "GB",
    "payout_currency": "USD",
}


def make_application(user_id: UUID | None = None, **changes: Any) -> Application:
    business = applications.Business(**{**APPLICATION, **changes})
    return applications.submit(user_id=user_id or new_id(), business=business)


def make_vendor(user_id: UUID | None = None, **changes: Any) -> Vendor:
    application = make_application(user_id, **changes)
    applications.approve(application_id=application.id, admin_id=ADMIN)
    return Vendor.objects.get(application=application)


def hear(message: Message) -> None:
    assert deliver(message, SUBSCRIPTIONS)


def earn(vendor: Vendor, available: int = 5_000, pending: int = 0, *, currency: str = "USD", version: int = 1) -> None:
    """Payment tells the vendor's balance, in minor units."""
    hear(
        VendorBalanceChanged(
            vendor_id=vendor.id, currency=currency, pending=pending, available=available, version=version
        )
    )


def make_payout(vendor: Vendor, **changes: Any) -> Payout:
    return Payout.objects.create(**{"vendor": vendor, "amount": 1_000, "currency": "USD", **changes})


def make_member(vendor: Vendor, role: str = "staff", **changes: Any) -> Member:
    given = {"vendor": vendor, "user_id": new_id(), "role": role, "email": "sam@example.com", **changes}
    return Member.objects.create(**given)


def default_commission() -> int:
    return int(settings.COMMISSION_BASIS_POINTS)


def make_figures(vendor: Vendor) -> None:
    """A row of each that the dashboard counts."""
    Sale.objects.create(vendor_id=vendor.id, order_id=new_id(), total=1_000, currency="USD", confirmed_at=now())
    Sale.objects.create(vendor_id=vendor.id, order_id=new_id(), shipped_at=now())
    ReturnCase.objects.create(return_id=new_id(), vendor_id=vendor.id, requested_at=now())
    ReviewNote.objects.create(review_id=new_id(), vendor_id=vendor.id, rating=4)
    ScarceVariant.objects.create(variant_id=new_id(), vendor_id=vendor.id, sku="L-1", state="low")


PDF = b"%PDF-1.7\n1 0 obj\n<< >>\nendobj\ntrailer\n<< >>\n%%EOF\n"


def make_item(kind: str = "attested", **changes: Any) -> ChecklistItem:
    given = {"title": f"Item {new_id()}", "kind": kind, **changes}
    return checklists.add_item(given=given)


def make_document(application: Application, title: str = "Trade licence") -> Document:
    return documents.add(
        application_id=application.id, user_id=application.user_id, title=title, upload=io.BytesIO(PDF)
    )


def a_picture(kind: str = "PNG", size: tuple[int, int] = (40, 20), **options: Any) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size, "teal").save(buffer, kind, **options)
    return buffer.getvalue()
