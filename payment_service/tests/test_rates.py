"""Exchange rates: published by admins for a day, told to all, read by anybody."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from payment_service.models import RateTable
from shared.contracts.payment import ExchangeRatesPublished
from shared.testing import audited, body, client_as, published

pytestmark = pytest.mark.django_db
URL = "/api/v1/exchange-rates"


def days_ago(days: int) -> str:
    return str(timezone.now().date() - timedelta(days=days))


def publish(**rates: Any) -> Any:
    answer = client_as("admin").put(URL, {"day": days_ago(0), "rates": {"EUR": "0.92"}, **rates})
    assert answer.status_code == 200, answer.content
    return body(answer)


def test_an_admin_publishes_the_rates_of_a_day_and_everybody_hears_and_reads_them() -> None:
    told = publish(rates={"EUR": "0.920000", "JPY": 151, "USD": "1"})

    assert told["rates"] == {"EUR": "0.92", "JPY": "151"}
    assert body(client_as().get(URL)) == told
    (event,) = published(ExchangeRatesPublished)
    assert (event.base, str(event.day), event.version) == ("USD", days_ago(0), 1)
    assert {one.currency: one.rate for one in event.rates} == {"EUR": Decimal("0.92"), "JPY": Decimal(151)}
    assert audited() == [("payment.exchange_rates.publish", "exchange_rates")]


def test_the_newest_day_is_told_and_a_correction_of_an_older_one_is_not() -> None:
    publish(day=days_ago(1), rates={"EUR": "0.90"})
    publish(rates={"EUR": "0.91"})
    publish(day=days_ago(1), rates={"EUR": "0.89"})
    publish(rates={"EUR": "0.93"})

    assert [(str(one.rates[0].rate), one.version) for one in published(ExchangeRatesPublished)] == [
        ("0.9", 1), ("0.91", 2), ("0.93", 4),
    ]  # fmt: skip
    assert RateTable.objects.count() == 2


def test_a_day_without_rates_has_those_of_the_last_day_before_it() -> None:
    publish(day=days_ago(9), rates={"EUR": "0.90"})
    publish(day=days_ago(3), rates={"EUR": "0.91"})

    seen = [client_as().get(f"{URL}?day={days_ago(days)}") for days in (10, 9, 5, 3, 0)]

    assert [answer.status_code for answer in seen] == [404, 200, 200, 200, 200]
    assert [body(answer)["rates"]["EUR"] for answer in seen[1:]] == ["0.9", "0.9", "0.91", "0.91"]


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"rates": {}}, "rates"),
        ({"rates": {"EUR": "0"}}, "rates.EUR"),
        ({"rates": {"EUR": "-1"}}, "rates.EUR"),
        ({"rates": {"EUR": "NaN"}}, "rates.EUR"),
        ({"rates": {"EUR": "1e99"}}, "rates.EUR"),
        ({"rates": {"EUR": "0.1234567890123"}}, "rates.EUR"),
        ({"rates": {"XXX": "1", "\x00": "2"}}, "rates.XXX"),
        ({"rates": {"USD": "2"}}, "rates"),
        ({"rates": ["EUR"]}, "rates"),
        ({"day": "2999-01-01"}, "day"),
        ({"day": "1066-10-14"}, "day"),
        ({"base": "XXX"}, "base"),
        ({"extra": 1}, "extra"),
    ],
)
def test_strange_rates_are_refused(given: dict[str, Any], field: str) -> None:
    answer = client_as("admin").put(URL, {"rates": {"EUR": "0.92"}, **given})

    assert answer.status_code == 400, answer.content
    assert field in body(answer)["errors"]
    assert not published(ExchangeRatesPublished)


@pytest.mark.parametrize("day", ["yesterday", "\x00", "2026-13-01", "99999-01-01"])
def test_strange_days_are_refused(day: str) -> None:
    answer = client_as().get(URL, {"day": day})

    assert (answer.status_code, set(body(answer)["errors"])) == (400, {"day"})


def test_only_admins_publish() -> None:
    statuses = [client_as(*roles).put(URL, {"rates": {"EUR": "1"}}).status_code for roles in ((), ("vendor",))]

    assert statuses == [401, 403]
