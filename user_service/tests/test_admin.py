"""The operators' pages: accounts are found and ruled, nothing is shown that proves who somebody is, and admins find the
audit log."""

import base64
from typing import Any

import pytest
from django.utils import timezone

from shared.context import new_id
from shared.contracts.user import RecordAudit, SessionsEnded, UserChanged
from shared.testing import FOR_ADMINS, FOR_OPERATORS, answers_by_role, deliver, lists_of_records, operator_as, published
from user_service.actions import addresses, claims, sessions, two_factor, wallets
from user_service.models import (
    Familiar,
    Identity,
    LoginAttempt,
    RecoveryCode,
    RefreshToken,
    SecurityClaim,
    Session,
    TwoFactor,
    User,
)
from user_service.subscriptions import SUBSCRIPTIONS

pytestmark = pytest.mark.django_db

ROOT = "/admin/user/user_service"
USERS, SESSIONS, CLAIMS, LOG = (f"{ROOT}/{name}/" for name in ("user", "session", "securityclaim", "auditentry"))
PAGES = lists_of_records()
LONDON = "81.2.69.142"


def make_person(email: str = "", **fields: Any) -> User:
    names = {"first_name": "Ada", "last_name": "Buyer", "phone": "+447400123456", "password": "argon2$a-hash"}
    return User.objects.create(
        email=email or f"{new_id()}@example.com",
        email_verified_at=timezone.now(),
        roles=["customer"],
        **names,
        **fields,
    )


def make_everything() -> User:
    """A person of whom there is a row of each model at least."""
    ada = make_person()
    place = {"name": "Ada", "line1": "1 Row", "city": "Town", "postal_code": "N1 7AA", "country": "GB"}
    addresses.add_address(user_id=ada.id, fields=place)
    wallets.add_wallet(user_id=ada.id, address=f"0x{ada.id.hex}00000000")
    Identity.objects.create(user=ada, provider="google", subject=str(ada.id))
    Familiar.objects.create(user=ada, kind="device", value="Firefox", last_seen_at=timezone.now())
    two_factor._renew_recovery_codes(two_factor.set_up(user_id=ada.id))
    sessions.start_session(user=ada, address=LONDON, user_agent="Firefox/1")
    claims.raise_claim(LoginAttempt.objects.get(user=ada), ["device"])
    keep_entry(subject_id=str(ada.id))
    return ada


def keep_entry(**fields: Any) -> None:
    plain = {"action": "vendor.vendor.change", "subject_kind": "vendor", "request_id": "r-1", "detail": {}}
    told = {"entry_id": new_id(), "at": timezone.now(), "actor_id": new_id(), "actor_roles": ("admin",), **plain}
    deliver(RecordAudit(**{**told, "address": LONDON, **fields}), SUBSCRIPTIONS)


# ── Looking ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("path", PAGES)
def test_every_list_opens_with_each_filter_and_any_search(path: str) -> None:
    make_everything()
    client = operator_as("admin")

    assert client.opened(path) == {200}
    assert client.found_by_odd_terms(path) == 0


@pytest.mark.parametrize("path", PAGES)
def test_no_nonsense_upsets_a_list(path: str) -> None:
    make_everything()

    assert operator_as("admin").upset_by(path) == []


@pytest.mark.parametrize("path", PAGES)
def test_a_list_asks_the_database_no_more_for_more_rows(path: str) -> None:
    client = operator_as("admin")

    def asked_with_one_more() -> int:
        make_everything()
        return client.asked(path)

    assert asked_with_one_more() == asked_with_one_more()


@pytest.mark.parametrize("path", PAGES)
def test_every_record_has_a_page_and_only_admins_see_the_audit_log(path: str) -> None:
    make_everything()
    page = f"{path}{PAGES[path]._default_manager.latest('pk').pk}/change/"

    assert answers_by_role(page) == (FOR_ADMINS if path == LOG else FOR_OPERATORS)


def test_accounts_are_found_by_id_vendor_address_name_and_phone() -> None:
    make_person("bob@example.com")
    ada = make_person("ada@example.com", vendor_id=new_id())
    User.objects.filter(id=ada.id).update(last_name="Lovelace", phone="+447400654321")
    client = operator_as("support")

    for term in (ada.id, ada.vendor_id, "ADA@", "ada love", "+447400654321"):
        assert client.found(USERS, term) == 1


@pytest.mark.parametrize("query", ["password__startswith=argon2", "two_factor__secret__isnull=0"])
def test_what_is_not_shown_is_not_guessed_by_filtering(query: str) -> None:
    make_everything()

    assert operator_as("support").get(f"{USERS}?{query}").status_code == 400


@pytest.mark.parametrize("chosen", ["x", "\0", "9" * 30])
def test_what_is_chosen_may_be_nonsense(chosen: str) -> None:
    asked = {"action": "disable", "_selected_action": [str(make_person().id), chosen], "index": "0"}

    assert operator_as("admin").post(USERS, asked).status_code == 400
    assert not User.objects.filter(active=False).exists()


def test_accounts_are_filtered_by_role() -> None:
    make_person()
    make_person(vendor_id=new_id())
    User.objects.filter(vendor_id__isnull=False).update(roles=["customer", "vendor"])
    client = operator_as("support")

    sizes = {role: client.found(USERS, "", role=role) for role in ("customer", "vendor", "admin", "king")}

    assert sizes == {"customer": 2, "vendor": 1, "admin": 0, "king": 0}


