"""Each provider as a stage: the same play on all of them, with what a buyer and a provider do off stage."""

import json
import time
from typing import Any

import dev_chain
import fake_stripe
import stripe as stripe_library
from dev_chain import CENT, Chain
from django.test import Client
from django.utils import timezone
from fake_stripe import Intent

from payment_service.actions import crypto_signing, crypto_watch, simulator
from payment_service.clients import chapa, stripe
from payment_service.clients import simulator as simulator_client
from payment_service.models import CryptoCharge, Payment, SimulatedCharge, SimulatedWebhook
from payment_service.models.addresses import checksummed
from shared.context import new_id

NOWHERE = "http://127.0.0.1:1"


class Stage:
    method: str
    currency = "USD"
    other_currency = "EUR"
    signs_times = True
    takes_at_once = True
    tells = True
    """By webhooks."""
    can_decline = True
    ok = "ok"
    declined = "decline"
    asks = "requires_action"

    def __init__(self, settings: Any) -> None:
        self.settings = settings

    def post(self, body: bytes, headers: dict[str, str]) -> int:
        path = f"/api/v1/payment-webhooks/{self.method}"
        return Client().post(path, body, "application/json", headers=headers).status_code

    def signs(self) -> None:
        """Where somebody has to sign what goes back, they do."""

    def send(self, event: dict[str, Any]) -> int:
        body = json.dumps(event).encode()
        return self.post(body, self.signed(body))


class _Simulated(Stage):
    """Of both providers whose other side is in this service."""

    def charge_of(self, payment: Payment) -> SimulatedCharge:
        return SimulatedCharge.objects.get(key=payment.provider_reference)

    def decided(self, payment: Payment, *, pays: bool) -> None:
        simulator.decide(charge_id=self.charge_of(payment).id, pays=pays)

    def pays(self, payment: Payment) -> None:
        self.decided(payment, pays=True)

    def declines(self, payment: Payment) -> None:
        self.decided(payment, pays=False)

    def can_be_paid(self, payment: Payment) -> bool:
        return self.charge_of(payment).is_open

    def money_arrives(self, payment: Payment) -> None:
        """Although nothing was to be paid any more."""
        charge = self.charge_of(payment)
        charge.status = "succeeded"
        charge.save()
        simulator._announce(charge)

    def takes_another(self, payment: Payment, *, minor: int, currency: str) -> None:
        SimulatedCharge.objects.filter(id=self.charge_of(payment).id).update(minor=minor, currency=currency)

    def refuses_refunds(self, payment: Payment, *, refuses: bool) -> None:
        charge = self.charge_of(payment)
        charge.refunded = charge.minor if refuses else 0
        charge.save()

    def news(self) -> list[dict[str, Any]]:
        """What the provider has to tell, oldest first."""
        told = [self.told(webhook) for webhook in SimulatedWebhook.objects.order_by("id")]
        SimulatedWebhook.objects.all().delete()
        return told

    def charged(self) -> list[int]:
        return [charge.minor for charge in SimulatedCharge.objects.filter(status="succeeded")]

    def refunded(self) -> int:
        return sum(charge.refunded for charge in SimulatedCharge.objects.all())


class SimulatorStage(_Simulated):
    method = "simulator"

    def __init__(self, settings: Any, url: str) -> None:
        super().__init__(settings)
        self.url = url
        self.back()

    def away(self) -> None:
        self.settings.SIMULATOR_URL = NOWHERE

    def back(self) -> None:
        self.settings.SIMULATOR_URL = self.url
        simulator_client._http.cache_clear()

    def charge_of(self, payment: Payment) -> SimulatedCharge:
        return SimulatedCharge.objects.get(key=str(payment.id))

    def loses_an_answer(self) -> str:
        """And a token to lose it with."""
        return "timeout"

    def told(self, webhook: SimulatedWebhook) -> dict[str, Any]:
        return simulator._event(webhook)

    def secrets(self, *secrets: str) -> None:
        self.settings.SIMULATOR_WEBHOOK_SECRETS = list(secrets)

    def signed(self, body: bytes, *, secret: str = "", seconds: int = 0) -> dict[str, str]:
        secret = secret or self.settings.SIMULATOR_WEBHOOK_SECRETS[0]
        at = int(time.time()) + seconds
        return {simulator_client.SIGNATURE_HEADER: simulator_client.sign(body, secret=secret, at=at)}


