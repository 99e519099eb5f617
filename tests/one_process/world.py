"""The whole fleet in one process: every service's real code and one real database, but a broker and a clock that are
played by a seeded generator: messages overtake each other, come twice, and handlers die before and after commit.
"""

import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from fleet.one_process import SERVICES
from order_service.models import Order
from payment_service.actions import payments, payouts, refunds, simulator, webhooks
from payment_service.clients import port
from payment_service.clients.simulator import Simulator
from payment_service.errors import ProviderAway
from payment_service.models import (
    Payment,
    Payout,
    Refund,
    Release,
    SimulatedCharge,
    SimulatedTransfer,
    SimulatedWebhook,
    WebhookEvent,
)
from payment_service.queries.payments import simulated_charge
from shared.errors import Delayed, Retry
from shared.inbox import Subscriptions, handle
from shared.messages import Envelope
from shared.models import OutboxMessage
from shared.money import Money

SUBSCRIPTIONS: dict[str, Subscriptions] = {
    short: import_module(f"{short}_service.subscriptions").SUBSCRIPTIONS for short in SERVICES
}
JOBS: tuple[Callable[[], int], ...] = (
    payments.ask_providers,
    refunds.ask_for_refunds,
    payouts.ask_for_payouts,
    payouts.release_due,
    simulator.settle_slow_ones,
    simulator.send_webhooks,
    webhooks.act_on_webhooks,
)
"""Payment's clock. Those of the others sweep deadlines, which are minutes away here until they are let pass."""
MOST_ATTEMPTS = 200


class Killed(Exception):
    """The process dies: what is not committed is gone."""


@dataclass
class Post:
    """A message on its way to one service."""

    consumer: str
    envelope: Envelope
    attempts: int = 0


@dataclass
class World:
    """`disorder` 0: each message once, in order. 1: anything may happen to it."""

    seed: int
    disorder: float = 1.0
    posts: list[Post] = field(default_factory=list)
    dead: list[tuple[str, str]] = field(default_factory=list)
    happened: Counter[str] = field(default_factory=Counter)
    chance: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)

    def maybe(self, probability: float) -> bool:
        return self.chance.random() < probability * self.disorder

    # ── The broker ───────────────────────────────────────────────────────────────────────────────────────────────────

    def collect(self) -> None:
        """What was committed to the outbox is on its way: three times, as if relays died before they noted that."""
        rows = list(OutboxMessage.objects.filter(published_at__isnull=True).order_by("position"))
        copies = 3 if self.disorder else 1
        for row in rows:
            self.posts += [
                Post(consumer, Envelope.model_validate(row.envelope))
                for _copy in range(copies)
                for consumer, heard in SUBSCRIPTIONS.items()
                if row.type in {contract.type for contract in heard}
            ]
        OutboxMessage.objects.filter(position__in=[row.position for row in rows]).update(published_at=timezone.now())

    def deliver(self) -> None:
        """One message: any of those on their way."""
        post = self.posts.pop(self.chance.randrange(len(self.posts)) if self.disorder else 0)
        try:
            with serving(post.consumer), transaction.atomic():
                handle(post.envelope, SUBSCRIPTIONS[post.consumer], consumer=post.consumer)
                if self.maybe(0.1):
                    raise Killed
            lost = self.maybe(0.15)
            self.happened["acknowledgement lost" if lost else "delivered"] += 1
        except (Killed, Retry, Delayed) as error:
            self.happened[type(error).__name__] += 1
            lost = True
        except Exception as error:
            self.dead.append((post.envelope.type, repr(error)))
            lost = False
        if lost:
            self._again(post)
        self.collect()

    def _again(self, post: Post) -> None:
        post.attempts += 1
        if post.attempts > MOST_ATTEMPTS:
            self.dead.append((post.envelope.type, "never handled"))
        else:
            self.posts.append(post)

    # ── The clock ────────────────────────────────────────────────────────────────────────────────────────────────────

    def tick(self) -> int:
        """Payment's jobs in any order, all that is due; answers how much there was to do."""
        jobs = list(JOBS)
        self.chance.shuffle(jobs)
        with serving("payment"):
            done = sum(job() for job in jobs)
        self.collect()
        return done

    def let_time_pass(self) -> None:
        """Whatever waits for its next try has waited long enough."""
        for rows in (Payment, Refund, Payout, SimulatedWebhook):
            rows.objects.exclude(due_at=None).update(due_at=timezone.now())
        WebhookEvent.objects.filter(handled_at=None).update(due_at=timezone.now())
        SimulatedCharge.objects.exclude(settles_at=None).update(settles_at=timezone.now())
        Release.objects.filter(released_at=None).update(due_at=timezone.now())

    def let_deadlines_pass(self) -> None:
        """No order that waits for something has more time; the clock of the order service finds out."""
        Order.objects.exclude(deadline=None).update(deadline=timezone.now())
        schedule = import_module("order_service.subscriptions").SCHEDULE
        with serving("order"):
            for job in (job for job in schedule if job.__name__ == "sweep_deadlines"):
                job()
        self.collect()

    def run(self, steps: int, *others: Callable[[], object]) -> None:
        """So many random steps: deliveries mostly, the clock now and then, and what people do."""
        waiting = list(others)
        for _step in range(steps):
            if waiting and self.chance.random() < 0.1:
                waiting.pop(self.chance.randrange(len(waiting)))()
                self.collect()
            elif self.posts and self.chance.random() < 0.8:
                self.deliver()
            else:
                self.tick()
        for other in waiting:
            other()
            self.collect()

    def settle(self) -> None:
        """Until the clock, asked again and again, brings no more messages."""
        quiet = 0
        while quiet < 3:
            self.happened["round"] += 1
            assert self.happened["round"] < 500, f"no rest: {[post.envelope.type for post in self.posts][:10]}"
            while self.posts:
                self.deliver()
            self.let_time_pass()
            self.tick()
            quiet = 0 if self.posts else quiet + 1


