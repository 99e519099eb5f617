"""Reviews as a file, and in numbers."""

import csv
import io
import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from catalog_service.models import Product, Review
from catalog_service.queries import review_reports
from shared.context import new_id
from shared.testing import body, client_as
from tests.factories import make_product, make_vendor

pytestmark = pytest.mark.django_db
EXPORT, ANALYTICS = "/api/v1/reviews/export", "/api/v1/reviews/analytics"


def add_review(product: Product, rating: int = 4, *, day: str = "2026-03-02", **fields: Any) -> Review:
    review = Review.objects.create(
        product=product, user_id=new_id(), rating=rating, **{"status": "approved", "title": "Sturdy", **fields}
    )
    Review.objects.filter(id=review.id).update(created_at=datetime.fromisoformat(f"{day}T12:00:00+00:00"))
    return review


def seller_of(product: Product) -> Any:
    return client_as("vendor", vendor_id=product.vendor_id)


def text_of(response: Any) -> str:
    assert response.status_code == 200
    return b"".join(response.streaming_content).decode()


def ids_in(response: Any) -> list[UUID]:
    return [UUID(json.loads(line)["id"]) for line in text_of(response).splitlines()]


def test_a_vendor_s_file_has_the_reviews_of_its_products_and_an_admin_s_all() -> None:
    own, other = make_product(), make_product(vendor=make_vendor("Red Kiln"))
    first, second, third = add_review(own), add_review(other), add_review(own, status="rejected")

    assert ids_in(seller_of(own).get(f"{EXPORT}?format=jsonl")) == [first.id, third.id]
    assert ids_in(client_as("admin").get(f"{EXPORT}?format=jsonl")) == [first.id, second.id, third.id]
    assert ids_in(client_as("admin").get(f"{EXPORT}?format=jsonl&status=rejected")) == [third.id]
    assert ids_in(seller_of(own).get(f"{EXPORT}?format=jsonl&product={other.id}")) == []
    assert client_as("customer").get(EXPORT).status_code == 403
    assert client_as().get(EXPORT).status_code == 401


def test_the_csv_reads_back_as_it_was_and_runs_no_formula() -> None:
    product = make_product()
    add_review(product, title='Said "good", twice', comment="Two\nlines, 好")
    add_review(product, title="=HYPERLINK(1)", comment="-1")

    response = client_as("admin").get(EXPORT)

    assert response["Content-Type"] == "text/csv"
    assert response["Content-Disposition"] == 'attachment; filename="reviews.csv"'
    good, formula = csv.DictReader(io.StringIO(text_of(response), newline=""))
    assert (good["title"], good["comment"], good["rating"]) == ('Said "good", twice', "Two\nlines, 好", "4")
    assert good["product_slug"] == product.slug
    assert (formula["title"], formula["comment"]) == ("'=HYPERLINK(1)", "'-1")


def test_a_file_longer_than_a_chunk_is_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(review_reports, "CHUNK", 2)
    product = make_product()
    made = [add_review(product).id for _ in range(5)]

    assert ids_in(client_as("admin").get(f"{EXPORT}?format=jsonl")) == made


@pytest.mark.parametrize("wrong", ["format=xml", "status=flagged", "product=x", "since=yesterday", "until=9999-12-31"])
def test_what_cannot_be_meant_is_named(wrong: str) -> None:
    response = client_as("admin").get(f"{EXPORT}?{wrong}")

    assert response.status_code == 400
    assert list(body(response)["errors"]) == [wrong.split("=")[0]]


def test_the_numbers_of_a_vendor_count_what_was_approved_and_follow_it_over_time() -> None:
    product, rival = make_product("Pot"), make_product(vendor=make_vendor("Red Kiln"))
    add_review(product, 5, day="2026-03-03", verified_purchase=True)
    add_review(product, 4, day="2026-03-08", answer="Thanks.", answered_at=datetime(2026, 3, 9, tzinfo=UTC))
    add_review(product, 1, day="2026-03-09", open_flags=1)
    add_review(product, 1, day="2026-03-09", status="pending")
    add_review(rival, 2)

    seen = body(seller_of(product).get(f"{ANALYTICS}?interval=week"))

    assert seen["totals"] == {
        "pending": 1, "approved": 3, "rejected": 0, "flagged": 1, "verified": 1, "answered": 1, "average": 3.33,
        "histogram": {"1": 1, "2": 0, "3": 0, "4": 1, "5": 1},
    }  # fmt: skip
    assert seen["series"] == [
        {"start": "2026-03-02T00:00:00Z", "count": 2, "average": 4.5},
        {"start": "2026-03-09T00:00:00Z", "count": 1, "average": 1.0},
    ]
    assert seen["products"] == [{"id": str(product.id), "name": "Pot", "count": 3, "average": 3.33}]
    assert [row["name"] for row in seen["vendors"]] == ["Blue Kiln"]
    assert [row["name"] for row in body(client_as("admin").get(ANALYTICS))["vendors"]] == ["Blue Kiln", "Red Kiln"]


def test_the_numbers_of_some_days_are_of_those_days_whole(django_assert_num_queries: Any) -> None:
    product = make_product()
    for day in ("2026-03-01", "2026-03-02", "2026-03-03", "2026-03-04"):
        add_review(product, day=day)

    with django_assert_num_queries(4):
        seen = body(client_as("admin").get(f"{ANALYTICS}?interval=day&since=2026-03-02&until=2026-03-03"))

    assert [point["start"][:10] for point in seen["series"]] == ["2026-03-02", "2026-03-03"]
    assert body(client_as("admin").get(f"{ANALYTICS}?product={new_id()}"))["totals"]["average"] is None
    assert client_as("customer").get(ANALYTICS).status_code == 403
