"""Without Redis, carts are unavailable and say when to come back, and confirmations wait."""

from collections.abc import Callable

import pytest
import redis
from conftest import add, make_offer, make_order_confirmed

from cart_service.models import store
from cart_service.subscriptions import SUBSCRIPTIONS
from shared.errors import Unavailable
from shared.testing import body, client_as, deliver

pytestmark = pytest.mark.django_db


def test_without_redis_carts_are_unavailable_and_say_when_to_come_back(broken_redis: Callable[[], None]) -> None:
    client, offer = client_as("customer"), make_offer()
    broken_redis()

    answers = [client.get("/api/v1/cart"), add(client, offer), add(client_as(), offer), client.delete("/api/v1/cart")]

    assert [answer.status_code for answer in answers] == [503] * 4
    assert all(answer["Retry-After"] == "2" for answer in answers)
    assert all(answer["Content-Type"] == "application/problem+json" for answer in answers)


@pytest.mark.parametrize(
    "said",
    [
        "MISCONF Errors writing to the AOF file: No space left on device",
        "NOREPLICAS Not enough good replicas to write.",
        "BUSY Redis is busy running a script.",
        "OOM command not allowed when used memory > 'maxmemory'. script: 0, on @user_script:1.",
    ],
)
def test_a_redis_that_does_not_write_is_as_one_that_is_away(said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_command: object) -> None:
        raise redis.exceptions.ResponseError(said)

    monkeypatch.setattr(store.connection(), "execute_command", refuse)

    response = client_as("customer").get("/api/v1/cart")

    assert (response.status_code, response["Retry-After"]) == (503, "2")


def test_without_redis_a_confirmation_waits(broken_redis: Callable[[], None]) -> None:
    client, coffee = client_as("customer"), make_offer()
    confirmed = make_order_confirmed(body(add(client, coffee)), (coffee, 1))
    broken_redis()

    with pytest.raises(Unavailable):
        deliver(confirmed, SUBSCRIPTIONS)
