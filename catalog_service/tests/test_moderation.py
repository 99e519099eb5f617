"""Reviews under judgement: edited, flagged, scored; and what their authors and vendors may do with them."""

import io
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.utils import timezone
from PIL import Image as Pillow

from catalog_service.actions import files
from catalog_service.actions.moderation import approve_review, reject_review
from catalog_service.actions.reviews import vote, write_review
from catalog_service.models import DiscardedFile, Product, Review, ReviewImage
from catalog_service.models.spam import RULES, Suspect, broken_rules, digest_of
from shared.context import new_id
from shared.contracts.catalog import ReviewPublished
from shared.contracts.user import UserErased
from shared.testing import audited, body, client_as, published
from tests.factories import hear, make_product, make_vendor

pytestmark = pytest.mark.django_db
ADMIN = "/api/v1/admin/reviews"
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


def rating_of(review: Review) -> tuple[float, int]:
    product = Product.objects.get(id=review.product_id)
    return float(product.rating_average), product.rating_count


def ids(response: Any) -> list[str]:
    return [row["id"] for row in body(response)["results"]]


def together(*jobs: Callable[[], object]) -> None:
    """All at once, each with a connection of its own."""
    gate = threading.Barrier(len(jobs))

    def run(job: Callable[[], object]) -> None:
        try:
            gate.wait(20)
            job()
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


# ── Of one's own ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_edited_review_waits_for_approval_and_does_not_count_meanwhile() -> None:
    review = make_review(rating=5)
    flagger = client_as("customer")
    flagger.post(url_of(review, "/flag"), {"reason": "other"})

    edited = author_of(review).patch(url_of(review), {"rating": 2, "comment": "The lid broke."})

    seen = body(edited)
    assert (seen["status"], seen["rating"], seen["title"], seen["comment"]) == (
        "pending", 2, "Sturdy", "The lid broke.",
    )  # fmt: skip
    assert seen["edited_at"]
    assert rating_of(review) == (0, 0)
    assert client_as().get(url_of(review)).status_code == 404
    assert ids(client_as("admin").get(f"{ADMIN}?status=pending")) == [str(review.id)]
    assert Review.objects.get().open_flags == 0

    client_as("admin").post(f"{ADMIN}/{review.id}/approve")

    assert rating_of(review) == (2, 1)
    assert body(client_as().get(url_of(review)))["comment"] == "The lid broke."


def test_the_same_text_again_is_no_edit() -> None:
    review = make_review()

    same = author_of(review).put(url_of(review), {"rating": 4, "title": review.title, "comment": review.comment})

    assert (body(same)["status"], body(same)["edited_at"]) == ("approved", None)


def test_a_deleted_review_counts_no_more_and_leaves_room_for_another() -> None:
    review = make_review()
    author = author_of(review)

    assert author.delete(url_of(review)).status_code == 204

    assert rating_of(review) == (0, 0)
    assert author.get(url_of(review)).status_code == 404
    assert author.post(f"/api/v1/products/{review.product_id}/reviews", {"rating": 1}).status_code == 201


@pytest.mark.parametrize("method", ["patch", "put", "delete"])
def test_reviews_of_others_are_as_good_as_absent_to_who_would_change_them(method: str) -> None:
    review = make_review()
    stranger = client_as("customer", "vendor", "admin", vendor_id=review.product.vendor_id)

    theirs = getattr(stranger, method)(url_of(review), {"rating": 1})
    nothing = getattr(stranger, method)(f"/api/v1/reviews/{new_id()}", {"rating": 1})

    assert theirs.status_code == nothing.status_code == 404
    assert body(theirs)["detail"] == body(nothing)["detail"]
    assert getattr(client_as(), method)(url_of(review), {"rating": 1}).status_code == 401


def test_authors_see_their_own_in_every_status_with_the_reason_and_others_only_what_is_approved() -> None:
    me, product = new_id(), make_product()
    waiting, refused = make_review(user_id=me, approved=False), make_review(product, user_id=me, approved=False)
    reject_review(review_id=refused.id, reason="An advertisement.")
    read = make_review(product)

    own = client_as("customer", user_id=me).get("/api/v1/reviews?mine=true")

    assert ids(own) == [str(refused.id), str(waiting.id)]
    assert [row["rejection_reason"] for row in body(own)["results"]] == ["An advertisement.", ""]
    assert own["Cache-Control"] == "private, no-store"
    assert ids(client_as().get("/api/v1/reviews")) == [str(read.id)]
    assert ids(client_as().get(f"/api/v1/reviews?product={product.slug}")) == [str(read.id)]
    assert "rejection_reason" not in body(client_as().get(url_of(read)))
    assert client_as().get("/api/v1/reviews?mine=true").status_code == 401
    assert client_as().get("/api/v1/reviews?product=nothing-like-it").status_code == 404
    assert client_as("customer").get("/api/v1/reviews?vendor=me").status_code == 400


