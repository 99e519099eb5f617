"""The private PostgreSQL: its files, its databases and its roles."""

import glob
import os
import pwd
import shutil
import stat
import subprocess
from hashlib import sha256
from pathlib import Path

from fleet.keys import Secrets, write_private
from fleet.processes import Program
from fleet.progress import Problem
from fleet.table import Service, Table

OUTSIDE = Path("/var/lib")
SETTINGS = {
    "listen_addresses": "'127.0.0.1'",
    "unix_socket_directories": "''",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "fsync": "on",
    "synchronous_commit": "on",
    "max_wal_size": "1GB",
    "checkpoint_timeout": "10min",
    "effective_cache_size": "1GB",
    "random_page_cost": "1.1",
    "jit": "off",
    "timezone": "'UTC'",
    "log_timezone": "'UTC'",
    "lc_messages": "'C'",
    "log_min_duration_statement": "1000",
    "idle_in_transaction_session_timeout": "5min",
    "shared_preload_libraries": "'pg_stat_statements'",
    "pg_stat_statements.track": "none",
}
"""For two cores and a fleet that has to survive kill -9; just-in-time compilation only slows short statements. What
statements take is counted while somebody asks for it only (benchmarks/plans.py).
"""


def program(table: Table) -> Program:
    return Program(
        name="postgres",
        command=(f"{binaries()}/postgres", "-D", str(_data(table)), "-p", str(table.ports["postgres"])),
        folder=Path("/"),
        user=_user(),
        stop="INT",
        stop_seconds=20,
        priority=100,
        settle_seconds=1,
    )


def admin_url(table: Table, database: str = "postgres") -> str:
    password = Secrets(table.var)["postgres"]
    return f"postgresql://nexus:{password}@127.0.0.1:{table.ports['postgres']}/{database}"


def binaries() -> str:
    """The folder of PostgreSQL's own programs. Raises Problem."""
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda path: float(path.split("/")[-2]))
    if not found:
        raise Problem("PostgreSQL is not installed; run: make up")
    return found[-1]


def _user() -> str:
    """PostgreSQL refuses to run as root; everybody else runs it as themselves."""
    if os.geteuid() != 0:
        return ""
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


# ── Data folder ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _data(table: Table) -> Path:
    return (table.var / "postgres").resolve()


def prepare(table: Table) -> None:
    """Make the data folder at first start; take away a pid file whose process is gone."""
    data = _data(table)
    if not (data / "PG_VERSION").exists():
        _make_folder(table)
        _initialise(table)
    _write_settings(_data(table))
    _remove_stale_pid_file(_data(table))


def _make_folder(table: Table) -> None:
    """`var/postgres`, or a link to a folder elsewhere if PostgreSQL's user cannot reach it (a clone under /root)."""
    link = table.var / "postgres"
    if link.is_symlink():
        link.unlink()
    user = _user()
    place = link if not user or reachable(table.var, user) else _place_outside(table.var)
    if place != link:
        shutil.rmtree(place, ignore_errors=True)
        link.symlink_to(place)
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    if user:
        shutil.chown(place, user, user)


def reachable(folder: Path, user: str) -> bool:
    """May everybody pass through the folder and all above it? The user's own groups are not worth looking at."""
    return all(path.stat().st_mode & stat.S_IXOTH for path in (folder, *folder.parents))


def _place_outside(var: Path) -> Path:
    return OUTSIDE / f"nexus-{sha256(str(var).encode()).hexdigest()[:12]}"


def remove(table: Table) -> None:
    """For `make clean`: also what lies outside var."""
    place = _data(table)
    if place.exists() and (table.var / "postgres").is_symlink():
        shutil.rmtree(place)


def _initialise(table: Table) -> None:
    data, user = _data(table), _user()
    password_file = data.parent / f".{data.name}.password"
    write_private(password_file, Secrets(table.var)["postgres"])
    if user:
        shutil.chown(password_file, user, user)
    command = [f"{binaries()}/initdb", "-D", str(data), "-U", "nexus", "-E", "UTF8", "--locale=C.UTF-8"]
    try:
        _as_user([*command, "--auth=scram-sha-256", f"--pwfile={password_file}"], user)
    finally:
        password_file.unlink()


def _as_user(command: list[str], user: str) -> None:
    done = subprocess.run(command, user=user or None, group=user or None, cwd="/", capture_output=True, text=True)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no output"])[-1]
        raise Problem(f"{command[0]} failed: {last}")


def _write_settings(data: Path) -> None:
    file = data / "postgresql.auto.conf"
    text = "".join(f"{name} = {value}\n" for name, value in SETTINGS.items())
    if file.read_text() != text:
        file.write_text(text)


def _remove_stale_pid_file(data: Path) -> None:
    """PostgreSQL does this itself unless the number now belongs to another of its user's processes."""
    file = data / "postmaster.pid"
    try:
        pid = int(file.read_text().splitlines()[0])
        if Path(f"/proc/{pid}/cwd").readlink() != data:
            file.unlink()
    except FileNotFoundError:
        file.unlink(missing_ok=True)
    except (OSError, ValueError, IndexError):
        pass


# ── Databases and roles ──────────────────────────────────────────────────────────────────────────────────────────────


def provision(table: Table, services: list[Service]) -> None:
    """A role and a database for each service; nobody else may connect to it. What is there stays."""
    import psycopg
    from psycopg import sql

    secrets = Secrets(table.var)
    with psycopg.connect(admin_url(table), autocommit=True) as connection:
        there = {row[0] for row in connection.execute("SELECT datname FROM pg_database")}
        for service in services:
            name = f"nexus_{service.short}"
            if name in there:
                continue
            role, password = sql.Identifier(name), sql.Literal(secrets[f"database_{service.short}"])
            exists = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [name]).fetchone()
            verb = sql.SQL("ALTER" if exists else "CREATE")
            connection.execute(sql.SQL("{} ROLE {} LOGIN CREATEDB PASSWORD {}").format(verb, role, password))
            connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(role, role))
            connection.execute(sql.SQL("REVOKE CONNECT ON DATABASE {} FROM PUBLIC").format(role))


def answers(table: Table) -> bool:
    import psycopg

    try:
        with psycopg.connect(admin_url(table), connect_timeout=2):
            return True
    except psycopg.OperationalError:
        return False
