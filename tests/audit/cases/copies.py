"""What services keep of vendors, offers and people that others own."""

from collections.abc import Iterator
from uuid import uuid4

from databases import Databases
from story import Story

from cases.registry import case


@case("a_vendor_is_known_alike", mends=True)
def another_name_in_the_catalogue(db: Databases, story: Story) -> Iterator[str]:
    with db.changed("catalog", "known_vendor", {"id": story.vendors[0]}, name="Somebody else"):
        yield story.vendors[0]


@case("a_vendor_is_known_alike", mends=True)
def a_vendor_that_orders_take_for_suspended(db: Databases, story: Story) -> Iterator[str]:
    with db.changed("order", "vendor_terms", {"vendor_id": story.vendors[0]}, active=False):
        yield story.vendors[0]


@case("a_vendor_is_known_alike", mends=True)
def a_vendor_that_payment_never_heard_of(db: Databases, story: Story) -> Iterator[str]:
    with db.removed("payment", "payout_vendor", id=story.vendors[1]):
        yield story.vendors[1]


@case("a_vendor_is_known_alike", mends=True)
def a_vendor_as_it_was_after_the_backup(db: Databases, story: Story) -> Iterator[str]:
    later = {"name": "Renamed since", "version": lambda version: version + 100}
    with db.changed("catalog", "known_vendor", {"id": story.vendors[0]}, **later):
        yield story.vendors[0]


@case("a_vendor_that_is_known_is_there")
def a_vendor_of_nowhere(db: Databases, story: Story) -> Iterator[str]:
    vendor = str(uuid4())
    row = db.like("notification", "vendor_contact", {"vendor_id": story.vendors[0]}, vendor_id=vendor)
    with db.added("notification", "vendor_contact", row):
        yield vendor


@case("a_vendor_sees_the_ledgers_balance", mends=True)
def a_balance_that_is_shown_too_high(db: Databases, story: Story) -> Iterator[str]:
    balance = {"vendor_id": story.vendors[0], "currency": "USD"}
    with db.changed("vendor", "balance", balance, available=lambda n: n + 500):
        yield story.vendors[0]


@case("a_payout_is_known_alike")
def a_payout_of_more_than_was_paid(db: Databases, story: Story) -> Iterator[str]:
    payout = db.one("vendor", "payout", vendor_id=story.vendors[1])["id"]
    with db.changed("vendor", "payout", {"id": payout}, amount=lambda n: n + 1):
        yield payout


# ── Offers, people ───────────────────────────────────────────────────────────────────────────────────────────────────


@case("a_cart_offers_what_the_catalogue_does", mends=True)
def a_price_of_yesterday(db: Databases, story: Story) -> Iterator[str]:
    with db.changed("cart", "offer", {"variant_id": story.variant}, prices={"USD": 1}):
        yield story.variant


@case("a_cart_offers_nothing_else", mends=True)
def an_offer_of_nothing(db: Databases, story: Story) -> Iterator[str]:
    variant = str(uuid4())
    with db.added("cart", "offer", db.like("cart", "offer", {"variant_id": story.variant}, variant_id=variant)):
        yield variant


@case("an_account_is_known_alike", mends=True)
def an_address_of_before(db: Databases, story: Story) -> Iterator[str]:
    with db.changed("order", "customer", {"user_id": story.buyer}, email="before@example.com"):
        yield story.buyer


@case("an_account_is_known_alike", mends=True)
def an_address_of_after_the_backup(db: Databases, story: Story) -> Iterator[str]:
    later = {"email": "after@example.com", "version": lambda version: version + 100}
    with db.changed("notification", "recipient", {"user_id": story.buyer}, **later):
        yield story.buyer


@case("an_account_is_known_alike", mends=True)
def an_account_that_mails_do_not_know(db: Databases, story: Story) -> Iterator[str]:
    with db.removed("notification", "recipient", user_id=story.buyer):
        yield story.buyer


@case("who_was_erased_is_forgotten", mends=True)
def an_erasure_that_notification_missed(db: Databases, story: Story) -> Iterator[str]:
    row = db.like("notification", "recipient", {"user_id": story.buyer}, user_id=story.erased)
    with db.added("notification", "recipient", row):
        yield story.erased


@case("who_is_known_has_an_account")
def a_customer_of_nowhere(db: Databases, story: Story) -> Iterator[str]:
    user = str(uuid4())
    with db.added("order", "customer", db.like("order", "customer", {"user_id": story.buyer}, user_id=user)):
        yield user


@case("a_buyer_sees_the_ledgers_credit")
def store_credit_that_nobody_granted(db: Databases, story: Story) -> Iterator[str]:
    row = {"id": str(uuid4()), "user_id": story.buyer, "currency": "EUR", "available": 500, "version": 1}
    with db.added("order", "store_credit", row):
        yield story.buyer


@case("a_buyer_sees_the_ledgers_credit", mends=True)
def store_credit_that_is_shown_too_high(db: Databases, story: Story) -> Iterator[str]:
    credit = {"user_id": story.buyer, "currency": "USD"}
    with db.changed("order", "store_credit", credit, available=lambda n: n + 500):
        yield story.buyer