@contextmanager
def serving(short: str) -> Iterator[None]:
    """Inside, this process is that service."""
    before, settings.SERVICE = settings.SERVICE, short
    try:
        yield
    finally:
        settings.SERVICE = before


class InProcessSimulator:
    """The provider without the wire: the simulator's own code on both ends, and answers that get lost."""

    def charge(self, request: port.ChargeRequest) -> port.Charge:
        made = simulator.charge(
            key=str(request.key), minor=request.amount.minor, currency=request.amount.currency, token=request.token,
            description=request.description, expires_at=request.expires_at,
        )  # fmt: skip
        if made.answer_is_lost:
            connection.close()
            raise ProviderAway("lost")
        return self._told(made)

    def look_up(self, reference: str) -> port.Charge:
        return self._told(simulated_charge(UUID(reference)))

    def cancel(self, request: port.ChargeRequest, reference: str) -> port.Charge:
        return self._told(simulator.cancel(key=str(request.key)))

    def refund(self, *, key: UUID, reference: str, amount: Money) -> port.Transfer:
        money = {"minor": amount.minor, "currency": amount.currency}
        return self._done(simulator.refund(key=str(key), charge_id=UUID(reference), **money))

    def pay_out(self, *, key: UUID, vendor_id: UUID, amount: Money) -> port.Transfer:
        return self._done(simulator.pay_out(key=str(key), minor=amount.minor, currency=amount.currency))

    def event_of(self, *, body: bytes, headers: Mapping[str, str]) -> tuple[str, dict[str, Any]]:
        return Simulator().event_of(body=body, headers=headers)

    def charge_in(self, event: dict[str, Any]) -> str:
        return Simulator().charge_in(event)

    @staticmethod
    def _told(made: SimulatedCharge) -> port.Charge:
        url = f"https://pay.example/{made.id}" if made.status == "requires_action" else ""
        try:
            return port.Charge(str(made.id), made.status, made.decline_code, url)  # type: ignore[arg-type]
        finally:
            connection.close()  # the provider is asked from threads that end

    @staticmethod
    def _done(made: SimulatedTransfer) -> port.Transfer:
        return port.Transfer(str(made.id), made.status == "succeeded", made.reason)
