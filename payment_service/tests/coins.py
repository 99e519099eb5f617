"""What tests of payments on a chain do again and again."""

from datetime import timedelta
from typing import Any

from django.utils import timezone
from running import admin
from stages import CryptoStage

from payment_service.actions import crypto_watch, payments
from payment_service.models import (
    CryptoTransfer,
    Payment,
)
from shared.testing import body

TRANSFERS = "/api/v1/admin/crypto-transfers"
NEVER = f"0x{'ab' * 32}"
ETHER = 10**18
SAFE = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"


def due(payment: Payment) -> Any:
    payment.refresh_from_db()
    assert payment.next_action is not None
    return payment.next_action["crypto"]


def time_is_over() -> None:
    Payment.objects.update(expires_at=timezone.now() - timedelta(seconds=1), due_at=timezone.now())
    payments.ask_providers()


def unsigned(**form: Any) -> list[dict[str, Any]]:
    answer = admin().post(f"{TRANSFERS}/unsigned", form)
    assert answer.status_code == 200, answer.content
    found: list[dict[str, Any]] = body(answer)["transactions"]
    return found


def sent(stage: CryptoStage, one: dict[str, Any], **changes: Any) -> str:
    """Signed elsewhere, and sent."""
    return stage.chain.publish(stage.chain.sign({"from": one["sender"], **one["transaction"], **changes}))


def hand_in(one: dict[str, Any], hash: str) -> Any:
    return admin().post(f"{TRANSFERS}/{one['transfer']['id']}/transaction", {"hash": hash})


def confirmed(stage: CryptoStage) -> CryptoTransfer:
    stage.chain.mine(2)
    crypto_watch.watch()
    return CryptoTransfer.objects.get()
