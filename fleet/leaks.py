"""`python -m fleet.leaks`: no secret stands in any commit behind HEAD, nor in what is about to be committed.

Every line that was ever added is looked at, as what was removed again can still be read. Only what has the shape of a
secret is one: keys of providers, private keys, tokens, passwords in addresses.
"""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from detect_secrets.core.scan import scan_line
from detect_secrets.settings import transient_settings

from fleet.table import ROOT

SHAPES = (
    "ArtifactoryDetector", "AWSKeyDetector", "AzureStorageKeyDetector", "BasicAuthDetector", "CloudantDetector",
    "DiscordBotTokenDetector", "GitHubTokenDetector", "GitLabTokenDetector", "IbmCloudIamDetector", "JwtTokenDetector",
    "MailchimpDetector", "NpmDetector", "OpenAIDetector", "PrivateKeyDetector", "PypiTokenDetector", "SendGridDetector",
    "SlackDetector", "SquareOAuthDetector", "StripeDetector", "TelegramBotTokenDetector", "TwilioKeyDetector",
)  # fmt: skip
MADE_UP = {
    "password", "secret", "nothing", "{port}\\\\",
    "AC00000000000000000000000000000000", "AC0123456789abcdef0123456789abcdef",
}  # fmt: skip
"""Values that look like secrets in examples and tests, and open nothing."""
LOCK_FILES = ":(exclude)*requirements.txt"
"""Nothing but hashes."""


class Line(NamedTuple):
    """One that somebody added; `commit` is empty for what is not committed yet."""

    commit: str
    file: str
    text: str


class Leak(NamedTuple):
    line: Line
    kind: str


def main() -> int:
    if not (ROOT / ".git").exists():
        print("nothing was looked at: there is no history here")
        return 0
    lines = list(added(ROOT))
    found = leaks(lines)
    print(f"{len(lines)} lines")
    for line, kind in found:
        print(f"{line.commit or 'not committed yet'} {line.file}: {kind}", file=sys.stderr)
    return 1 if found or not lines else 0


def added(clone: Path) -> Iterator[Line]:
    """Each line once, where it is newest."""
    seen: set[str] = set()
    merges_too = "--diff-merges=separate"  # what was added while a conflict was settled stands in no other diff
    for command in (("diff", "HEAD"), ("log", "--patch", merges_too, "--format=commit %h", "HEAD")):
        for line in _added(clone, *command, "--no-color", "--no-ext-diff", "--unified=0", "--", ".", LOCK_FILES):
            if line.text not in seen:
                seen.add(line.text)
                yield line


def _added(clone: Path, *command: str) -> Iterator[Line]:
    done = subprocess.run(["git", "-C", str(clone), *command], capture_output=True, check=True)
    commit, file, is_head = "", "", False
    for text in done.stdout.decode(errors="replace").split("\n"):  # splitlines() would end lines where git does not
        if text.startswith("commit "):
            commit = text.removeprefix("commit ")
        elif text.startswith(("diff --git ", "@@ ")):
            is_head = not text.startswith("@@ ")
        elif is_head and text.startswith("+++ "):
            file = text.removeprefix("+++ b/")
        elif not is_head and text.startswith("+"):
            yield Line(commit, file, text[1:])


def leaks(lines: list[Line]) -> list[Leak]:
    with transient_settings({"plugins_used": [{"name": name} for name in SHAPES]}):
        return [
            Leak(line, secret.type)
            for line in lines
            for secret in scan_line(line.text)
            if secret.secret_value not in MADE_UP
        ]


if __name__ == "__main__":
    sys.exit(main())
