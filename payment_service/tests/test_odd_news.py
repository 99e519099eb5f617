"""What no provider and no bank means to send, thought up by Hypothesis: it is taken or refused, and breaks nothing.

Whatever is signed gets past the signature: a provider's mistake is not ours to fall over.
"""

import json
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
import stripe
from django.db import transaction
from django.test import Client
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from payment_service.actions.webhooks import act_on_webhooks
from payment_service.clients import chapa, simulator
from payment_service.models import WebhookEvent
from payment_service.queries.provider_records import read_records
from shared.errors import Invalid
from shared.testing import examples

pytestmark = pytest.mark.django_db
SECRET = "whsec_odd"
odd_text = st.text(st.characters(codec=None, exclude_categories=()), max_size=12)
odd = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | odd_text | st.just(10**400),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(odd_text, inner, max_size=3),
    max_leaves=8,
)
about = st.fixed_dictionaries({}, optional=dict.fromkeys(("id", "object", "payment_intent", "metadata"), odd))
events = st.fixed_dictionaries(
    {"id": odd_text | odd},
    optional={
        "type": odd, "event": odd_text | odd, "charge": odd_text | odd, "tx_ref": odd_text | odd, "created": odd,
        "data": odd | st.fixed_dictionaries({"object": about | odd}),
    },
)  # fmt: skip
bodies = st.binary(max_size=60) | odd.map(json.dumps).map(str.encode) | events.map(json.dumps).map(str.encode)
NUL, HALF = b'{"id": "a\\u0000b", "event": "x"}', b'{"id": "\\ud800", "event": "\\udfff", "charge": "\\ud800"}'
DEEP, ENDLESS = b'{"id": "deep", "event": "x", "x": ' + b"[" * 50_000 + b"]" * 50_000 + b"}", b"[" * 100_000
NO_NUMBER = b'{"id": "n", "event": "n", "amount": NaN, "fee": -Infinity}'


def _signed_by_stripe(body: bytes) -> dict[str, str]:
    at = int(time.time())
    text = body.decode("utf-8", "replace")
    return {"Stripe-Signature": f"t={at},v1={stripe.WebhookSignature._compute_signature(f'{at}.{text}', SECRET)}"}


SIGNED: dict[str, Callable[[bytes], dict[str, str]]] = {
    "simulator": lambda body: {"Simulator-Signature": simulator.sign(body, secret=SECRET, at=int(time.time()))},
    "chapa": lambda body: {"Chapa-Signature": chapa.sign(body, secret=SECRET)},
    "stripe": _signed_by_stripe,
}


@pytest.fixture(autouse=True)
def _secrets(settings: Any) -> None:
    settings.PAYMENT_METHODS = [*SIGNED]
    for name in SIGNED:
        setattr(settings, f"{name.upper()}_WEBHOOK_SECRETS", [SECRET])


bounded = settings(
    max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.mark.parametrize("provider", SIGNED)
@bounded
@given(body=bodies)
@example(body=NUL)
@example(body=HALF)
@example(body=DEEP)
@example(body=ENDLESS)
@example(body=NO_NUMBER)
@example(body=b'{"id": {"a": "\\u0000"}, "event": ["\\u0000"], "tx_ref": "\\u0000", "charge": "\\u0000"}')
def test_an_odd_event_is_kept_and_acted_on_or_refused(provider: str, body: bytes) -> None:
    with transaction.atomic():
        answer = Client().post(
            f"/api/v1/payment-webhooks/{provider}", body, "application/json", headers=SIGNED[provider](body)
        )
        assert answer.status_code in {204, 400}
        assert WebhookEvent.objects.count() == (answer.status_code == 204)
        act_on_webhooks()
        transaction.set_rollback(True)


@pytest.mark.parametrize("provider", SIGNED)
@bounded
@given(signature=odd_text | st.builds("t={},v1={}".format, odd_text | st.integers(), odd_text), body=bodies)
def test_an_odd_signature_is_refused(provider: str, signature: str, body: bytes) -> None:
    name = next(iter(SIGNED[provider](b"")))
    header = signature.encode("utf-8", "replace").decode("latin-1")  # as WSGI hands it over

    answer = Client().generic(
        "POST", f"/api/v1/payment-webhooks/{provider}", body, **{f"HTTP_{name.upper().replace('-', '_')}": header}
    )

    assert answer.status_code == 400
    assert WebhookEvent.objects.count() == 0


# ── Files of banks ───────────────────────────────────────────────────────────────────────────────────────────────────

FIELDS = ("kind", "key", "reference", "amount", "currency", "at")
right = {
    "kind": st.just("payout"), "key": st.just(""), "reference": st.just("R1"), "amount": st.just("10.00"),
    "currency": st.just("USD"), "at": st.just("2026-01-02T03:04:05Z"),
}  # fmt: skip
records = st.fixed_dictionaries({name: right[name] | odd_text | odd for name in FIELDS})
cells = st.text(st.characters(codec="utf-8"), max_size=10) | st.sampled_from(['"', "\0", "1e999999", "9" * 5_000])
tables = st.lists(st.lists(cells, max_size=8).map(",".join), max_size=4).map(
    lambda rows: "\n".join([",".join(FIELDS), *rows]).encode()
)
CAMT = """<?xml version="1.0"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt><Stmt>
<Ntry><Amt Ccy="{}">{}</Amt><CdtDbtInd>DBIT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts><BookgDt><DtTm>{}</DtTm></BookgDt>
<NtryDtls><TxDtls><Refs><EndToEndId>{}</EndToEndId></Refs></TxDtls></NtryDtls></Ntry></Stmt></BkToCstmrStmt></Document>"""
statements = st.builds(CAMT.format, *[cells | st.sampled_from(["EUR", "10.00", "2026-01-02T03:04:05Z"])] * 4)
files = st.binary(max_size=80) | tables | st.lists(records, max_size=3).map(json.dumps).map(str.encode)


@settings(max_examples=examples(200), deadline=None)
@given(content=files | statements.map(lambda text: text.encode("utf-8", "replace")))
@example(content=DEEP)
@example(content=ENDLESS)
@example(content=b"<a>" * 100_000)
@example(content=b'<?xml version="1.0" encoding="utf-7"?><a/>')
@example(content=b'<!DOCTYPE a [<!ENTITY b "b">]><a>&b;</a>')
@example(content=b"kind,key,reference,amount,currency,at\npayout,,R1,1e999999999,USD,2026-01-02T03:04:05Z")
def test_an_odd_file_of_a_bank_is_read_or_refused_by_name(content: bytes) -> None:
    with suppress(Invalid):
        assert all(one.amount.minor > 0 and (one.key or one.reference) for one in read_records(content))