@pytest.mark.parametrize("path", [f"{ROOT}/loginattempt/", SESSIONS, CLAIMS])
def test_sign_ins_are_found_by_account_e_mail_address_and_ip_address(path: str) -> None:
    ada = make_everything()
    make_everything()
    client = operator_as("support")

    assert client.found(path, ada.id) == client.found(path, ada.email) == 1
    assert (client.found(path, LONDON), client.found(path, "81.2.69.1")) == (2, 0)


def test_an_account_s_page_leads_to_its_sessions() -> None:
    ada = make_everything()

    page = operator_as("support").get(f"{USERS}{ada.id}/change/").content.decode()

    assert f'<a href="{SESSIONS}?q={ada.id}">sessions</a>' in page


def test_no_page_shows_what_proves_who_somebody_is() -> None:
    ada = make_everything()
    factor, client = TwoFactor.objects.get(), operator_as("admin")
    digests = [RefreshToken.objects.get().digest, *RecoveryCode.objects.values_list("digest", flat=True)]
    secrets = ["argon2$a-hash", factor.secret, factor.sealed_secret]
    secrets += [shape(bytes(digest)) for digest in digests for shape in (bytes.hex, repr, _base64)]

    shown = "".join(
        client.get(page).content.decode()
        for path, model in PAGES.items()
        for page in (path, *(f"{path}{row.pk}/change/" for row in model._default_manager.all()))
    )

    assert str(ada.id) in shown
    assert [secret for secret in secrets if secret in shown] == []
    assert not {TwoFactor, RecoveryCode, RefreshToken} & set(PAGES.values())


def _base64(digest: bytes) -> str:
    return base64.b64encode(digest).decode()


def test_a_history_is_what_was_done_to_somebody_and_by_them() -> None:
    ada, client = new_id(), operator_as("admin")
    keep_entry(subject_id=str(ada), action="user.account.disable")
    keep_entry(subject_id="N-1001", actor_id=ada, action="order.order.cancel")
    keep_entry(subject_id="somebody else")

    assert client.found(LOG, ada) == 2
    assert client.found(LOG, "N-1001") == client.found(LOG, "order.") == client.found(LOG, ada, service="user") == 1
    assert client.found(LOG, "N-10") == client.found(LOG, ada, service="vendor") == 0
    assert client.found(LOG, "", action="user.account.disable") == 1


# ── Acting ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_account_is_disabled_and_enabled_and_its_sessions_end() -> None:
    ada, me = make_everything(), new_id()
    client = operator_as("admin", user_id=me)

    told = [client.press(USERS, action, ada) for action in ("disable", "enable")]

    assert told == [["Disable: 1"], ["Enable: 1"]]
    assert [message.active for message in published(UserChanged)] == [False, True]
    assert Session.objects.get().end_reason == "disabled"
    entries = {(entry.action, entry.actor_id) for entry in published(RecordAudit)}
    assert {("user.account.disable", me), ("user.account.enable", me)} <= entries


def test_nobody_disables_themselves() -> None:
    me = make_person()

    told = operator_as("admin", user_id=me.id).press(USERS, "disable", me)

    assert (len(told), User.objects.get().active) == (1, True)
    assert told != ["Disable: 1"]


@pytest.mark.parametrize(("path", "action"), [(USERS, "sign_out"), (SESSIONS, "sign_out_owner")])
def test_all_sessions_of_an_account_are_ended(path: str, action: str) -> None:
    ada = make_everything()
    sessions.start_session(user=ada, address=LONDON, user_agent="Safari/1")

    operator_as("admin").press(path, action, ada if path == USERS else Session.objects.latest("pk"))

    assert not Session.objects.filter(ended_at__isnull=True).exists()
    assert [told.reason for told in published(SessionsEnded)] == ["ended_by_admin"]


def test_an_owner_s_word_on_the_telephone_locks_the_stranger_out() -> None:
    ada, client = make_everything(), operator_as("admin")
    claim = SecurityClaim.objects.get()

    told = client.press(CLAIMS, "lock_out", claim)

    ada.refresh_from_db()
    claim.refresh_from_db()
    assert (told, claim.was_me, ada.must_reset_password) == (["The owner says: not me: 1"], False, True)
    assert not Session.objects.filter(ended_at__isnull=True).exists()
    assert "user.claim.resolve" in [entry.action for entry in published(RecordAudit)]


def test_an_account_is_erased_only_by_who_repeats_its_address() -> None:
    ada, bob = make_person("ada@example.com"), make_person("bob@example.com")
    client = operator_as("admin")

    slip = client.press(USERS, "erase", ada, bob, reason="They asked for it.")
    told = client.press(USERS, "erase", ada, bob, reason="Ada@example.com")

    assert [line.partition(": ")[2] for line in slip] == [
        "To erase an account, give its e-mail address as the reason."
    ] * 2
    assert told[-1] == "Erase: 1"
    assert [user.deleted_at is None for user in User.objects.order_by("id")] == [False, True]
    assert [entry.subject_id for entry in published(RecordAudit)] == [str(ada.id)]


@pytest.mark.parametrize(
    ("path", "action"),
    [(USERS, "disable"), (USERS, "sign_out"), (USERS, "erase"), (SESSIONS, "sign_out_owner"), (CLAIMS, "lock_out")],
)
def test_support_changes_nothing(path: str, action: str) -> None:
    ada, client = make_everything(), operator_as("support")

    client.press(path, action, PAGES[path]._default_manager.get(), reason=ada.email)

    ada.refresh_from_db()
    assert ada.active
    assert Session.objects.get().live
    assert 'name="action"' not in client.get(path).content.decode()
