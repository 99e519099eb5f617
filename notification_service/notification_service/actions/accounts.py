"""What users are told about their accounts."""

from notification_service.actions.telling import mail_secret, tell, text_secret, user
from notification_service.models.notifications import Group
from shared.contracts.user import (
    EmailCodeIssued,
    EmailRegisteredAgain,
    PasswordChanged,
    PhoneCodeIssued,
    SecurityAlertRaised,
    TwoFactorChanged,
)


def mail_code(message: EmailCodeIssued) -> None:
    """Without the name: whoever typed it may not own the address, and would have us write to a stranger."""
    mail_secret(
        user(message.user_id, message.email),
        kind=f"code_{message.purpose}",
        shown={"code": message.code, "expires_at": message.expires_at},
        expires_at=message.expires_at,
    )


def text_code(message: PhoneCodeIssued) -> None:
    text_secret(
        message.phone,
        user_id=message.user_id,
        kind="code_verify_phone",
        shown={"code": message.code},
        expires_at=message.expires_at,
    )


def tell_registered_again(message: EmailRegisteredAgain) -> None:
    tell(user(message.user_id, message.email), kind="registered_again", group=Group.ACCOUNT)


def tell_password_changed(message: PasswordChanged) -> None:
    tell(user(message.user_id, message.email), kind="password_changed", group=Group.ACCOUNT)


def tell_two_factor_changed(message: TwoFactorChanged) -> None:
    tell(
        user(message.user_id, message.email),
        kind=f"two_factor_{message.change}",
        group=Group.ACCOUNT,
        shown={"address": message.address, "at": message.at},
    )


def tell_security_alert(message: SecurityAlertRaised) -> None:
    tell(
        user(message.user_id, message.email),
        kind="security_alert",
        group=Group.ACCOUNT,
        fact=message.claim_id,
        data={"claim_id": str(message.claim_id)},
        shown={"device": message.device, "place": message.place, "address": message.address, "at": message.at},
    )
