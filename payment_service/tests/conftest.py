"""Providers' other sides, and the books. The simulated provider answers over real HTTP: from this service's own live
server.
"""

from collections.abc import Iterator
from typing import Any

import fake_stripe
import pytest

from payment_service.clients import simulator
from payment_service.queries.books import broken_rules


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
