"""What somebody wrote in one service is there in the next, for who shows the token of the answer to the writing."""

from uuid import uuid4

from fleet.client import Market, Person

TIMES = 5


def test_a_product_is_in_a_cart_the_moment_it_is_approved(market: Market, vendor: Person, admin: Person) -> None:
    category = market.guest().get("categories")["results"][0]["slug"]
    answers = []
    for _ in range(TIMES):
        variant = {"sku": f"T-{uuid4().hex[:12]}", "price": {"amount": "3.00", "currency": "USD"}, "stock": 1}
        body = {"name": f"Fresh {uuid4().hex[:8]}", "category": category, "variants": [variant]}
        product = vendor.post("products", body, expect=201)
        approved = admin.ask("POST", f"admin/products/{product['id']}/approve")
        line = {"variant_id": product["variants"][0]["id"], "quantity": 1}
        token = {"Consistency-Token": approved.headers["Consistency-Token"]}
        answers.append(market.guest().ask("POST", "cart/items", json=line, headers=token).status_code)
        admin.ask("DELETE", f"products/{product['id']}")

    assert answers == [201] * TIMES
    assert market.guest().ask("GET", "categories", headers=token).headers["X-Cache"] == "BYPASS"
