"""Stripe's other side: `localstripe`, on a free port of this machine, in a thread.

What it does not do, but Stripe's documentation tells, is done here: idempotency keys, a page for 3-D Secure, the amount
that was received. Nothing is written to disk, and webhooks wait in `events` until a test sends them.
"""

import asyncio
import secrets
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from aiohttp import web
from localstripe import resources

Intent: Any = resources.PaymentIntent
ASKS = "4000002760003184"
"""A card whose bank asks the buyer."""
FAILS = "pm_card_chargeCustomerFail"

events: list[dict[str, Any]] = []
answers: dict[str, tuple[int, bytes]] = {}
broken: list[str] = []
"""Ends of paths that fail inside once, before anything happens; which Stripe remembers by the key, too."""
lost: list[str] = []
"""Ends of paths whose next answer does not arrive."""

resources.random_id = lambda length: secrets.token_hex(length)[:length]
"""Hypothesis plays `random` back, and then ids that were given out would come again."""
resources.Store.dump_to_disk = lambda _store: None
resources.schedule_webhook = lambda event: events.append(event._export())
Intent.amount_received = property(lambda self: self.amount if self.status == "succeeded" else 0)
_make, _confirm, _api_confirm = Intent.__init__, Intent._confirm, Intent._api_confirm


def made(self: Any, description: str = "", payment_method_data: Any = None, **data: Any) -> None:
    if payment_method_data:  # a token of older pages; which card it was, only Stripe.js knows
        data["payment_method"] = "pm_card_visa"
    _make(self, **data)
    self.description = description


def confirmed(self: Any, on_failure_now: Any) -> None:
    _confirm(self, on_failure_now)
    if self.next_action:
        page = {"url": f"https://hooks.stripe.test/{self.id}", "return_url": self.return_url}
        self.next_action = {"type": "redirect_to_url", "redirect_to_url": page}


def api_confirm(id: str, return_url: str = "", **data: Any) -> Any:
    Intent._api_retrieve(id).return_url = return_url
    return _api_confirm(id, **data)


_listed = resources.BalanceTransaction._api_list_all


def lines(url: str, created: Any = None, **data: Any) -> Any:
    """Balance transactions by days, newest first. Of lines of one second, the order is that of their making, reversed:
    as a cursor needs it.
    """
    page = _listed(url, **data)
    days = {name: int(text) for name, text in (created or {}).items()}
    kept = [one for one in resources.store.values() if one.object == "balance_transaction"]
    wanted = [one for one in kept if days.get("gte", 0) <= one.created < days.get("lt", one.created + 1)]
    page._list = wanted[::-1]
    return page


resources.BalanceTransaction._api_list_all = lines
Intent.__init__, Intent._confirm, Intent.return_url = made, confirmed, ""
resources.extra_apis[:] = [
    (method, path, api_confirm if path == "/v1/payment_intents/{id}/confirm" else function)
    for method, path, function in resources.extra_apis
]

with warnings.catch_warnings(action="ignore"):
    from localstripe import server  # reads what has just been changed


@web.middleware
async def once(request: web.Request, handler: Any) -> web.StreamResponse:
    """The same key is the same answer, a refusal too; a lost one has happened all the same."""
    key = request.headers.get("Idempotency-Key", "")
    if any(request.path.endswith(end) for end in broken):
        broken.clear()
        answers[key] = (500, b'{"error": {"type": "api_error"}}')
    if key not in answers:
        try:
            response: Any = await handler(request)
        except resources.UserError as error:
            response = error.to_response()
        if not key:
            return response
        answers[key] = (response.status, response.body)
    status, body = answers[key]
    if any(request.path.endswith(end) for end in lost):
        lost.clear()
        return web.Response(status=502)
    return web.Response(status=status, body=body, content_type="application/json")


server.app.middlewares.insert(0, once)


def forget() -> None:
    for kept in (resources.store, events, answers, broken, lost):
        kept.clear()


def card(number: str) -> str:
    """A payment method, as Stripe.js makes one of what the buyer types."""
    details = {"number": number, "exp_month": 12, "exp_year": 2039, "cvc": "123"}
    return str(resources.PaymentMethod(type="card", card=details).id)


@contextmanager
def running() -> Iterator[str]:
    """Its address."""
    loop, ready, address = asyncio.new_event_loop(), threading.Event(), []

    async def start() -> None:
        runner = web.AppRunner(server.app, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        address.append(f"http://127.0.0.1:{site._server.sockets[0].getsockname()[1]}")  # type: ignore[union-attr]
        ready.set()

    def serve() -> None:
        asyncio.set_event_loop(loop)
        loop.run_until_complete(start())
        loop.run_forever()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    assert ready.wait(10)
    yield address[0]
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)
