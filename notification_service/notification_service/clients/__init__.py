"""What carries messages out of the house."""

from notification_service.clients.away import Away, Undeliverable
from notification_service.clients.mail import MailFiles, send_mail
from notification_service.clients.sms import send_sms

__all__ = ["Away", "MailFiles", "Undeliverable", "send_mail", "send_sms"]
