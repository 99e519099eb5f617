"""What the README shows, a newcomer can type."""

import re
import subprocess

import pytest

from fleet.client import Market
from fleet.table import ROOT


@pytest.mark.usefixtures("market")
def test_the_readmes_commands_buy_something(market: Market) -> None:
    (script,) = re.findall(r"```bash\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    script = script.replace("http://localhost:8000", market.gateway)

    done = subprocess.run(["bash", "-e", "-c", script], capture_output=True, text=True, timeout=60, cwd=ROOT)

    assert done.returncode == 0, done.stderr
    assert [line for line in done.stdout.splitlines() if line in {"placed", "confirmed"}] == ["placed", "confirmed"]
