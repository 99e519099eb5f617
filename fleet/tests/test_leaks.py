"""Secrets that were committed once, in a repository made for it. They are put together here, or they would be found."""

import subprocess
from pathlib import Path

import pytest

from fleet.leaks import added, leaks

SECRETS = {
    "AWS Access Key": 'KEY = "AKIA' + 'QWERTYUIOPASDFGH"',
    "Stripe Access Key": "STRIPE_SECRET_KEY=sk_live_" + "0123456789abcdefABCDEF01",
    "GitHub Token": "token: ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8",
    "Private Key": "-----BEGIN EC " + "PRIVATE KEY-----",
    "Basic Auth Credentials": "postgresql://order:" + "hunter2hunter2@db.internal/orders",
    "JSON Web Token": "eyJhbGciOiJIUzI1NiJ9" + ".eyJzdWIiOiIxIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U",
}


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    git(tmp_path, "init", "--quiet")
    return tmp_path


def git(clone: Path, *arguments: str) -> None:
    who = ("-c", "user.name=Ada", "-c", "user.email=ada@example.com", "-c", "commit.gpgsign=false")
    subprocess.run(["git", "-C", str(clone), *who, *arguments], check=True, capture_output=True)


def commit(clone: Path, text: str) -> None:
    (clone / "settings.py").write_text(f"{text}\n")
    git(clone, "add", ".")
    git(clone, "commit", "--quiet", "-m", "change")


@pytest.mark.parametrize("kind", SECRETS)
def test_a_secret_that_was_removed_again_is_found(clone: Path, kind: str) -> None:
    commit(clone, SECRETS[kind])
    commit(clone, "KEY = None")

    [found] = leaks(list(added(clone)))

    assert (found.kind, found.line.file, found.line.text) == (kind, "settings.py", SECRETS[kind])
    assert found.line.commit


def test_a_secret_is_found_before_it_is_committed(clone: Path) -> None:
    commit(clone, "KEY = None")
    (clone / "settings.py").write_text(SECRETS["AWS Access Key"])

    [found] = leaks(list(added(clone)))

    assert (found.kind, found.line.commit) == ("AWS Access Key", "")


def test_a_secret_that_came_with_a_merge_is_found(clone: Path) -> None:
    commit(clone, "KEY = 0")
    git(clone, "checkout", "--quiet", "-b", "other")
    commit(clone, "KEY = 1")
    git(clone, "checkout", "--quiet", "-")
    commit(clone, "KEY = 2")
    git(clone, "merge", "--quiet", "--no-commit", "-s", "ours", "other")
    commit(clone, SECRETS["AWS Access Key"])
    commit(clone, "KEY = None")

    [found] = leaks(list(added(clone)))

    assert (found.kind, found.line.file) == ("AWS Access Key", "settings.py")


@pytest.mark.parametrize("before", ["++ ", "# one\f", "# two\u2028", "# three\r"])
def test_a_line_is_what_git_calls_one_however_it_begins(clone: Path, before: str) -> None:
    commit(clone, before + SECRETS["AWS Access Key"])
    commit(clone, "KEY = None")

    [found] = leaks(list(added(clone)))

    assert (found.kind, found.line.file) == ("AWS Access Key", "settings.py")


def test_what_is_made_up_and_what_is_read_from_somewhere_is_none(clone: Path) -> None:
    commit(clone, 'URL = "postgresql://name:password@host/db"\nKEY = env.text("STRIPE_SECRET_KEY", "")')

    assert leaks(list(added(clone))) == []
