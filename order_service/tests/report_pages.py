"""A report as its readers get it, page by page."""

from datetime import timedelta
from typing import Any

from sales import START

from shared.testing import body

ADMIN, OWN = "/api/v1/admin/reports", "/api/v1/vendor-orders/reports"
LAST = START + timedelta(days=80)


def report(client: Any, path: str, **asked: Any) -> list[Any]:
    """All pages of it, from the first day of the tests to the last."""
    query, found = {"from": START, "to": LAST, "limit": 100, **asked}, []
    answer = client.get(path, query)
    while True:
        assert answer.status_code == 200, answer.content
        page = body(answer)
        found += page["results"]
        if page["next"] is None:
            return found
        answer = client.get(page["next"])