class ChapaStage(_Simulated):
    method = "chapa"
    currency, other_currency = "ETB", "USD"
    signs_times = False
    takes_at_once = False

    def __init__(self, settings: Any, url: str) -> None:
        super().__init__(settings)
        self.url = f"{url}/simulator/chapa"
        settings.CHAPA_FAKE = True
        settings.CHAPA_SECRET_KEY, settings.CHAPA_WEBHOOK_SECRETS = "CHASECK_TEST-1", ["hook"]
        self.back()

    def away(self) -> None:
        self.settings.CHAPA_URL = NOWHERE

    def back(self) -> None:
        self.settings.CHAPA_URL = self.url
        chapa._http.cache_clear()

    def told(self, webhook: SimulatedWebhook) -> dict[str, Any]:
        return simulator._as_chapa(webhook)

    def secrets(self, *secrets: str) -> None:
        self.settings.CHAPA_WEBHOOK_SECRETS = list(secrets)

    def signed(self, body: bytes, *, secret: str = "", seconds: int = 0) -> dict[str, str]:
        return {"x-chapa-signature": chapa.sign(body, secret=secret or self.settings.CHAPA_WEBHOOK_SECRETS[0])}


class StripeStage(Stage):
    method = "stripe"
    ok, declined = "pm_card_visa", fake_stripe.FAILS

    def __init__(self, settings: Any, url: str) -> None:
        super().__init__(settings)
        self.url = url
        settings.STRIPE_SECRET_KEY, settings.STRIPE_WEBHOOK_SECRETS = "sk_test_12345", ["whsec_hook"]
        fake_stripe.forget()
        self.back()

    @property
    def asks(self) -> str:  # type: ignore[override]
        return fake_stripe.card(fake_stripe.ASKS)

    def away(self) -> None:
        self._at(NOWHERE)

    def back(self) -> None:
        self._at(self.url)

    def _at(self, url: str) -> None:
        self.settings.STRIPE_URL = url
        stripe._client.cache_clear()

    def intent_of(self, payment: Payment) -> Any:
        kept = [one for name, one in fake_stripe.resources.store.items() if name.startswith("payment_intent:")]
        return next(one for one in kept if one.metadata == {"payment_id": str(payment.id)})

    def pays(self, payment: Payment) -> None:
        intent = self.intent_of(payment)
        Intent._api_authenticate(intent.id, client_secret=intent.client_secret, success=True)

    def declines(self, payment: Payment) -> None:
        intent = self.intent_of(payment)
        Intent._api_authenticate(intent.id, client_secret=intent.client_secret, success=False)
        intent._report_async_failure()

    def can_be_paid(self, payment: Payment) -> bool:
        return bool(self.intent_of(payment).status == "requires_action")

    def money_arrives(self, payment: Payment) -> None:
        intent = self.intent_of(payment)
        intent._canceled, intent.next_action = False, None
        intent._create_charge(on_failure_now=intent._report_failure)

    def takes_another(self, payment: Payment, *, minor: int, currency: str) -> None:
        intent = self.intent_of(payment)
        intent.amount, intent.currency = minor, currency.lower()

    def refuses_refunds(self, payment: Payment, *, refuses: bool) -> None:
        self.intent_of(payment).latest_charge.status = "failed" if refuses else "succeeded"

    def loses_an_answer(self) -> str:
        fake_stripe.lost.append("/confirm")
        return self.ok

    def news(self) -> list[dict[str, Any]]:
        told, fake_stripe.events[:] = list(fake_stripe.events), []
        return told

    def charged(self) -> list[int]:
        kept = fake_stripe.resources.store.items()
        return [one.amount for name, one in kept if name.startswith("charge:") and one.status == "succeeded"]

    def refunded(self) -> int:
        kept = fake_stripe.resources.store.items()
        return sum(one.amount for name, one in kept if name.startswith("refund:"))

    def secrets(self, *secrets: str) -> None:
        self.settings.STRIPE_WEBHOOK_SECRETS = list(secrets)

    def signed(self, body: bytes, *, secret: str = "", seconds: int = 0) -> dict[str, str]:
        secret, at = secret or self.settings.STRIPE_WEBHOOK_SECRETS[0], int(time.time()) + seconds
        signature = stripe_library.WebhookSignature.generate_signature_header(body.decode(), secret, at)
        return {stripe.SIGNATURE_HEADER: signature}


