"""Reviews whose words are their own, who wrote them, and pictures for them."""

import io
from typing import Any
from uuid import UUID

from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image as Pillow

from catalog_service.actions.moderation import approve_review
from catalog_service.actions.reviews import write_review
from catalog_service.models import Product, Review
from shared.context import new_id
from shared.testing import body, client_as
from tests.factories import make_product

_LETTERS = str.maketrans("01234567", "badefogi")


def make_review(
    product: Product | None = None, *, user_id: UUID | None = None, approved: bool = True, **fields: Any
) -> Review:
    """Its text is its own, unless one is given."""
    word = "-".join(f"{new_id().int:o}".translate(_LETTERS))  # so that no letter is repeated, which would be a rule's
    text = {"rating": 4, "title": "Sturdy", "comment": f"Holds {word}.", **fields}
    review = write_review(
        product=str((product or make_product()).id), user_id=user_id or new_id(), vendor_id=None, **text
    )
    return approve_review(review_id=review.id) if approved else review


def url_of(review: Review, more: str = "") -> str:
    return f"/api/v1/reviews/{review.id}{more}"


def author_of(review: Review) -> Any:
    return client_as("customer", user_id=review.user_id)


def add_image(review: Review, content: bytes | None = None, client: Any = None) -> Any:
    buffer = io.BytesIO()
    Pillow.new("RGB", (60, 40), "teal").save(buffer, "PNG")
    file = SimpleUploadedFile("pot.png", content or buffer.getvalue(), "image/png")
    return (client or author_of(review)).post(url_of(review, "/images"), {"image": file}, format="multipart")


def rating_of(review: Review) -> tuple[float, int]:
    product = Product.objects.get(id=review.product_id)
    return float(product.rating_average), product.rating_count


def ids(response: Any) -> list[str]:
    return [row["id"] for row in body(response)["results"]]
