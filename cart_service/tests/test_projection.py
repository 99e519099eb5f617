"""The projection of offers is damaged in every way, and is healed from the catalogue while events flow."""

import threading
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import httpx
import pytest
from conftest import make_offer, make_offer_event, usd
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from django.core.management import CommandError, call_command
from django.db import connection
from test_alerts import make_wish

from cart_service.actions import projection
from cart_service.actions.projection import rebuild_these
from cart_service.models import Offer
from cart_service.subscriptions import SUBSCRIPTIONS
from shared import auth, calls
from shared.contracts.cart import WishCameBack, WishPriceDropped
from shared.contracts.catalog import OfferChanged, checksum_of_offers
from shared.testing import deliver, published

pytestmark = pytest.mark.django_db


class Catalogue:
    """Answers as catalog_service does, over HTTP's wire. `between` happens while an answer is on its way."""

    def __init__(self) -> None:
        self.offers: dict[UUID, OfferChanged] = {}
        self.asked: list[str] = []
        self.between: Callable[[], None] = lambda: None

    def tell(self, offer: OfferChanged, *, heard: bool = True) -> OfferChanged:
        self.offers[offer.variant_id] = offer
        if heard:
            deliver(offer, SUBSCRIPTIONS)
        return offer

    def change(self, offer: OfferChanged, *, heard: bool = True, **changes: Any) -> OfferChanged:
        present = self.offers[offer.variant_id]
        return self.tell(present.model_copy(update={"version": present.version + 1, **changes}), heard=heard)

    def answer(self, request: httpx.Request) -> httpx.Response:
        query = request.url.params
        self.asked.append(query["whole"])
        limit = int(query["limit"])
        run = [self.offers[key] for key in sorted(self.offers) if str(key) > query.get("after", "")][:limit]
        told: dict[str, Any] = {
            "count": len(run), "checksum": checksum_of_offers(run),
            "upto": str(run[-1].variant_id) if len(run) == limit else None,
        }  # fmt: skip
        if query["whole"] == "true":
            told["offers"] = [offer.model_dump(mode="json") for offer in run]
            self.between()
        return httpx.Response(200, json=told)


@pytest.fixture
def catalogue(settings: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Catalogue]:
    key = ec.generate_private_key(ec.SECP256R1())
    file = tmp_path / "cart.pem"
    file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    settings.SERVICE_KEY_FILE = file
    auth._service_key.cache_clear()
    it = Catalogue()
    client = httpx.Client(base_url=settings.CATALOG_URL, transport=httpx.MockTransport(it.answer))
    monkeypatch.setattr(calls, "_client", lambda _base_url: client)
    monkeypatch.setattr(projection, "RUN", 3)
    yield it
    client.close()
    auth._service_key.cache_clear()


def kept() -> list[str]:
    return [checksum_of_offers([projection.told(offer)]) for offer in Offer.objects.order_by("variant_id")]


def truth(catalogue: Catalogue) -> list[str]:
    return [checksum_of_offers([catalogue.offers[key]]) for key in sorted(catalogue.offers)]


def test_a_whole_projection_is_only_compared(catalogue: Catalogue) -> None:
    for _ in range(7):
        catalogue.tell(make_offer_event())

    runs = list(projection.rebuild())

    assert [(run.offers, run.healed, run.agrees) for run in runs] == [(3, 0, True), (3, 0, True), (1, 0, True)]
    assert set(catalogue.asked) == {"false"}


DAMAGES = [
    {"prices": {"USD": 1}},
    {"prices": {}},
    {"available": 999},
    {"active": False},
    {"name": "Tea"},
    {"options": {}},
    {"weight_grams": 0},
    {"version": 1_000_000},
    {"version": 0, "available": 1},
    {"category_id": None, "image": None},
    None,
]


@pytest.mark.parametrize("damage", DAMAGES)
def test_whatever_is_damaged_is_healed_and_only_that(catalogue: Catalogue, damage: dict[str, Any] | None) -> None:
    offers = [catalogue.tell(make_offer_event(version=5)) for _ in range(7)]
    row = Offer.objects.filter(variant_id=offers[4].variant_id)
    row.delete() if damage is None else row.update(**damage)

    runs = list(projection.rebuild())

    assert [run.healed for run in runs] == [0, 1, 0]
    assert all(run.agrees for run in runs)
    assert kept() == truth(catalogue)


