"""What a fresh machine lacks: system packages and the virtual environment. Standard library only, as nothing else is
there yet.
"""

import glob
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType

from fleet.keys import locked
from fleet.progress import START, Problem, say
from fleet.table import ROOT, Table

VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
SYSTEM_PYTHON = Path("/usr/bin/python3")
NEEDED = (3, 11)
REQUIREMENTS = ROOT / "requirements.txt"
POLICY = Path("/usr/sbin/policy-rc.d")
Packages = Mapping[str, tuple[str, ...]]
"""Debian package → files one of which shows that it is installed."""
NOTHING: Packages = MappingProxyType({})
PACKAGES: Packages = {
    "postgresql": ("/usr/lib/postgresql/*/bin/postgres",),
    "redis-server": ("/usr/bin/redis-server",),
    "rabbitmq-server": ("/usr/lib/rabbitmq/bin/rabbitmq-server",),
    "nginx": ("/usr/sbin/nginx",),
    "libnginx-mod-http-js": ("/usr/lib/nginx/modules/ngx_http_js_module.so",),
}
TEST_PACKAGES: Packages = {
    "chromium": ("/usr/bin/chromium",),
    "npm": ("/usr/bin/npm", "/usr/local/bin/npm", "/opt/*/bin/npm"),
}
"""What tests want besides: pages are tried in a browser, crypto payments on a chain, which npm installs."""
BENCH_PACKAGES: Packages = {"wrk": ("/usr/bin/wrk",)}
"""What benchmarks want besides: something that asks faster than anything here answers."""


# ── System packages ──────────────────────────────────────────────────────────────────────────────────────────────────


def missing_packages(besides: Packages = NOTHING) -> list[str]:
    wanted = {**PACKAGES, **besides}
    missing = [name for name, files in wanted.items() if not any(glob.glob(file) for file in files)]
    if not shutil.which("uv") and _lacks_ensurepip():
        missing.append("python3-venv")
    return missing


def _lacks_ensurepip() -> bool:
    return not _says_yes(interpreter(), "import ensurepip")


def _says_yes(python: Path, program: str) -> bool:
    return python.exists() and subprocess.run([python, "-c", program], capture_output=True).returncode == 0


def ensure_packages(besides: Packages = NOTHING) -> None:
    """Install what is missing with apt, without starting the distribution's own servers."""
    missing = missing_packages(besides)
    if not missing:
        return
    root = _as_root()
    if root is None or not shutil.which("apt-get"):
        raise Problem(_by_hand(missing, "this user cannot install them"))
    say(f"installing with apt-get: {' '.join(missing)}")
    with _no_server_starts(root):
        for command in (["update", "-q"], ["install", "-q", "-y", "--no-install-recommends", *missing]):
            _apt(root, command, missing)
    if still := missing_packages(besides):
        raise Problem(_by_hand(still, "apt-get did not bring them"))


def _as_root() -> list[str] | None:
    """What to put before a command so that root runs it; None: no way without asking for a password nobody can type."""
    if os.geteuid() == 0:
        return []
    if not shutil.which("sudo"):
        return None
    asks = subprocess.run(["sudo", "-n", "true"], capture_output=True).returncode != 0
    return None if asks and not sys.stdin.isatty() else ["sudo"]


