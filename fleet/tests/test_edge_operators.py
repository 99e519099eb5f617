"""The cookie of operators: a token on their pages, and nothing elsewhere."""

import pytest
from door import Door, needs_nginx, token

pytestmark = needs_nginx


def test_the_cookie_of_operators_is_their_token_on_their_pages_and_nowhere_else(door: Door) -> None:
    held = token(door)
    headers = {"Cookie": f"nexus_admin={held}; csrftoken=x", "X-CSRFToken": "x", "Origin": door.url}

    door.ask("POST", "/admin/catalog/", headers=headers)
    _method, _path, on_their_page = door.stubs["catalog_service"].seen[-1]
    door.ask("GET", "/api/v1/admin/products", headers=headers)
    _method, _path, elsewhere = door.stubs["catalog_service"].seen[-1]

    assert on_their_page["Authorization"] == f"Bearer {held}"
    assert (on_their_page["X-CSRFToken"], on_their_page["Origin"]) == ("x", door.url)
    assert "csrftoken=x" in on_their_page["Cookie"]
    assert elsewhere["Authorization"] is elsewhere["Cookie"] is None


@pytest.mark.parametrize(
    ("method", "then"),
    [("GET", "/admin/login?next=%2Fadmin%2Forder%2F%3Fq%3D1"), ("POST", "/admin/login?next=%2Fadmin%2F")],
)
def test_whose_cookie_holds_no_more_signs_in_again(door: Door, method: str, then: str) -> None:
    cookie = {"Cookie": f"nexus_admin={token(door, exp=1)}"}
    before = door.reached()

    answer = door.ask(method, "/admin/order/?q=1", headers=cookie)

    assert (answer.status_code, answer.headers["location"], door.reached()) == (303, then, before)


@pytest.mark.parametrize("path", ["/admin/login", "/admin/session", "/admin/session/renewal", "/admin/session/end"])
def test_where_operators_sign_in_and_out_an_old_cookie_is_no_obstacle(door: Door, path: str) -> None:
    answer = door.ask("POST", path, headers={"Cookie": "nexus_admin=old"})

    _method, _path, headers = door.stubs["gateway"].seen[-1]
    assert (answer.status_code, headers["Authorization"], headers["Cookie"]) == (200, None, "nexus_admin=old")
