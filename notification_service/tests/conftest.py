"""Mail goes into a folder of the test's own; the templates may not swallow a misspelt name."""

from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(autouse=True)
def mail(settings: Any, tmp_path: Path) -> Path:
    settings.EMAIL_BACKEND = "notification_service.clients.MailFiles"
    settings.EMAIL_FILE_PATH = str(tmp_path / "mail")
    return tmp_path / "mail"