def _apt(root: list[str], arguments: list[str], missing: list[str]) -> None:
    command = [*root, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", *arguments]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        last = (done.stdout.strip().splitlines() or [""])[-1]
        raise Problem(_by_hand(missing, f"apt-get {arguments[0]} failed: {last}"))


def _by_hand(missing: list[str], why: str) -> str:
    names = " ".join(missing)
    return f"these system packages are missing: {names} ({why}). Install them, or run: docker compose up"


@contextmanager
def _no_server_starts(root: list[str]) -> Iterator[None]:
    """Debian starts a server as soon as it is installed, unless policy-rc.d forbids; a policy already there stays."""
    if POLICY.exists():
        yield
        return
    _write_policy(root)
    try:
        yield
    finally:
        subprocess.run([*root, "rm", "-f", str(POLICY)], check=True)


def _write_policy(root: list[str]) -> None:
    with tempfile.NamedTemporaryFile("w", suffix=".policy") as policy:
        policy.write("#!/bin/sh\nexit 101\n")
        policy.flush()
        subprocess.run([*root, "install", "-m", "755", policy.name, str(POLICY)], check=True)


# ── Virtual environment ──────────────────────────────────────────────────────────────────────────────────────────────


def in_venv() -> bool:
    return Path(sys.prefix) == VENV


def interpreter() -> Path:
    """What everything runs on: the distribution's Python where it is new enough, for it is built to be quick. One that
    somebody compiled without a profile takes a third more processor time for the same request. Else what made `.venv`,
    whoever calls now.
    """
    if in_venv():
        return PYTHON.resolve()
    if _says_yes(SYSTEM_PYTHON, f"import sys; sys.exit(sys.version_info < {NEEDED})") and _can_make_venv(SYSTEM_PYTHON):
        return SYSTEM_PYTHON.resolve()
    return PYTHON.resolve() if _says_yes(PYTHON, "") else Path(sys.executable).resolve()


def _can_make_venv(python: Path) -> bool:
    """Or may be given what it lacks for that."""
    may_install = _as_root() is not None and shutil.which("apt-get")
    return bool(shutil.which("uv") or may_install or _says_yes(python, "import ensurepip"))


def ensure_venv(table: Table) -> None:
    """Make `.venv` exactly what requirements.txt pins; done once for each content of that file and each Python."""
    with locked(REQUIREMENTS):
        stamp = VENV / "requirements.sha256"
        python = interpreter()
        wanted = hashlib.sha256(REQUIREMENTS.read_bytes() + bytes(python)).hexdigest()
        if not PYTHON.exists() or not stamp.exists() or stamp.read_text() != wanted:
            _install(python)
            stamp.write_text(wanted)
        _write_path_file(table)


def continue_in_venv() -> None:
    """Become the same command in the virtual environment's Python."""
    os.environ["NEXUS_STARTED_AT"] = repr(START)
    os.execv(PYTHON, [str(PYTHON), "-m", "fleet", *sys.argv[1:]])


def _install(python: Path) -> None:
    say("installing the Python packages of requirements.txt into .venv")
    uv = shutil.which("uv")
    if uv is None and _lacks_ensurepip():
        ensure_packages()
    if not PYTHON.exists() or PYTHON.resolve() != python:
        _run([python, "-m", "venv", "--clear", *([] if uv is None else ["--without-pip"]), VENV])
    if uv is None or not _install_with_uv(uv):
        _install_with_pip()


def _install_with_uv(uv: str) -> bool:
    arguments = ["-q", "--require-hashes", "--compile-bytecode", "-r", str(REQUIREMENTS)]
    command = [uv, "pip", "install", "--python", str(PYTHON), *arguments]
    return subprocess.run(command, capture_output=True).returncode == 0


def _install_with_pip() -> None:
    """uv first, itself pinned: it installs the rest several times faster than pip."""
    _run([PYTHON, "-m", "ensurepip"])
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as only_uv:
        only_uv.write(pinned(REQUIREMENTS.read_text(), "uv"))
        only_uv.flush()
        _run([PYTHON, "-m", "pip", "install", "-q", "--require-hashes", "-r", only_uv.name])
    if not _install_with_uv(str(VENV / "bin" / "uv")):
        _run([PYTHON, "-m", "pip", "install", "-q", "--require-hashes", "-r", REQUIREMENTS])


def pinned(requirements: str, package: str) -> str:
    """The lines of a lock file that belong to one package."""
    found = re.search(rf"^{re.escape(package)}==(?:.*\\\n)*.*\n", requirements, re.MULTILINE)
    if found is None:
        raise Problem(f"requirements.txt does not pin {package}; run: make lock")
    return found[0]


def _run(command: list[object]) -> None:
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no output"])[-1]
        raise Problem(f"installing the Python packages failed: {last}")


def _write_path_file(table: Table) -> None:
    """One virtual environment for all services in development: a .pth file makes each importable from anywhere."""
    folders = [ROOT / "shared", *(service.folder for service in table.services), ROOT]
    text = "".join(f"{folder}\n" for folder in folders)
    for packages in VENV.glob("lib/python3.*/site-packages"):
        file = packages / "nexus.pth"
        if not file.exists() or file.read_text() != text:
            file.write_text(text)
