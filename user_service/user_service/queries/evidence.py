"""What the auditor compares with other services: who there is, and who asked to be forgotten."""

from shared.evidence import Checks, Page, Row, Topics, digest
from user_service.models import User
from user_service.queries import audit


def users(page: Page) -> list[Row]:
    """`knows`: what others keep of a user, not to be read. `told`: more of the user than the registration."""
    columns = ("id", "updated_at", "version", "email", "locale", "active", "deleted_at")
    return [
        {
            "id": row.id,
            "changed_at": row.updated_at,
            "version": row.version,
            "active": row.active,
            "erased": row.deleted_at is not None,
            "told": row.version > 1,
            "knows": digest(row.email, row.locale),
        }
        for row in page.of(User.objects.only(*columns))
    ]


def broken_chain() -> list[str]:
    found = audit.verify()
    return [] if found.intact else [f"broken at position {found.broken_at} of {found.entries} entries"]


TOPICS: Topics = {"users": users}
CHECKS: Checks = {"audit_chain": broken_chain}
