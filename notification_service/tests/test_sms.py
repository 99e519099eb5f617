"""Text messages: Twilio's requests, its answers, and the simulator that stands in for it."""

import base64
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from factories import hear, phone_code
from rest_framework.test import APIClient

from notification_service.actions.deliveries import send_mails
from notification_service.models import Delivery, Notification
from shared.testing import body, client_as

pytestmark = pytest.mark.django_db

PHONE, CODE = "+447400123456", "918273"
ACCOUNT, TOKEN = "AC0123456789abcdef0123456789abcdef", "a token"
MESSAGES = f"/simulator/sms/2010-04-01/Accounts/{ACCOUNT}/Messages.json"


class Twilio:
    """Listens, remembers what it was asked, and answers `status` and `answer`."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, dict[str, list[str]]]] = []
        self.status, self.answer = 201, json.dumps({"sid": "SM1", "status": "queued", "error_code": None})
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
                outer.asked.append((self.path, self.headers["Authorization"], form))
                self.send_response(outer.status)
                self.send_header("Content-Length", str(len(outer.answer)))
                self.end_headers()
                self.wfile.write(outer.answer.encode())

            def log_message(self, *_args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture(autouse=True)
def account(settings: Any, tmp_path: Path) -> Path:
    settings.SMS_ACCOUNT, settings.SMS_TOKEN, settings.SMS_DIR = ACCOUNT, TOKEN, tmp_path / "sms"
    return tmp_path / "sms"


@pytest.fixture
def twilio(settings: Any) -> Iterator[Twilio]:
    twilio = Twilio()
    settings.SMS_URL, settings.SMS_FROM = twilio.url, "+15005550006"
    threading.Thread(target=twilio.server.serve_forever, args=(0.02,), daemon=True).start()
    yield twilio
    twilio.server.shutdown()
    twilio.server.server_close()


def test_a_code_goes_out_as_twilio_wants_it_and_is_forgotten(twilio: Twilio) -> None:
    hear(phone_code())

    send_mails()

    ((path, credentials, form),) = twilio.asked
    row = Delivery.objects.get()
    assert path == f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
    assert base64.b64decode(credentials.removeprefix("Basic ")).decode() == f"{ACCOUNT}:{TOKEN}"
    assert (form["To"], form["From"]) == ([PHONE], ["+15005550006"])
    assert CODE in form["Body"][0]
    assert (row.status, row.channel, row.address, row.body) == ("sent", "sms", PHONE, "")
    assert Notification.objects.count() == 0


def test_the_same_message_twice_sends_once(twilio: Twilio) -> None:
    told = phone_code()
    hear(told)
    send_mails()

    send_mails()

    assert len(twilio.asked) == 1


@pytest.mark.parametrize(("status", "answer"), [(503, "{}"), (429, "{}"), (401, '{"code": 20003}'), (201, "<html>")])
def test_what_waiting_may_cure_is_tried_again(status: int, answer: str, twilio: Twilio) -> None:
    twilio.status, twilio.answer = status, answer
    hear(phone_code())

    send_mails()

    row = Delivery.objects.get()
    assert (row.status, row.attempts) == ("queued", 1)
    assert row.due_at
    assert CODE in row.body


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        (400, {"code": 21211, "message": f"The 'To' number {PHONE} is not valid: {CODE}"}),
        (201, {"sid": "SM1", "status": "failed", "error_code": 30007}),
        (201, {"sid": "SM1", "status": "undelivered", "error_code": None}),
        (404, []),
    ],
)
def test_what_is_refused_is_given_up_and_the_code_is_nowhere(
    status: int, answer: Any, twilio: Twilio, caplog: pytest.LogCaptureFixture
) -> None:
    twilio.status, twilio.answer = status, json.dumps(answer)
    hear(phone_code())

    send_mails()

    row = Delivery.objects.get()
    assert (row.status, row.body, row.due_at) == ("failed", "", None)
    assert row.error
    assert CODE not in row.error + caplog.text


def test_a_code_that_is_too_old_is_not_sent(twilio: Twilio) -> None:
    hear(phone_code(minutes=-1))

    send_mails()

    assert (twilio.asked, Delivery.objects.get().status) == ([], "failed")


def test_nobody_answering_is_no_end(settings: Any) -> None:
    settings.SMS_URL = "http://127.0.0.1:1"
    hear(phone_code())

    send_mails()

    assert Delivery.objects.get().status == "queued"


def test_admins_see_text_messages_among_the_mails_without_their_codes() -> None:
    hear(phone_code())
    admin = client_as("admin")

    listed = body(admin.get("/api/v1/admin/notification-deliveries", {"channel": "sms"}))["results"]
    whole = body(admin.get(f"/api/v1/admin/notification-deliveries/{listed[0]['id']}"))

    assert [(row["channel"], row["to"], row["subject"]) for row in listed] == [("sms", PHONE, "")]
    assert whole["body"] is None
    assert body(admin.get("/api/v1/admin/notification-deliveries", {"channel": "email"}))["results"] == []
    assert admin.get("/api/v1/admin/notification-deliveries", {"channel": "pigeon"}).status_code == 400


@pytest.mark.django_db(transaction=True)
def test_by_default_the_simulator_writes_a_file_a_message(live_server: Any, settings: Any, account: Path) -> None:
    settings.SMS_URL = f"{live_server.url}/simulator/sms"
    hear(phone_code())

    send_mails()

    (file,) = account.glob("*")
    assert Delivery.objects.get().status == "sent"
    assert file.read_text().startswith(f"To: {PHONE}\n")
    assert CODE in file.read_text()
    assert file.stat().st_mode & 0o077 == 0


def ask(form: dict[str, Any], *, user: str = ACCOUNT, token: str = TOKEN, path: str = MESSAGES):
    credentials = base64.b64encode(f"{user}:{token}".encode()).decode()
    fields = "&".join(f"{name}={value}" for name, value in form.items()).replace("+", "%2B")
    headers = {"Authorization": f"Basic {credentials}"}
    return APIClient().post(path, fields, content_type="application/x-www-form-urlencoded", headers=headers)


FORM = {"To": PHONE, "From": "+15005550006", "Body": "Hello"}


def test_the_simulator_answers_in_twilios_words(account: Path) -> None:
    answer = body(ask(FORM))

    assert (answer["status"], answer["error_code"], answer["to"]) == ("queued", None, PHONE)
    assert (account / f"{answer['sid']}.log").exists()


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"To": "07400"}, 400, 21211),
        ({"From": "Nexus"}, 400, 21212),
        ({"Body": ""}, 400, 21602),
        ({"Body": "x" * 1_601}, 400, 21602),
    ],
)
def test_the_simulator_refuses_what_twilio_would(
    changes: dict[str, str], status: int, code: int, account: Path
) -> None:
    answer = ask({**FORM, **changes})

    assert (answer.status_code, body(answer)["code"]) == (status, code)
    assert not account.exists()


def test_the_simulator_is_closed_to_whoever_has_not_the_token(account: Path) -> None:
    other = MESSAGES.replace(ACCOUNT, "AC1")

    answers = [ask(FORM, token="no"), ask(FORM, user="AC1"), ask(FORM, path=other), APIClient().post(MESSAGES)]

    assert [answer.status_code for answer in answers] == [401] * 4
    assert not account.exists()
