"""Mail is sent once, tried again when it fails, and given up with a reason."""

import socketserver
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from factories import ADA, code, hear, invitation, mails, make_people, order_confirmed

from notification_service.actions import deliveries
from notification_service.models import Delivery
from shared.contracts.user import PasswordChanged

pytestmark = pytest.mark.django_db


def due_now() -> None:
    Delivery.objects.filter(due_at__isnull=False).update(due_at=timezone.now())


def test_a_mail_is_sent_once(mail: Path) -> None:
    make_people()
    hear(order_confirmed())

    deliveries.send_mails()
    deliveries.send_mails()

    assert len(mails(mail)) == 2
    assert set(Delivery.objects.values_list("status", "attempts")) == {("sent", 1)}


def test_an_invitation_says_as_what(mail: Path) -> None:
    hear(invitation())

    deliveries.send_mails()

    assert "(your role: finance)" in mails(mail)[0].get_content()


def test_a_worker_killed_after_sending_repeats_the_same_mail(mail: Path) -> None:
    hear(code())
    claimed = deliveries._claim()
    assert claimed
    deliveries._hand_over(claimed)  # and before it is saved: kill -9
    due_now()

    deliveries.send_mails()

    assert len(mails(mail)) == 1
    assert Delivery.objects.get().attempts == 2


def test_a_sender_that_lost_its_lease_brings_no_secret_back(mail: Path) -> None:
    hear(code())
    slow = deliveries._claim()
    assert slow
    due_now()
    deliveries.send_mails()

    Path(mail).rename(mail.with_name("away"))
    mail.touch()  # now nothing can be written there: the slow one fails, after another has sent it
    deliveries._send(slow)

    row = Delivery.objects.get()
    assert (row.status, row.body, row.due_at) == ("sent", "", None)


def test_a_mail_that_cannot_even_be_written_stops_no_other(mail: Path) -> None:
    make_people()
    hear(PasswordChanged(user_id=ADA, email="a@" + "ü" * 60 + ".example"))
    hear(code())

    deliveries.send_mails()

    assert [str(one["To"]) for one in mails(mail)] == ["ada@example.com"]
    stuck = Delivery.objects.get(status="queued")
    assert "UnicodeError" in stuck.error


@pytest.mark.django_db(transaction=True)
def test_two_workers_share_the_mails(mail: Path) -> None:
    make_people()
    for _order in range(10):
        hear(order_confirmed())
    start = threading.Barrier(2)

    def work(_number: int) -> int:
        start.wait()
        try:
            return deliveries.send_mails()
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as workers:
        tried = sum(workers.map(work, range(2)))

    assert tried == 20
    assert len(mails(mail)) == 20
    assert set(Delivery.objects.values_list("status", "attempts")) == {("sent", 1)}


def test_what_cannot_be_sent_is_tried_again_ever_later(settings: Any, mail: Path) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    hear(code())

    for attempt in (1, 2, 3):
        started = timezone.now()
        deliveries.send_mails()
        row = Delivery.objects.get()
        assert row.due_at
        assert timedelta(seconds=2**attempt) <= row.due_at - started < deliveries.LEASE
        due_now()

    assert "Refused" in Delivery.objects.get().error


def test_what_fails_too_often_is_given_up_and_can_be_sent_again(settings: Any, mail: Path) -> None:
    backend, settings.EMAIL_BACKEND = settings.EMAIL_BACKEND, "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.MAIL_ATTEMPTS = "127.0.0.1", 1, 1
    make_people()
    hear(order_confirmed(vendor_orders=()))
    deliveries.send_mails()
    failed = Delivery.objects.get()
    assert (failed.status, failed.due_at) == ("failed", None)

    settings.EMAIL_BACKEND = backend
    deliveries.resend(delivery_id=failed.id)
    deliveries.send_mails()

    assert Delivery.objects.get().status == "sent"


def test_a_code_that_is_too_old_is_not_sent(mail: Path) -> None:
    hear(code(minutes=-1))

    deliveries.send_mails()

    assert mails(mail) == []
    assert (Delivery.objects.get().status, Delivery.objects.get().body) == ("failed", "")


class Postman(socketserver.StreamRequestHandler):
    """As much of RFC 5321 as a client needs to hand over a mail."""

    taken: list[bytes] = []

    def handle(self) -> None:
        self.wfile.write(b"220 here\r\n")
        for line in self.rfile:
            if line.upper().startswith(b"DATA"):
                self.wfile.write(b"354 go on\r\n")
                self.taken.append(b"".join(iter(self.rfile.readline, b".\r\n")))
            self.wfile.write(b"221 bye\r\n" if line.upper().startswith(b"QUIT") else b"250 ok\r\n")


def test_mail_goes_out_over_smtp(settings: Any) -> None:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Postman) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = server.server_address
        hear(code())

        deliveries.send_mails()
        server.shutdown()

    row = Delivery.objects.get()
    assert row.status == "sent"
    assert f"Message-ID: <{row.id}@nexus.example>".encode() in Postman.taken[0]
