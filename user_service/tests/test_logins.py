"""The login history, unusual logins, and what their owner says of them."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from conftest import PASSWORD, Register, as_user, sign_in
from django.conf import LazySettings
from django.utils import timezone
from rest_framework.test import APIClient

from shared.context import new_id
from shared.contracts.user import EmailCodeIssued, SecurityAlertRaised, SessionsEnded
from shared.testing import body, published
from user_service.actions import erasure, logins
from user_service.models import Familiar, LoginAttempt, SecurityClaim, Session, User, failures, stores
from user_service.models.devices import device_of

pytestmark = pytest.mark.django_db

LOGIN, HISTORY = "/api/v1/auth/login", "/api/v1/users/me/login-history"
CLAIMS, NEW = "/api/v1/users/me/security-claims", "another long passphrase 7"
RIGHT = {"email": "ada@example.com", "password": PASSWORD}
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:132.0) Gecko/20100101 Firefox/132.0"
SAFARI = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Safari/604.1"
LONDON, BERLIN, OXFORD = "81.2.69.142", "85.214.132.117", "81.2.69.7"


def log_in(agent: str = FIREFOX, address: str = LONDON, **changes: str):
    headers = {"User-Agent": agent, "X-Real-IP": address}
    return APIClient().post(LOGIN, RIGHT | changes, headers=headers)


def clock() -> None:
    """What the worker does every two seconds."""
    logins.keep_failures()
    logins.judge_logins()


def history(access: str) -> list[dict[str, Any]]:
    return list(body(as_user(access).get(HISTORY))["results"])


@pytest.fixture
def at_home(make_account: Register) -> str:
    """An account known by Firefox in London; answers an access token of it."""
    make_account()
    LoginAttempt.objects.all().delete()
    access = str(body(log_in())["access"])
    clock()
    return access


@pytest.fixture
def geoip(settings: LazySettings, tmp_path: Path) -> None:
    """A database of three networks, as MaxMind writes them."""
    netaddr = pytest.importorskip("netaddr", reason="mmdb-writer writes the test's database")
    mmdb_writer = pytest.importorskip("mmdb_writer")

    def row(city: str, country: str, code: str) -> dict[str, Any]:
        return {"city": {"names": {"en": city}}, "country": {"iso_code": code, "names": {"en": country}}}

    writer = mmdb_writer.MMDBWriter(4, "GeoLite2-City", languages=["en"])
    writer.insert_network(netaddr.IPSet(["81.2.69.128/25"]), row("London", "United Kingdom", "GB"))
    writer.insert_network(netaddr.IPSet(["81.2.69.0/26"]), row("Oxford", "United Kingdom", "GB"))
    writer.insert_network(netaddr.IPSet(["85.214.132.0/24"]), row("Berlin", "Germany", "DE"))
    writer.to_db_file(str(tmp_path / "places.mmdb"))
    settings.GEOIP_DATABASE = str(tmp_path / "places.mmdb")


# ── History ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_login_stands_in_the_history_at_once_and_a_failed_one_a_moment_later(at_home: str) -> None:
    log_in(password="wrong one", address=BERLIN)
    before = history(at_home)
    clock()

    rows = history(at_home)

    assert [row["outcome"] for row in before] == ["succeeded"]
    assert [(row["outcome"], row["address"]) for row in rows] == [("wrong_password", BERLIN), ("succeeded", LONDON)]
    assert rows[1].keys() == {"id", "at", "outcome", "address", "place", "device", "user_agent"}
    assert (rows[1]["device"], rows[1]["place"]) == ("Firefox on Windows", None)


def test_what_was_blocked_and_what_was_not_allowed_yet_is_told_apart(make_account: Register) -> None:
    make_account(verified=False)
    log_in()
    for _ in range(6):
        log_in(password="wrong one")
    clock()

    outcomes = list(LoginAttempt.objects.order_by("id").values_list("outcome", flat=True))

    assert outcomes == ["email_not_verified"] + ["wrong_password"] * 5 + ["blocked"]


def test_an_address_nobody_has_leaves_no_trace(at_home: str) -> None:
    log_in(email="nobody@example.com")
    waiting = stores.own().zcard(failures.KEY)
    clock()

    assert (waiting, stores.own().zcard(failures.KEY)) == (1, 0)
    assert LoginAttempt.objects.count() == 1


def test_failures_written_down_twice_stand_there_once(at_home: str) -> None:
    log_in(password="wrong one")
    waiting = failures.waiting(10)
    logins.keep_failures()
    stores.own().zadd(failures.KEY, dict.fromkeys(waiting, 1.0))

    logins.keep_failures()

    assert LoginAttempt.objects.filter(outcome="wrong_password").count() == 1


def test_failures_wait_in_bounded_space(settings: LazySettings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(failures, "MOST", 3)

    for number in range(5):
        failures.note("blocked", whose=f"{number}@example.com", address=None, user_agent="")

    assert sorted(row["whose"] for row in failures.waiting(10).values()) == [f"{n}@example.com" for n in (2, 3, 4)]


def test_without_redis_a_login_answers_as_ever(at_home: str, settings: LazySettings) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"

    assert [log_in(password="wrong one").status_code, log_in().status_code] == [401, 200]
    assert len(history(at_home)) == 2


def test_the_history_shows_fifty_and_keeps_fifty(at_home: str) -> None:
    user = User.objects.get()
    rows = [LoginAttempt(user=user, outcome="blocked", judged_at=timezone.now()) for _ in range(60)]
    LoginAttempt.objects.bulk_create(rows)

    page = body(as_user(at_home).get(f"{HISTORY}?limit=100"))["results"]
    trimmed = [logins.trim_history(), logins.trim_history()]

    assert [row["id"] for row in page] == [str(row.id) for row in reversed(rows[10:])]
    assert (trimmed, LoginAttempt.objects.count()) == ([11, 0], 50)


def test_nobody_sees_anothers_history_or_claims(at_home: str, make_account: Register) -> None:
    log_in(SAFARI)
    clock()
    eve = as_user(make_account("eve@example.com")["access"])
    claim = SecurityClaim.objects.get(user__email="ada@example.com")

    answers = [eve.post(f"{CLAIMS}/{found}/resolve", {"was_me": True}) for found in (claim.id, new_id())]

    assert len(body(eve.get(HISTORY))["results"]) == 1
    assert body(eve.get(CLAIMS))["results"] == []
    assert [answer.status_code for answer in answers] == [404, 404]
    assert [APIClient().get(path).status_code for path in (HISTORY, CLAIMS)] == [401, 401]


@pytest.mark.parametrize(
    ("agent", "device"),
    [
        (FIREFOX, "Firefox on Windows"),
        (SAFARI, "Safari on iPhone"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537 Chrome/131.0 Safari/537 Edg/131.0",
         "Edge on macOS"),
        ("Mozilla/5.0 (Linux; Android 14; Pixel) AppleWebKit/537 Chrome/131.0 Mobile Safari/537", "Chrome on Android"),
        ("curl/8.5.0", "curl"),
        ("Mozilla/5.0 (X11; Linux x86_64)", "Linux"),
        ("", "Unknown device"),
        ("ü" * 300, "Unknown device"),
    ],
)  # fmt: skip
def test_a_user_agent_is_told_plainly(agent: str, device: str) -> None:
    assert device_of(agent) == device


# ── Places ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_place_is_found_after_the_answer(geoip: None, at_home: str) -> None:
    log_in(address=OXFORD)
    before = history(at_home)[0]["place"]
    clock()

    sessions = body(as_user(at_home).get("/api/v1/users/me/sessions"))["results"]

    assert before is None
    assert history(at_home)[0]["place"] == "Oxford, United Kingdom"
    assert [(row["device"], row["place"], row["current"]) for row in sessions][:2] == [
        ("Firefox on Windows", "Oxford, United Kingdom", False),
        ("Firefox on Windows", "London, United Kingdom", True),
    ]


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "2001:db8::1", "garbage"])
def test_addresses_without_a_place_are_survived(geoip: None, make_account: Register, address: str) -> None:
    make_account()
    log_in(address=address)
    clock()

    assert LoginAttempt.objects.filter(judged_at__isnull=True).count() == 0
    assert LoginAttempt.objects.last().place is None


def test_a_file_that_cannot_be_read_is_no_place(make_account: Register, settings: LazySettings, tmp_path: Path) -> None:
    (tmp_path / "broken.mmdb").write_bytes(b"no database")
    for name in ("broken.mmdb", "absent.mmdb"):
        settings.GEOIP_DATABASE = str(tmp_path / name)
        log_in() if User.objects.exists() else make_account()
        clock()

    assert LoginAttempt.objects.filter(place__isnull=True, judged_at__isnull=False).count() == 2


# ── Unusual logins ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_first_login_is_never_unusual_and_the_same_again_neither(geoip: None, at_home: str) -> None:
    log_in()
    log_in(address=OXFORD)
    clock()

    assert (published(SecurityAlertRaised), SecurityClaim.objects.count()) == ([], 0)


@pytest.mark.parametrize(
    ("agent", "address", "reasons"),
    [(SAFARI, LONDON, ("device",)), (FIREFOX, BERLIN, ("place",)), (SAFARI, BERLIN, ("device", "place"))],
)
def test_an_unusual_login_raises_one_alert_and_a_claim(
    geoip: None, at_home: str, agent: str, address: str, reasons: tuple[str, ...]
) -> None:
    for _ in range(2):
        log_in(agent, address)
        clock()

    (alert,) = published(SecurityAlertRaised)
    (claim,) = body(as_user(at_home).get(CLAIMS))["results"]
    assert (alert.reasons, alert.email, str(alert.claim_id)) == (reasons, "ada@example.com", claim["id"])
    assert (tuple(claim["reasons"]), claim["address"], claim["was_me"]) == (reasons, address, None)


def test_a_failed_login_makes_nothing_familiar_and_raises_nothing(at_home: str) -> None:
    log_in(SAFARI, password="wrong one")
    clock()

    assert published(SecurityAlertRaised) == []
    assert list(Familiar.objects.values_list("value", flat=True)) == ["Firefox on Windows"]


def test_flushing_the_history_with_failures_hides_no_unusual_login(at_home: str) -> None:
    user = User.objects.get()
    LoginAttempt.objects.bulk_create(
        LoginAttempt(user=user, outcome="blocked", judged_at=timezone.now()) for _ in range(60)
    )
    logins.trim_history()

    log_in(SAFARI)
    clock()

    assert len(published(SecurityAlertRaised)) == 1


def test_logins_wait_for_judgement_however_long_the_worker_is_away(at_home: str) -> None:
    log_in(SAFARI)
    LoginAttempt.objects.update(at=timezone.now() - timedelta(days=2))
    LoginAttempt.objects.bulk_create(LoginAttempt(user=User.objects.get(), outcome="blocked") for _ in range(60))
    logins.trim_history()

    clock()

    assert len(published(SecurityAlertRaised)) == 1


# ── Claims ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def claim_of_a_stranger() -> str:
    log_in(SAFARI)
    clock()
    return str(SecurityClaim.objects.get(resolved_at__isnull=True).id)


def resolve(access: str, claim: str, **form: Any):
    return as_user(access).post(f"{CLAIMS}/{claim}/resolve", form)


def test_it_was_me_resolves_the_claim_and_nothing_else(at_home: str) -> None:
    claim = claim_of_a_stranger()

    answers = [resolve(at_home, claim, was_me=True) for _ in range(2)]

    assert [(answer.status_code, body(answer)["was_me"]) for answer in answers] == [(200, True)] * 2
    assert body(as_user(at_home).get(CLAIMS))["results"] == []
    assert [row["id"] for row in body(as_user(at_home).get(f"{CLAIMS}?resolved=true"))["results"]] == [claim]
    assert log_in().status_code == 200


def test_it_was_not_me_ends_all_sessions_and_asks_for_a_new_password(at_home: str) -> None:
    claim = claim_of_a_stranger()
    refresh = body(log_in())["refresh"]

    response = resolve(at_home, claim, was_me=False)

    assert (response.status_code, Session.objects.filter(ended_at__isnull=True).count()) == (200, 0)
    assert published(SessionsEnded)[-1].reason == "not_me"
    assert APIClient().post("/api/v1/auth/refresh", {"refresh": refresh}).status_code == 401
    locked, guessed = log_in(), log_in(password="wrong one")
    assert [(one.status_code, body(one)["code"]) for one in (locked, guessed)] == [
        (403, "password_reset_required"),
        (401, "invalid_credentials"),
    ]


def test_a_reset_opens_the_account_again_and_the_stranger_stays_strange(at_home: str) -> None:
    resolve(at_home, claim_of_a_stranger(), was_me=False)
    APIClient().post("/api/v1/auth/password-reset", {"email": "ada@example.com"})
    form = {"email": "ada@example.com", "code": published(EmailCodeIssued)[-1].code, "password": NEW}
    APIClient().post("/api/v1/auth/password-reset/confirm", form)

    assert log_in(password=NEW).status_code == 200
    log_in(SAFARI, password=NEW)
    clock()
    assert len(published(SecurityAlertRaised)) == 2


def test_a_changed_password_does_not_open_what_only_a_reset_opens(at_home: str) -> None:
    resolve(at_home, claim_of_a_stranger(), was_me=False)

    form = {"current_password": PASSWORD, "password": NEW}
    as_user(at_home).post("/api/v1/auth/password-change", form)

    assert "access" not in sign_in(APIClient(), password=NEW)


def test_a_strangers_yes_is_taken_back_by_the_owners_no_and_never_the_other_way(at_home: str) -> None:
    claim = claim_of_a_stranger()

    answers = [resolve(at_home, claim, was_me=word) for word in (True, False, False, True)]

    assert [answer.status_code for answer in answers] == [200, 200, 200, 409]
    assert body(answers[-1])["code"] == "claim_resolved"
    assert [told.reason for told in published(SessionsEnded)] == ["not_me"]


@pytest.mark.parametrize("form", [{}, {"was_me": None}, {"was_me": "perhaps"}, {"was_me": True, "more": 1}, []])
def test_an_odd_word_resolves_nothing(at_home: str, form: Any) -> None:
    claim = claim_of_a_stranger()

    assert as_user(at_home).post(f"{CLAIMS}/{claim}/resolve", form).status_code == 400
    assert SecurityClaim.objects.get().was_me is None


@pytest.mark.parametrize("query", ["resolved=perhaps", "more=1", "limit=0", "cursor=x"])
def test_an_odd_question_is_refused(at_home: str, query: str) -> None:
    assert as_user(at_home).get(f"{CLAIMS}?{query}").status_code in {400, 404}


def test_claims_of_a_deleted_session_stay(at_home: str) -> None:
    claim = claim_of_a_stranger()
    Session.objects.all().delete()

    assert resolve(at_home, claim, was_me=False).status_code == 200


def test_a_deleted_account_leaves_no_traces_of_its_logins(at_home: str) -> None:
    claim_of_a_stranger()
    user = User.objects.get()

    erasure.delete(admin_id=new_id(), user_id=user.id)

    assert [model.objects.count() for model in (LoginAttempt, Familiar, SecurityClaim)] == [0, 0, 0]
