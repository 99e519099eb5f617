"""Carts as their owners see them, and one merged into another."""

from typing import Any

from rest_framework.test import APIClient

from shared.testing import body


def cart(client: APIClient) -> Any:
    response = client.get("/api/v1/cart")
    assert response.status_code == 200
    return body(response)


def quantities(shown: Any) -> list[int]:
    return [item["quantity"] for item in shown["items"]]


def merge(client: APIClient, guest: APIClient) -> Any:
    return client.post("/api/v1/cart/merge", HTTP_X_CART_TOKEN=guest._credentials["HTTP_X_CART_TOKEN"])
