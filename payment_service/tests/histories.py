"""Random histories of sales, refunds, claw-backs, payouts, runs and returns, played by the actions themselves."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db.models import F
from factories import delivered, hear, split, take
from hypothesis import strategies as st

from payment_service.actions import bank_files, payments, payout_runs, payouts, refunds
from payment_service.clients import Charge, Transfer
from payment_service.errors import IllegalMove, NothingToPayOut, PayoutRunOpen
from payment_service.models import Account, Payment, Payout, PayoutRun
from shared.context import new_id
from shared.contracts.payment import PayOut, TakePayment
from shared.messages import MoneyData
from shared.money import Money, share

VENDORS = [UUID(int=number) for number in (0xA, 0xB, 0xC)]
CURRENCIES = ["JPY", "USD", "KWD"]
"""0, 2 and 3 digits."""
IBAN = {
    "kind": "iban",
    "holder_name": "Nora",
    "iban": "NO9386011117947",
    "bic": "",
    "bank_code": "",
    "account_number": "",
}


@dataclass(frozen=True)
class Step:
    """`which` chooses among what there is, `size` how much of it, in thousandths."""

    verb: str
    which: int
    size: int
    works: bool


@dataclass
class History:
    currency: str
    sales: list[TakePayment] = field(default_factory=list)

    def play(self, steps: Sequence[Step]) -> Iterator[None]:
        for step in steps:
            getattr(self, step.verb)(step)
            yield

    def sale(self, step: Step) -> None:
        """Of one to three vendors, some of them with a discount that the platform pays."""
        parts = [self._part(step, number) for number in range(1 + step.which % 3)]
        amount = MoneyData(minor=sum(part.gross for part in parts), currency=self.currency)
        message = take(*parts, amount=amount)
        hear(message)
        status: Any = "succeeded" if step.works else "declined"
        payments.settle(payment_id=message.payment_id, charge=Charge(str(new_id()), status))
        if step.works:
            self.sales.append(message)

    def _part(self, step: Step, number: int) -> Any:
        gross = 1 + step.size * (number + 7) * (1 + step.which % 97)
        tax = share(gross, step.which % 2_500)
        commission = share(gross - tax, step.which % 3_000 - (1_000 if step.which % 5 == 0 else 0))
        on_it = share(max(commission, 0), step.which % 2_100) if step.which % 4 else 0
        vendor = VENDORS[(step.which + number) % 3]
        return split(vendor, gross=gross, tax=tax, commission=commission, commission_tax=on_it)

    def delivery(self, step: Step) -> None:
        if self.sales:
            message = self.sales[step.which % len(self.sales)]
            hear(delivered(message, message.splits[step.size % len(message.splits)]))
            payouts.release_due()

    def refund(self, step: Step) -> None:
        """Of the whole or a part, before delivery or after it: then it is clawed back of what is available."""
        left = Payment.objects.filter(status="taken", minor__gt=F("refunded")).order_by("id")
        if payment := _chosen(left, step):
            minor = max(1, (payment.minor - payment.refunded) * step.size // 1_000)
            amount = Money(minor, self.currency)
            made = refunds.start_refund(payment_id=payment.id, amount=amount, reason="random")
            refunds.settle_refund(refund_id=made.id, transfer=Transfer("r", step.works, "refused"))

    def payout(self, step: Step) -> None:
        vendor = VENDORS[step.which % 3]
        account = Account.objects.filter(kind="vendor_available", owner_id=vendor, currency=self.currency).first()
        available = -account.balance if account else 0
        minor = available * step.size // 900  # at times more than there is
        message = PayOut(payout_id=new_id(), vendor_id=vendor, amount=MoneyData(minor=minor, currency=self.currency))
        hear(message)
        if step.size % 4:
            transfer = Transfer("p", step.works, "refused")
            payouts.settle_payout(payout_id=message.payout_id, transfer=transfer)

    def run(self, step: Step) -> None:
        method = PayoutRun.Method.BANK_FILE if step.size % 3 else PayoutRun.Method.PROVIDER
        try:
            run = payout_runs.make_run(currency=self.currency, by=new_id(), method=method)
        except (NothingToPayOut, PayoutRunOpen):
            return
        if step.works:
            payout_runs.approve_run(run_id=run.id, by=new_id())
            payout_runs.carry_out_runs()
        else:
            payout_runs.cancel_run(run_id=run.id, reason="random")

    def settlement(self, step: Step) -> None:
        """The provider answers, or the bank has carried out."""
        for payout in Payout.objects.filter(status="pending"):
            payouts.settle_payout(payout_id=payout.id, transfer=Transfer("p", step.works, "refused"))
        for run in PayoutRun.objects.filter(status="executing", method="bank_file"):
            bank_files.mark_executed(run_id=run.id)
        payout_runs.carry_out_runs()

    def come_back(self, step: Step) -> None:
        if payout := _chosen(Payout.objects.order_by("id"), step):
            try:
                bank_files.return_payout(payout_id=payout.id, reason="account closed")
            except IllegalMove:
                assert payout.status not in {"paid", "in_transit"}


def _chosen(rows: Any, step: Step) -> Any:
    count = rows.count()
    return rows[step.which % count] if count else None


VERBS = ["sale", "delivery", "refund", "payout", "run", "settlement", "come_back"]
STEPS = st.builds(
    Step,
    verb=st.sampled_from(VERBS),
    which=st.integers(0, 10_000),
    size=st.integers(0, 1_000),
    works=st.sampled_from([True, True, True, False]),
)
EARNED = [Step("sale", 1, 500, True), Step("delivery", 0, 0, True), Step("delivery", 0, 1, True)]
"""Two vendors have something from the beginning, or many a history would be about nothing."""
HISTORIES = st.lists(STEPS, min_size=4, max_size=20).map(lambda steps: [*EARNED, *steps])
