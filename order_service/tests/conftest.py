import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import import_module
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.apps import apps
from django.conf import LazySettings

from order_service.clients import Cart
from order_service.models import ShippingRate


class CartService(ThreadingHTTPServer):
    """The cart service as order sees it: `carts` maps a user's id or a guest's token to a cart."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.carts: dict[str, Cart] = {}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Answer(BaseHTTPRequestHandler):
    server: CartService

    def do_GET(self) -> None:
        query = parse_qs(urlsplit(self.path).query)
        cart = self.server.carts.get((query.get("user_id") or query["token"])[0])
        content = json.dumps(_as_json(cart)).encode() if cart else b"{}"
        self.send_response(200 if cart else 404)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_args: Any) -> None:
        """Quiet."""


def _as_json(cart: Cart) -> dict[str, Any]:
    ids = ("variant_id", "product_id", "vendor_id")
    plain = ("vendor_name", "sku", "name", "quantity", "available", "active", "weight_grams")
    items = [
        {
            **{name: str(getattr(line, name)) for name in ids},
            **{name: getattr(line, name) for name in plain},
            "unit_price": line.unit_price.as_json(),
        }
        for line in cart.lines
    ]
    return {"id": cart.id, "currency": cart.currency, "coupon": cart.coupon, "items": items}


@pytest.fixture
def cart_service(settings: LazySettings) -> Iterator[CartService]:
    server = CartService()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    settings.CART_URL = server.url
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(autouse=True)
def rates(request: pytest.FixtureRequest, _django_db_marker: None) -> None:
    """Tests that commit leave an empty database to the next: the rates that come with the service are put back."""
    if request.node.get_closest_marker("django_db") and not ShippingRate.objects.exists():
        import_module("order_service.migrations.0010_default_rates").write(apps, None)
