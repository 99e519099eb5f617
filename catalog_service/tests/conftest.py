from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(autouse=True)
def media(tmp_path: Path, settings: Any) -> Path:
    """Uploaded files of a test stay with the test."""
    settings.MEDIA_ROOT = str(tmp_path)
    return tmp_path