def test_what_the_catalogue_does_not_know_is_removed(catalogue: Catalogue) -> None:
    for _ in range(2):
        catalogue.tell(make_offer_event())
    make_offer()

    assert [run.removed for run in projection.rebuild()] == [1]
    assert kept() == truth(catalogue)


def test_an_empty_projection_is_built_from_nothing(catalogue: Catalogue) -> None:
    for _ in range(6):
        catalogue.tell(make_offer_event(), heard=False)

    assert sum(run.healed for run in projection.rebuild()) == 6
    assert kept() == truth(catalogue)


def test_offers_that_are_named_are_made_anew_and_those_of_nothing_taken_away(catalogue: Catalogue) -> None:
    missed = [catalogue.tell(make_offer_event(), heard=False) for _ in range(3)]
    nothing = make_offer()

    assert rebuild_these([nothing.variant_id, *(offer.variant_id for offer in missed)]) == 4
    assert kept() == truth(catalogue)
    assert rebuild_these([nothing.variant_id]) == 0


def test_a_catalogue_without_any_offers_takes_none_away(catalogue: Catalogue) -> None:
    offer = make_offer()

    with pytest.raises(projection.CatalogIsEmpty):
        rebuild_these([offer.variant_id])

    assert Offer.objects.count() == 1


def test_a_catalogue_without_any_offers_is_not_believed(catalogue: Catalogue) -> None:
    make_offer()

    with pytest.raises(CommandError, match="no offers at all"):
        call_command("rebuild_offers")

    assert Offer.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_what_events_tell_meanwhile_is_newer_than_the_answer(catalogue: Catalogue) -> None:
    offers = [catalogue.tell(make_offer_event()) for _ in range(2)]
    Offer.objects.update(available=0)

    def meanwhile() -> None:
        catalogue.change(offers[0], available=7)
        catalogue.tell(make_offer_event(sku="NEW"))

    catalogue.between = meanwhile

    [run] = projection.rebuild()

    assert run.healed == 1
    assert not run.agrees
    assert kept() == truth(catalogue)
    catalogue.between = lambda: None
    assert [run.agrees for run in projection.rebuild(heal=False)] == [True, True]


def test_healing_is_no_news_to_who_wishes_for_something(catalogue: Catalogue) -> None:
    offer = catalogue.tell(make_offer_event(available=0))
    make_wish(offer)
    catalogue.change(offer, available=5, prices=usd(1), heard=False)

    list(projection.rebuild())

    assert Offer.objects.get().available == 5
    assert published(WishCameBack, WishPriceDropped) == []


def test_the_command_tells_what_it_did_and_refuses_to_call_a_difference_fine(
    catalogue: Catalogue, capsys: pytest.CaptureFixture[str]
) -> None:
    catalogue.tell(make_offer_event())
    Offer.objects.update(available=0)

    with pytest.raises(CommandError, match="1 of 1 runs differ"):
        call_command("rebuild_offers", check=True)
    assert Offer.objects.get().available == 0
    call_command("rebuild_offers")

    assert capsys.readouterr().out.endswith("1 offers in 1 runs, 1 healed, 0 removed\ncart: every checksum agrees\n")


@pytest.mark.django_db(transaction=True)
def test_a_projection_heals_while_events_flow(catalogue: Catalogue) -> None:
    offers = [catalogue.tell(make_offer_event()) for _ in range(20)]
    stop, rounds = threading.Event(), iter(range(1, 10_000))

    def flow() -> None:
        try:
            while not stop.is_set():
                number = next(rounds)
                catalogue.change(offers[number % 20], available=number % 50)
        finally:
            connection.close()

    stream = threading.Thread(target=flow)
    stream.start()
    try:
        for damage in DAMAGES[::3]:
            Offer.objects.filter(variant_id__in=[offer.variant_id for offer in offers[::3]]).update(**damage)
            list(projection.rebuild())
    finally:
        stop.set()
        stream.join()

    list(projection.rebuild())
    assert all(run.agrees and not run.healed for run in projection.rebuild())
    assert kept() == truth(catalogue)