class CryptoStage(Stage):
    """The buyer has a wallet with a token worth dollars; the operator has another, with its key."""

    method = "crypto"
    takes_at_once = tells = can_decline = False
    asks = "ok"

    def __init__(self, settings: Any, chain: Chain) -> None:
        super().__init__(settings)
        self.chain = chain
        self.another: dict[Any, int] = {}
        self.paid_out_before = chain.tokens(chain.wallet)
        settings.CRYPTO_CHAIN_ID, settings.CRYPTO_XPUB = dev_chain.CHAIN_ID, dev_chain.XPUB
        settings.CRYPTO_WALLET, settings.CRYPTO_TOKEN_ADDRESS = checksummed(chain.wallet), checksummed(chain.token)
        settings.CRYPTO_CONFIRMATIONS = 3
        self.back()

    def away(self) -> None:
        self.settings.CRYPTO_NODE_URL = NOWHERE

    def back(self) -> None:
        self.settings.CRYPTO_NODE_URL = self.chain.url

    def charge_of(self, payment: Payment) -> CryptoCharge:
        return CryptoCharge.objects.get(payment=payment)

    def sends(self, payment: Payment, cents: int, *, blocks: int = 2) -> str:
        """The buyer's wallet, and then so many blocks more."""
        sent = self.chain.pay_token(self.chain.buyer, str(self.charge_of(payment).address), cents * CENT)
        if blocks:
            self.chain.mine(blocks)
        return sent

    def pays(self, payment: Payment) -> None:
        self.sends(payment, self.another.get(payment.id, payment.to_charge.minor))

    money_arrives = pays

    def can_be_paid(self, payment: Payment) -> bool:
        return self.charge_of(payment).closed_at is None

    def takes_another(self, payment: Payment, *, minor: int, currency: str) -> None:
        self.another[payment.id] = minor

    def news(self) -> list[dict[str, Any]]:
        crypto_watch.watch()
        return []

    def charged(self) -> list[int]:
        return [got // CENT for one in CryptoCharge.objects.all() if (got := self.chain.tokens(str(one.address)))]

    def refunded(self) -> int:
        return (self.paid_out_before - self.chain.tokens(self.chain.wallet)) // CENT

    def signs(self) -> None:
        for one in crypto_signing.unsigned():
            hash = self.chain.publish(self.chain.sign(one["transaction"]))
            crypto_signing.hand_in(transfer_id=one["transfer"].id, hash=hash, by=new_id())
        self.chain.mine(2)
        crypto_watch.watch()

    def secrets(self, *secrets: str) -> None:
        """There are none."""

    def signed(self, body: bytes, *, secret: str = "", seconds: int = 0) -> dict[str, str]:
        return {}


def everything_is_due(*models: Any) -> None:
    """Time passes until nothing waits any longer."""
    for model in models:
        model.objects.exclude(due_at=None).update(due_at=timezone.now())
