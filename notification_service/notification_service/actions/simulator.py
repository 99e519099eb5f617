"""The simulated text message service's only deed."""

import os
import secrets

from django.conf import settings


def take_sms(*, to: str, sender: str, body: str) -> str:
    """`<sid>.log` in SMS_DIR, whole or not at all, readable by its owner only; answers the sid.

    It is written beside the folder, whose readers take every file in it for a message, and then moved in.
    """
    folder = settings.SMS_DIR
    folder.mkdir(parents=True, exist_ok=True)
    sid = f"SM{secrets.token_hex(16)}"
    beside = folder.parent / f".{sid}.{os.getpid()}"
    beside.touch(mode=0o600)
    beside.write_text(f"To: {to}\nFrom: {sender}\n\n{body}\n")
    beside.replace(folder / f"{sid}.log")
    return sid
