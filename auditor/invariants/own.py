"""What a service finds out alone, among its own rows: asked of it by name, and told line by line."""

from dataclasses import dataclass

from auditor.clients import SERVICES, Fleet
from auditor.findings import Finding, Invariant, Severity


@dataclass(frozen=True, slots=True)
class Check:
    invariant: Invariant
    name: str
    services: tuple[str, ...]

    def ask(self, fleet: Fleet, service: str) -> list[Finding]:
        """Raises Unanswered."""
        return [Finding(self.invariant, service, {service: line}) for line in fleet.broken(service, self.name)]


CHECKS = (
    Check(
        Invariant(
            "stock_adds_up",
            "On hand is the sum of the movements, reserved the sum of the holds, at each location and of all.",
            Severity.CRITICAL,
            "manage.py verify_stock in catalog_service; correct by POST inventory/<sku>/adjustments",
        ),
        "stock",
        ("catalog",),
    ),
    Check(
        Invariant(
            "the_ledger_adds_up",
            "Entries sum to zero, balances are sums of postings; payments, refunds and cards are booked as they are.",
            Severity.CRITICAL,
            "manage.py verify_ledger in payment_service; correct by an entry, never by a change",
        ),
        "ledger",
        ("payment",),
    ),
    Check(
        Invariant(
            "reports_say_what_orders_say",
            "The sales of each day and month in reports are those of the orders.",
            Severity.MINOR,
            "manage.py rebuild_reports in order_service",
        ),
        "reports",
        ("order",),
    ),
    Check(
        Invariant(
            "the_audit_log_is_whole",
            "Each entry of the audit log carries the hash of the one before.",
            Severity.CRITICAL,
            "manage.py verify_audit in user_service; compare with the last hash that was noted down",
        ),
        "audit_chain",
        ("user",),
    ),
    Check(
        Invariant(
            "messages_leave",
            "What is to be told leaves the outbox within a minute.",
            Severity.SERIOUS,
            "look into the worker's log: no queue takes it (manage.py provision), or no worker runs",
        ),
        "outbox",
        SERVICES,
    ),
    Check(
        Invariant(
            "no_message_is_given_up",
            "No message lies in a dead queue.",
            Severity.SERIOUS,
            "manage.py dead list in that service; mend the cause, then: manage.py dead replay --all",
        ),
        "dead_messages",
        SERVICES,
    ),
)
