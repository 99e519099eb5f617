"""What an order may say of how it is paid."""

import pytest
from rest_framework.serializers import ValidationError

from order_service.api.checkout import token_field


@pytest.mark.parametrize("token", ["pm_card_visa", "tok_1N-x", "ok", "x" * 200])
def test_a_providers_token_is_taken(token: str) -> None:
    assert token_field(["simulator", "stripe"]).run_validation(token) == token


@pytest.mark.parametrize(
    "token",
    ["", "4242424242424242", "4242-4242-4242-4242", "378282246310005", "pm card", "pm\x00", "x" * 201, None, 5.5],
)
def test_a_cards_number_or_nonsense_is_not(token: object) -> None:
    with pytest.raises(ValidationError):
        token_field(["stripe"]).run_validation(token)


def test_the_simulator_alone_takes_only_its_own() -> None:
    with pytest.raises(ValidationError):
        token_field(["simulator"]).run_validation("pm_card_visa")
