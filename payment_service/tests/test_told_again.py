"""What the auditor has others tell again, under another message id, changes nothing where it had been heard."""

from collections.abc import Callable

import pytest
from factories import asked, delivered, hear, refund_of, released, take, vendor_changed

from payment_service.actions.refunds import ask_for_refunds
from shared.messages import Message
from shared.testing import kept, published

pytestmark = pytest.mark.django_db(transaction=True)


def to_be_released() -> Message:
    message = take()
    asked(message)
    return delivered(message, message.splits[0])


def released_before() -> Message:
    message = take()
    asked(message)
    told = delivered(message, message.splits[0])
    hear(told)
    released(message)
    return told


def to_be_refunded() -> Message:
    message = take()
    asked(message)
    return refund_of(message)


def refunded_before() -> Message:
    told = to_be_refunded()
    hear(told)
    ask_for_refunds()
    return told


@pytest.mark.parametrize("heard", [to_be_released, released_before, to_be_refunded, refunded_before, vendor_changed])
def test_what_is_told_again_changes_nothing(provider: object, heard: Callable[[], Message]) -> None:
    told = heard()
    hear(told)
    before, said = kept(), published()

    hear(told)

    assert (kept(), published()) == (before, said)
