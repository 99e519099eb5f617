"""Records that a provider or bank might tell wrongly, each with the difference that has to be found for it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from payment_service.clients.port import Record
from shared.money import Money

Told = tuple[str, str, str]
"""Kind, what it is about, and the beginning of the cause."""
TAMPERS = ["forgotten", "less", "more", "converted", "twice", "invented"]


@dataclass(frozen=True)
class Tampering:
    """`which` chooses the record, each at most once."""

    how: str
    which: int


def tampered(
    records: Sequence[Record], plan: Sequence[Tampering], *, forgotten: str
) -> tuple[list[Record], list[Told]]:
    """What is told instead, and what has to be found; `forgotten` is the cause of what is missing there."""
    left, expected = list(records), list[Told]()
    for number, one in enumerate(plan):
        if one.how == "invented":
            left.append(_stranger(number, records))
            expected.append(("missing_here", left[-1].kind, "Nobody here asked for it"))
            continue
        record = records[one.which % len(records)]
        if record not in left or (one.how == "less" and record.amount.minor == 1):
            continue
        left.remove(record)
        kept, told = _changed(record, one.how, forgotten)
        left += kept
        expected.append(told)
    return left, sorted(expected)


def _stranger(number: int, records: Sequence[Record]) -> Record:
    example = records[number % len(records)]
    return replace(example, key=str(UUID(int=number)), reference=f"stranger-{number}")


def _changed(record: Record, how: str, forgotten: str) -> tuple[list[Record], Told]:
    kind, amount = record.kind, record.amount
    other = "EUR" if amount.currency != "EUR" else "USD"
    match how:
        case "forgotten":
            return [], ("missing_there", kind, forgotten)
        case "less":
            less = replace(record, amount=Money(amount.minor - 1, amount.currency))
            return [less], ("amount_differs", kind, "Less there")
        case "more":
            more = replace(record, amount=Money(amount.minor + 1, amount.currency))
            return [more], ("amount_differs", kind, "More there")
        case "converted":
            converted = replace(record, amount=Money(amount.minor, other))
            return [converted], ("amount_differs", kind, "Another currency")
        case _:
            again = replace(record, reference=f"{record.reference}-again")
            cause = "It was moved twice there, under two references"
            return [record, again if record.key else replace(record, key=record.reference, reference="again")], (
                "duplicate", kind, cause,
            )  # fmt: skip
