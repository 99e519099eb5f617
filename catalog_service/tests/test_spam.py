"""Which reviews look like spam, why, and what becomes of them."""

from typing import Any

import pytest

from catalog_service.models import Review
from catalog_service.models.spam import RULES, Suspect, broken_rules, digest_of
from shared.context import new_id
from shared.testing import body, client_as
from tests.reviewing import author_of, make_review, url_of

pytestmark = pytest.mark.django_db
ADMIN = "/api/v1/admin/reviews"


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
