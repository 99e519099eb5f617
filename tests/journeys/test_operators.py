"""Operators in a real browser: Debian's Chromium, without a window."""

from collections.abc import Callable, Iterator
from time import time
from urllib.parse import urlsplit
from uuid import uuid4

import pyotp
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from fleet.client import Market, Person, wait_for

CHROMIUM = "/usr/bin/chromium"
PRODUCTS = "/admin/catalog/catalog_service/product/"
MakePage = Callable[[], Page]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Without its sandbox, which root does not get; and tests of build machines run as root."""
    with (
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"]) as chromium,
    ):
        yield chromium


@pytest.fixture
def page(browser: Browser, market: Market) -> Iterator[Page]:
    """A browser of its own for each test. What a page complains of in its console fails the test."""
    context = browser.new_context(base_url=market.gateway)
    page, complaints = context.new_page(), []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda line: complaints.append(line.text) if "Content Security" in line.text else None)
    yield page
    context.close()
    assert not complaints


def sign_in(page: Page, person: Person) -> None:
    page.get_by_label("E-mail address").fill(person.email)
    page.get_by_label("Password").fill(person.password)
    page.get_by_role("button", name="Sign in").click()


@pytest.fixture
def waiting(vendor: Person, market: Market) -> str:
    """The name of a product that waits for approval."""
    category = market.guest().get("categories")["results"][0]["slug"]
    name = f"Awaiting {uuid4().hex[:12]}"
    variant = {"sku": name.replace(" ", "-"), "price": {"amount": "5.00", "currency": "USD"}, "stock": 1}
    vendor.post(
        "products", {"name": name, "category": category, "variants": [variant], "status": "in_review"}, expect=201
    )
    return name


def test_an_operator_finds_a_product_and_approves_it(page: Page, admin: Person, waiting: str, market: Market) -> None:
    page.goto(f"{PRODUCTS}?q={waiting}")
    sign_in(page, admin)
    page.wait_for_url(f"**{PRODUCTS}?q=*")
    page.get_by_role("link", name=waiting).click()
    page.get_by_role("button", name="Approve").click()

    expect(page.locator(".messagelist .success")).to_have_text("Approve: 1")
    wait_for(lambda: market.guest().get("products", params={"q": waiting})["results"], "the product in the shop")


def test_what_was_done_is_in_the_audit_log(page: Page, admin: Person, waiting: str) -> None:
    page.goto(f"{PRODUCTS}?q={waiting}")
    sign_in(page, admin)
    page.get_by_role("link", name=waiting).click()
    page.get_by_role("button", name="Approve").click()
    expect(page.locator(".messagelist .success")).to_be_visible()

    def told() -> bool:
        page.get_by_role("link", name="History").click()
        if "product.approve" in page.content():
            return True
        page.go_back()
        return False

    wait_for(told, "the entry")


def test_wrong_credentials_are_told_and_customers_are_not_let_in(page: Page, market: Market) -> None:
    customer = market.account("customer")
    page.goto("/admin/")

    sign_in(page, Person(customer.http, customer.mail, customer.email, "wrong"))
    expect(page.get_by_role("alert")).not_to_be_empty()
    sign_in(page, customer)
    expect(page.get_by_role("alert")).to_contain_text("neither an administrator's nor support's")
    assert not page.context.cookies()


@pytest.fixture
def support(market: Market, admin: Person) -> tuple[Person, pyotp.TOTP]:
    """Somebody of support, with a second factor."""
    person = market.newcomer("support")
    person.register("Sue", "Port")
    admin.ask("PATCH", f"admin/users/{person.user['id']}", json={"roles": ["customer", "support"]}, expect=200)
    person.login()
    authenticator = pyotp.TOTP(person.post("auth/two-factor/setup")["secret"])
    person.post("auth/two-factor/confirm", {"code": authenticator.now()})
    return person, authenticator


def test_support_signs_in_with_its_second_factor_and_only_looks(
    page: Page, support: tuple[Person, pyotp.TOTP], waiting: str
) -> None:
    person, authenticator = support
    page.goto(f"{PRODUCTS}?q={waiting}")
    sign_in(page, person)
    page.get_by_label("Code of your authenticator").fill(authenticator.at(time() + authenticator.interval))
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("link", name=waiting).click()

    expect(page.get_by_role("heading", name="View product")).to_be_visible()
    expect(page.get_by_role("button", name="Approve")).to_have_count(0)


def test_signing_out_ends_the_session_for_a_copied_cookie_too(page: Page, market: Market) -> None:
    page.goto("/admin/")
    sign_in(page, market.account("admin"))
    page.get_by_role("link", name="order").click()
    page.wait_for_url("**/admin/order/")
    copied = page.context.cookies()
    page.get_by_role("button", name="Log out").click()
    page.wait_for_url("**/admin/login?ended=1")

    page.context.add_cookies(copied)

    def shut() -> bool:
        page.goto("/admin/order/")
        return urlsplit(page.url).path == "/admin/login"

    wait_for(shut, "the edge to refuse the old cookie")


def test_an_expired_access_token_is_renewed_without_typing(page: Page, market: Market) -> None:
    page.goto("/admin/")
    sign_in(page, market.account("admin"))
    page.wait_for_url("**/admin/")
    page.get_by_role("link", name="vendor").click()
    page.context.clear_cookies(name="nexus_admin")

    page.goto("/admin/vendor/shared/inboxmessage/")

    page.wait_for_url("**/admin/vendor/shared/inboxmessage/")
    expect(page.get_by_role("heading", name="Select inbox message to view")).to_be_visible()
