"""`fleet lock`: pinned and hashed requirements, without the address of any index.

The root's requirements.txt pins everything there is. A service's pins what its own pyproject.toml and shared's ask for,
at the same versions.
"""

import subprocess
import tempfile
import tomllib
from pathlib import Path

from fleet.bootstrap import VENV
from fleet.progress import Problem, say
from fleet.services import present
from fleet.table import ROOT, Table

OPTIONS = ["--quiet", "--universal", "--python-version=3.11", "--generate-hashes", "--no-annotate"]
OWN = "nexus-shared"


def lock(table: Table) -> None:
    root = ROOT / "requirements.txt"
    compile_file(ROOT / "requirements.in", root)
    compile_file(ROOT / "docker" / "setup.in", ROOT / "docker" / "setup.txt", "--constraint", str(root))
    for service in present(table):
        wanted = [*dependencies(ROOT / "shared"), *dependencies(service.folder)]
        with tempfile.NamedTemporaryFile("w", suffix=".in") as file:
            file.write("\n".join(one for one in wanted if not one.startswith(OWN)))
            file.flush()
            compile_file(Path(file.name), service.folder / "requirements.txt", "--constraint", str(root))
        say(f"{service.name}/requirements.txt")


def dependencies(folder: Path) -> list[str]:
    project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    return list(project.get("dependencies", []))


def compile_file(source: Path, target: Path, *options: str) -> None:
    command = [str(VENV / "bin" / "uv"), "pip", "compile", *OPTIONS, "--custom-compile-command=make lock", *options]
    done = subprocess.run([*command, str(source), "-o", str(target)], capture_output=True, text=True, cwd=ROOT)
    if done.returncode:
        raise Problem(f"{target.relative_to(ROOT)} could not be resolved: {done.stderr.strip()}")
