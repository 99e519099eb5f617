"""Schemathesis: every operation with made-up requests, by an admin and by a guest, against what the document says.

SCHEMATHESIS_EXAMPLES=100 asks for more of each operation than the few that fit into every run of the tests.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from fleet.client import Market

EXAMPLES = os.environ.get("SCHEMATHESIS_EXAMPLES", "4")
CHECKS = (
    "not_a_server_error", "status_code_conformance", "content_type_conformance", "response_headers_conformance",
    "response_schema_conformance", "ignored_auth",
)  # fmt: skip
NOT_ASKED = r"^/api/v1/auth/(logout|password-change)"
"""These would end the admin's own session, or change the password that the other tests know."""


@pytest.mark.parametrize("who", ["guest", "admin"])
def test_every_operation_answers_as_the_document_says(market: Market, tmp_path: Path, who: str) -> None:
    token = market.account("admin").access if who == "admin" else None

    done = subprocess.run(_command(market, token), cwd=tmp_path, capture_output=True, text=True)

    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr
    tested = re.search(r"Tested: (\d+)", done.stdout)
    assert tested
    assert int(tested[1]) > 100


def _command(market: Market, token: str | None) -> list[str]:
    """One worker: of two threads that parse Python at once, as Hypothesis does, 3.11 loses count (a SystemError)."""
    header = ["--header", f"Authorization: Bearer {token}"] if token else []
    return [
        sys.executable, "-m", "schemathesis.cli", "run", f"{market.gateway}/api/v1/openapi.json", *header,
        "--max-examples", EXAMPLES, "--checks", ",".join(CHECKS), "--phases", "fuzzing", "--workers", "1",
        "--exclude-path-regex", NOT_ASKED, "--no-shrink", "--continue-on-failure", "--warnings", "off",
        "--seed", "1",
    ]  # fmt: skip