def test_a_review_may_be_written_with_its_product_in_the_body() -> None:
    product = make_product()

    made = client_as("customer").post("/api/v1/reviews", {"product": str(product.id), "rating": 3})

    assert made.status_code == 201
    assert made["Location"] == f"/api/v1/reviews/{body(made)['id']}"
    assert client_as("customer").post("/api/v1/reviews", {"rating": 3}).status_code == 400


def test_reviews_are_narrowed_and_ordered() -> None:
    product = make_product()
    low, high = make_review(product, rating=1), make_review(product, rating=5)
    Review.objects.filter(id=low.id).update(helpful=7, verified_purchase=True)
    url = f"/api/v1/products/{product.id}/reviews"

    def listed(query: str) -> list[str]:
        return ids(client_as().get(f"{url}?{query}"))

    assert listed("ordering=highest") == [str(high.id), str(low.id)]
    assert listed("ordering=lowest") == listed("ordering=oldest") == listed("ordering=helpful")
    assert listed("verified=true") == [str(low.id)]
    assert listed("with_images=true") == listed("answered=true") == []
    assert listed("with_images=false&answered=false") == [str(high.id), str(low.id)]
    first = body(client_as().get(f"{url}?ordering=helpful&limit=1"))
    assert ids(client_as().get(first["next"])) == [str(high.id)]
    assert client_as().get(f"{url}?ordering=spam").status_code == 400


def test_a_page_of_reviews_takes_three_statements_however_many_there_are(
    django_assert_num_queries: Any,
) -> None:
    product = make_product()
    for _ in range(4):
        add_image(make_review(product))
    Review.objects.update(status="approved", answer="Thank you.", answered_at="2026-01-01T00:00:00Z")

    with django_assert_num_queries(3):
        page = body(client_as().get(f"/api/v1/products/{product.id}/reviews"))

    assert [len(row["images"]) for row in page["results"]] == [1] * 4


# ── Pictures ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def add_image(review: Review, content: bytes | None = None, client: Any = None) -> Any:
    buffer = io.BytesIO()
    Pillow.new("RGB", (60, 40), "teal").save(buffer, "PNG")
    file = SimpleUploadedFile("pot.png", content or buffer.getvalue(), "image/png")
    return (client or author_of(review)).post(url_of(review, "/images"), {"image": file}, format="multipart")


def test_pictures_wait_with_their_review_and_go_with_it(media: Path) -> None:
    review = make_review()

    made = add_image(review)

    assert made.status_code == 201, made.content
    seen = body(author_of(review).get(url_of(review)))
    assert (seen["status"], [image["id"] for image in seen["images"]]) == ("pending", [body(made)["id"]])
    stored = [path for path in media.rglob("*") if path.is_file()]
    assert len(stored) == 2

    author_of(review).delete(url_of(review))
    DiscardedFile.objects.update(due_at=timezone.now())

    assert files.delete_discarded() == 2
    assert not any(path.is_file() for path in media.rglob("*"))


def test_a_picture_is_taken_away_without_another_approval() -> None:
    review = make_review()
    image = body(add_image(review))["id"]
    approve_review(review_id=review.id)

    gone = author_of(review).delete(url_of(review, f"/images/{image}"))

    assert gone.status_code == 204
    assert not ReviewImage.objects.exists()
    assert Review.objects.get().status == "approved"
    assert author_of(review).delete(url_of(review, f"/images/{image}")).status_code == 404


def test_strange_pictures_too_many_and_those_of_others_are_refused() -> None:
    review = make_review()

    assert add_image(review, b"no picture").status_code == 400
    assert add_image(review, client=client_as("customer")).status_code == 404
    assert [add_image(review).status_code for _ in range(6)] == [201] * 5 + [400]


# ── Flags ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_flagged_review_comes_back_to_the_queue_with_its_reasons_until_it_is_decided() -> None:
    review, admin = make_review(), client_as("admin")
    reader = client_as("customer")

    flagged = reader.post(url_of(review, "/flag"), {"reason": "spam", "detail": "A copy."})
    reader.post(url_of(review, "/flag"), {"reason": "offensive"})

    assert flagged.status_code == 201
    for status in ("flagged", "waiting"):
        (queued,) = body(admin.get(f"{ADMIN}?status={status}"))["results"]
        assert (queued["id"], queued["open_flags"], queued["flags"]) == (str(review.id), 1, {"offensive": 1})
    assert ids(client_as().get("/api/v1/reviews")) == [str(review.id)]

    decided = admin.post(f"{ADMIN}/{review.id}/approve")

    assert (body(decided)["status"], body(decided)["open_flags"]) == ("approved", 0)
    assert ids(admin.get(f"{ADMIN}?status=waiting")) == []
    again = reader.post(url_of(review, "/flag"), {"reason": "spam"})
    assert (again.status_code, body(again)["code"]) == (409, "already_decided")
    assert len(published(ReviewPublished)) == 1
    assert audited() == [("catalog.review.approve", "review")] * 2


