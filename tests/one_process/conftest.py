"""The payment provider without its network."""

from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from world import InProcessSimulator

from order_service.models import ShippingRate
from payment_service.actions import providers, webhooks
from payment_service.clients import simulator as simulator_client


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch, tmp_path: Any, settings: Any) -> None:
    """Webhooks are signed, sent and received as ever, only not over a socket."""

    def tell(event: dict[str, str]) -> bool:
        body = simulator_client.json.dumps(event).encode()
        at = int(simulator_client.time.time())
        signature = simulator_client.sign(body, secret=settings.SIMULATOR_WEBHOOK_SECRETS[0], at=at)
        headers = {simulator_client.SIGNATURE_HEADER: signature}
        return bool(webhooks.receive_webhook(provider="simulator", body=body, headers=headers))

    monkeypatch.setitem(providers.PROVIDERS, "simulator", InProcessSimulator())
    monkeypatch.setattr(simulator_client, "tell", tell)
    settings.MEDIA_ROOT = str(tmp_path)
    if not ShippingRate.objects.exists():  # tests that commit leave an empty database to the next
        import_module("order_service.migrations.0010_default_rates").write(apps, None)
