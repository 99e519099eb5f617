"""Providers' other sides, and the books. The simulated provider answers over real HTTP: from this service's own live
server.
"""

from collections.abc import Iterator
from typing import Any

import dev_chain
import fake_stripe
import pytest
from factories import LUMEN, asked, hear, pay_out, refund_of, released, split, take
from stages import ChapaStage, CryptoStage, SimulatorStage, StripeStage

from payment_service.actions import crypto_prices, payouts, refunds
from payment_service.clients import simulator
from payment_service.queries.books import broken_rules
from shared.context import new_id
from shared.money import Money


@pytest.fixture
def provider(live_server: Any, settings: Any) -> Iterator[Any]:
    """Where the provider listens, and where it sends its webhooks."""
    settings.SIMULATOR_URL = live_server.url
    settings.SIMULATOR_WEBHOOK_URL = f"{live_server.url}/api/v1/payment-webhooks/simulator"
    settings.PUBLIC_URL = live_server.url
    settings.SIMULATOR_SLOW_SECONDS = 0
    simulator._http.cache_clear()
    yield settings
    simulator._http.cache_clear()


@pytest.fixture
def balanced_books() -> Iterator[None]:
    """Whatever a test does, the books agree afterwards."""
    yield
    assert broken_rules() == []


@pytest.fixture(scope="session")
def stripe_url() -> Iterator[str]:
    """Where what stands in for Stripe listens."""
    with fake_stripe.running() as url:
        yield url


@pytest.fixture(scope="session")
def chain() -> Iterator[Any]:
    """A chain of blocks, which goes on from test to test."""
    with dev_chain.running() as chain:
        yield chain


STAGES = {"simulator": SimulatorStage, "stripe": StripeStage, "chapa": ChapaStage, "crypto": CryptoStage}


@pytest.fixture(params=list(STAGES))
def stage(request: Any, live_server: Any, settings: Any, balanced_books: None) -> Any:
    """What is played on it is played on all of them."""
    settings.PAYMENT_METHODS = list(STAGES)
    settings.PUBLIC_URL = live_server.url
    elsewhere = {"stripe": "stripe_url", "crypto": "chain"}.get(request.param)
    return STAGES[request.param](settings, request.getfixturevalue(elsewhere) if elsewhere else live_server.url)


@pytest.fixture
def both_earned(provider: Any) -> Any:
    """45.00 USD of Northwind's and 31.00 of Lumen's are available."""
    message = take()
    asked(message)
    released(message)
    return message


@pytest.fixture
def happened(provider: Any) -> Any:
    """A charge of 60.00 and one of 40.00, a refund of 40.00 and a payout of 20.00."""
    message, other = take(split()), take(split(LUMEN, gross=4_000, tax=600, commission=300))
    asked(message)
    asked(other)
    released(message)
    hear(refund_of(other))
    refunds.ask_for_refunds()
    hear(pay_out(2_000))
    payouts.ask_for_payouts()
    return message


@pytest.fixture
def priced(stage: CryptoStage) -> CryptoStage:
    """A coin is worth 3 000.00 USD."""
    crypto_prices.set_price(price=Money(300_000, "USD"), by=new_id())
    return stage
