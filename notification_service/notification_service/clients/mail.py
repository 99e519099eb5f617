"""Mail out: Django's SMTP backend in production; on one machine a file for each mail."""

import os
from collections.abc import Sequence
from email.errors import MessageError
from pathlib import Path
from smtplib import SMTPException
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

from notification_service.clients.away import Away

MAIL_DOMAIN = "nexus.example"


def send_mail(*, delivery_id: UUID, address: str, subject: str, body: str) -> None:
    """Hand a mail over. Raises Away, also for an address or a subject that no mail can be made of.

    Sent twice it has the same Message-ID, and is the same file.
    """
    headers = {"Message-ID": f"<{delivery_id}@{MAIL_DOMAIN}>"}
    mail = EmailMessage(subject, body, to=[address], headers=headers)
    try:
        mail.send()
    except (OSError, SMTPException, MessageError, ValueError) as error:
        raise Away(f"{type(error).__name__}: {error}") from None


class MailFiles(BaseEmailBackend):
    """`<delivery id>.log` in MAIL_DIR, whole or not at all.

    It is written beside the folder, whose readers take every file in it for a mail, and then moved in.
    """

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        folder = Path(settings.EMAIL_FILE_PATH)
        folder.mkdir(parents=True, exist_ok=True)
        for mail in email_messages:
            name = str(mail.extra_headers["Message-ID"]).strip("<>").partition("@")[0]
            beside = folder.parent / f".{name}.{os.getpid()}"
            beside.write_bytes(mail.message().as_bytes())
            beside.replace(folder / f"{name}.log")
        return len(email_messages)
