"""`fleet new-service`: shared's template, rendered by Django."""

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from fleet.progress import Problem, say
from fleet.table import ROOT, Table, load

TEMPLATE = ROOT / "shared" / "shared" / "service_template"


def new_service(table: Table, name: str) -> None:
    """The folder, and a word on where else a service has to be named."""
    if not re.fullmatch(r"[a-z]+(_[a-z]+)*_service", name or ""):
        raise Problem("a service is called like loyalty_service: make new-service name=loyalty_service")
    folder = ROOT / name
    if folder.exists():
        raise Problem(f"{name}/ is there already")
    render(name, folder)
    say(f"{name}/ is there")
    row = f"port = {max(one.port for one in load(offset=0).services) + 1}, redis = {len(table.services) + 1}"
    print(f"\nGive it a line in fleet/table.toml:\n\n  {name} = {{ {row} }}")
    print("\nmake test s=fleet says where else it has to be named.")


def render(name: str, folder: Path) -> None:
    """Elsewhere first: Django refuses a name that can be imported, and every folder of the root can."""
    with tempfile.TemporaryDirectory() as elsewhere:
        command = [
            sys.executable,
            "-m",
            "django",
            "startproject",
            "--template",
            str(TEMPLATE),
            "-e",
            "py,md,toml",
            name,
        ]
        done = subprocess.run(command, capture_output=True, text=True, cwd=elsewhere)
        if done.returncode:
            raise Problem(f"Django could not render the template: {done.stderr.strip()}")
        shutil.move(Path(elsewhere) / name, folder)