def test_a_review_that_many_flag_is_hidden_until_it_is_decided() -> None:
    review = make_review()

    for expected in ((4.0, 1), (4.0, 1), (0.0, 0)):
        client_as("customer").post(url_of(review, "/flag"), {"reason": "false"})
        assert rating_of(review) == expected

    assert client_as().get(url_of(review)).status_code == 404
    assert client_as("customer").post(url_of(review, "/flag"), {"reason": "false"}).status_code == 404
    client_as("admin").post(f"{ADMIN}/{review.id}/approve")
    assert rating_of(review) == (4.0, 1)


def test_who_flags_is_signed_in_and_not_the_author_and_says_why() -> None:
    review = make_review()
    url = url_of(review, "/flag")

    assert client_as().post(url, {"reason": "spam"}).status_code == 401
    own = author_of(review).post(url, {"reason": "spam"})
    assert (own.status_code, body(own)["code"]) == (409, "own_review")
    for wrong in ({}, {"reason": "ugly"}, {"reason": "spam", "detail": "a\nb"}, {"reason": "spam", "status": "x"}):
        assert client_as("customer").post(url, wrong).status_code == 400
    assert client_as("customer").post(f"/api/v1/reviews/{new_id()}/flag", {"reason": "spam"}).status_code == 404


def test_a_rejection_needs_a_reason() -> None:
    review = make_review(approved=False)

    assert client_as("admin").post(f"{ADMIN}/{review.id}/reject").status_code == 400
    assert client_as("admin").post(f"{ADMIN}/{review.id}/reject", {"reason": ""}).status_code == 400


def test_what_somebody_who_is_erased_complained_of_stays_without_words() -> None:
    review, eve = make_review(), new_id()
    client_as("customer", user_id=eve).post(url_of(review, "/flag"), {"reason": "other", "detail": "I know him."})

    hear(UserErased(user_id=eve))

    assert review.flags.get().detail == ""


# ── Spam ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("Cheaper at https://example.org", "link"),
        ("See pots-for-less.com", "link"),
        ("Write to me@example.org", "contact"),
        ("Call +44 7400 123456", "contact"),
        ("Use my promo code", "sales_talk"),
        ("THIS IS THE BEST POT I HAVE EVER BOUGHT", "shouting"),
        ("Soooooo good", "repetition"),
        ("Buy!!!!!", "repetition"),
    ],
)
def test_each_rule_knows_its_kind_of_spam(text: str, rule: str) -> None:
    points = {known.name: known.points for known in RULES}

    assert broken_rules(Suspect(text))[rule] == points[rule]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Holds 2.5 litres. Arrived on 2026-11-02.",
        "Very good!!",
        "NASA would buy it. So would my aunt.",
        "Çok güzel, 很好",
    ],
)
def test_honest_reviews_break_no_rule(text: str) -> None:
    assert broken_rules(Suspect(text)) == {}


def test_moderators_see_the_score_and_why_the_worst_first() -> None:
    make_review(approved=False, comment="Holds soup.")
    make_review(approved=False, comment="BUY NOW at www.example.org, BUY NOW, ask me@example.org")

    first, second = body(client_as("admin").get(f"{ADMIN}?status=pending&ordering=spam"))["results"]

    assert second["spam"] == {"score": 0, "rules": []}
    assert first["spam"]["score"] == 100
    assert {rule["rule"]: rule["points"] for rule in first["spam"]["rules"]} == {
        "link": 40, "contact": 30, "sales_talk": 30,
    }  # fmt: skip
    assert all(rule["why"] for rule in first["spam"]["rules"])


def test_the_same_words_elsewhere_are_a_copy_however_they_are_set() -> None:
    make_review(title="", comment="This pot changed my life, buy it.")
    copy = make_review(title="", comment="this POT changed my life -- BUY it", approved=False)
    short = [make_review(title="", comment="Good pot!", approved=False) for _ in range(2)]

    assert copy.spam_rules == {"copy": 50}
    assert [review.spam_rules for review in short] == [{}, {}]
    assert digest_of("Good pot!") == ""


