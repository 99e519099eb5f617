"""A row of each model at least."""

import io
import itertools
from typing import Any

from django.utils import timezone

from catalog_service.actions.exports import queue_export
from catalog_service.actions.files import discard
from catalog_service.actions.imports import queue_import
from catalog_service.actions.moderation import flag_review
from catalog_service.actions.products import edit_product
from catalog_service.actions.reviews import vote, write_review
from catalog_service.actions.vendor_holds import Wanted, hold_stock
from catalog_service.models import (
    BoughtTogether,
    ExchangeRate,
    Image,
    ImageToFetch,
    Product,
    Purchase,
    Review,
    Sale,
    SearchCount,
    Synonym,
)
from shared.context import new_id
from shared.money import EXPONENTS
from tests.factories import (
    ask,
    confirmed,
    hear,
    make_category,
    make_product,
    make_vendor,
    place_elsewhere,
)

_numbers = itertools.count(1)


def make_everything() -> Product:
    """A row of each model at least, none of which shares its neighbours with those of another call."""
    number = next(_numbers)
    vendor, root = make_vendor(f"Kiln {number}"), make_category(f"Home {number}")
    category = make_category(f"Pots {number}", root)
    product = make_product(f"Clay pot {number}", vendor=vendor, category=category, brand=f"Brand {number}")
    Image.objects.create(product=product, file="a.webp", thumbnail="a-small.webp", primary=True, width=60, height=40)
    hear(ask((product.variants.get(), 2)))
    wanted = Wanted(product.variants.get().sku, 1, vendor_id=vendor.id)
    hold_stock(wanted=wanted, actor_id=new_id())
    make_review(product, votes=1)
    edit_product(reference=str(product.id), vendor_id=vendor.id, changes={"name": f"Gold pot {number}"})
    BoughtTogether.objects.create(product=product, other=product, orders=2, lift=1.5, score=0.5)
    Sale.objects.create(order_id=new_id(), product_id=product.id, quantity=1, confirmed_at=timezone.now())
    SearchCount.objects.create(day=timezone.now().date(), text=f"lamp {number}", searches=2)
    Synonym.objects.create(terms=["sofa", f"couch {number}"], keys=["sofa", f"couch {number}"])
    Purchase.objects.create(user_id=new_id(), product_id=product.id, order_id=new_id(), delivered_at=timezone.now())
    whose: Any = {"vendor_id": vendor.id, "by_admin": True, "actor_id": new_id()}
    batch = queue_import(**whose, file=io.BytesIO(b"{}"), format_="jsonl", currency="USD")
    queue_export(**whose, format_="jsonl", currency="USD")
    ImageToFetch.objects.create(product=product, batch=batch, line=1, url="https://a.example/a.png", position=0)
    discard([f"lost-{number}.webp"])
    currency = sorted(EXPONENTS)[number % len(EXPONENTS)]
    ExchangeRate.objects.create(currency=currency, rate=2, day=timezone.now().date(), version=number)
    sell_from_elsewhere(number)
    return product


def sell_from_elsewhere(number: int) -> None:
    """Of a product of its own, whose vendor has a second location."""
    vendor, category = make_vendor(f"Mugs {number}"), make_category(f"Mugs {number}")
    variant = make_product(f"Mug {number}", vendor=vendor, category=category).variants.get()
    place_elsewhere(variant, 10)
    asked = ask((variant, 1))
    hear(asked)
    hear(confirmed(asked.order_id))


def make_review(product: Product, *, votes: int = 0) -> Review:
    review = write_review(product=product.slug, user_id=new_id(), vendor_id=None, rating=2, title="Leaks")
    Review.objects.filter(id=review.id).update(status="approved" if votes else "pending")
    for _time in range(votes):
        vote(review_id=review.id, user_id=new_id(), vendor_id=None, helpful=True)
        flag_review(review_id=review.id, user_id=new_id(), reason="spam")
    return review