def test_many_reviews_within_an_hour_are_a_burst() -> None:
    user_id = new_id()

    scores = [make_review(user_id=user_id).spam_rules for _ in range(6)]

    assert scores == [{}] * 5 + [{"burst": 30}]


def test_where_no_approval_is_needed_what_looks_like_spam_needs_it_all_the_same(settings: Any) -> None:
    settings.REVIEWS_NEED_APPROVAL = False

    honest = make_review(approved=False, comment="Holds soup.")
    spam = make_review(approved=False, comment="Promo code at www.example.org")
    author_of(honest).patch(url_of(honest), {"comment": "Buy now at www.example.org"})

    assert (honest.status, spam.status) == ("approved", "pending")
    assert Review.objects.get(id=honest.id).status == "pending"


# ── Votes and answers ────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_vote_can_be_taken_back_and_nobody_votes_for_themselves() -> None:
    review = make_review()
    reader = client_as("customer")
    reader.post(url_of(review, "/votes"), {"helpful": True})

    assert body(reader.delete(url_of(review, "/votes")))["helpful"] == 0
    own = author_of(review).post(url_of(review, "/votes"), {"helpful": True})
    assert (own.status_code, body(own)["code"]) == (409, "own_review")
    seller = client_as("vendor", vendor_id=review.product.vendor_id)
    assert body(seller.post(url_of(review, "/votes"), {"helpful": True}))["code"] == "own_product"


def test_a_vendor_answers_reviews_of_its_own_products_for_all_to_read() -> None:
    review = make_review()
    vendor = client_as("vendor", vendor_id=review.product.vendor_id)

    vendor.post(url_of(review, "/answer"), {"text": "Sorry!"})
    answered = vendor.put(url_of(review, "/answer"), {"text": "Thank you.\nCome again."})

    assert answered.status_code == 200
    (read,) = body(client_as().get(f"/api/v1/products/{review.product_id}/reviews?answered=true"))["results"]
    assert read["answer"]["text"] == "Thank you.\nCome again."
    assert read["answer"]["vendor_name"] == "Blue Kiln"
    assert ids(vendor.get("/api/v1/reviews?vendor=me&answered=false")) == []
    assert ids(vendor.get("/api/v1/reviews?vendor=me")) == [str(review.id)]
    assert body(vendor.delete(url_of(review, "/answer")))["answer"] is None


def test_answers_of_others_are_refused_and_an_admin_takes_away_what_should_not_be_there() -> None:
    review = make_review()
    url = url_of(review, "/answer")
    stranger = client_as("vendor", vendor_id=make_vendor("Red Kiln").id)
    owner = client_as("vendor", vendor_id=review.product.vendor_id)

    assert stranger.post(url, {"text": "Ours is better."}).status_code == 404
    assert stranger.delete(url).status_code == 404
    assert client_as("customer").post(url, {"text": "x"}).status_code == 403
    assert client_as("admin").post(url, {"text": "x"}).status_code == 403
    for wrong in ({}, {"text": ""}, {"text": "\u202e"}, {"text": "x" * 2_001}):
        assert owner.post(url, wrong).status_code == 400
    waiting = make_review(review.product, approved=False)
    assert owner.post(url_of(waiting, "/answer"), {"text": "x"}).status_code == 404

    owner.post(url, {"text": "Insults."})
    client_as("admin").delete(url)

    assert Review.objects.get(id=review.id).answer == ""
    assert audited()[-1] == ("catalog.review.remove_answer", "review")


# ── At once ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.django_db(transaction=True)
def test_the_rating_is_exact_whatever_happens_at_once() -> None:
    product = make_product()
    reviews = [make_review(product, rating=1 + i % 5, approved=i % 2 == 0) for i in range(10)]

    together(
        *(lambda i=i: reject_review(review_id=reviews[i].id, reason="x") for i in range(0, 10, 2)),  # type: ignore[misc]
        *(lambda i=i: approve_review(review_id=reviews[i].id) for i in range(1, 10, 2)),  # type: ignore[misc]
    )

    approved = sorted(Review.objects.public().values_list("rating", flat=True))
    product.refresh_from_db()
    assert approved == [1, 2, 3, 4, 5]
    assert product.rating_histogram == [1, 1, 1, 1, 1]
    assert (float(product.rating_average), product.rating_count) == (3.0, 5)


@pytest.mark.django_db(transaction=True)
def test_votes_at_once_are_all_counted() -> None:
    review = make_review()

    together(
        *(
            lambda i=i: vote(review_id=review.id, user_id=new_id(), vendor_id=None, helpful=i % 3 > 0)  # type: ignore[misc]
            for i in range(12)
        )
    )

    review.refresh_from_db()
    assert (review.helpful, review.unhelpful) == (8, 4)
