"""Old signing keys make way by themselves. user_service's steps and NGINX are stand-ins that write down their turn."""

import os
import subprocess
import threading
import time
from pathlib import Path

import pytest

from fleet import keeper, nginx, rotation, table
from fleet.progress import Problem
from fleet.table import Table


class Turns(list[str]):
    """What happened, in its order. `due` is what user_service says when it is asked whether a key is old enough."""

    due = rotation.NOTHING
    nginx_refuses = False

    def step(self, _table: Table, step: str) -> str:
        self.append(step)
        return self.due if step == "--prepare-if-due" else "done"

    def reload(self, _table: Table) -> None:
        self.append("reload")
        if self.nginx_refuses:
            raise Problem("NGINX refuses its configuration")


@pytest.fixture
def turns(monkeypatch: pytest.MonkeyPatch) -> Turns:
    turns = Turns()
    monkeypatch.setattr(rotation, "_step", turns.step)
    monkeypatch.setattr(nginx, "reload", turns.reload)
    monkeypatch.setattr(rotation, "PAUSE_SECONDS", 0.0)
    return turns


@pytest.fixture
def page(tmp_path: Path) -> Table:
    """NGINX's configuration is newer than the keys."""
    published, rendered = tmp_path / "keys" / "jwt" / "public", tmp_path / "nginx" / "nginx.conf"
    published.mkdir(parents=True)
    rendered.parent.mkdir()
    rendered.touch()
    return table.load(var=tmp_path)


def test_nothing_happens_while_the_key_is_young(turns: Turns, page: Table) -> None:
    assert rotation.rotate_if_due(page) is False
    assert turns == ["--prepare-if-due"]


def test_nginx_knows_the_next_key_before_it_signs(turns: Turns, page: Table) -> None:
    turns.due = "prepared k2"

    assert rotation.rotate_if_due(page) is True
    assert turns == ["--prepare-if-due", "reload", "--activate"]


def test_a_key_that_nginx_does_not_learn_never_signs(turns: Turns, page: Table) -> None:
    turns.due, turns.nginx_refuses = "prepared k2", True

    with pytest.raises(Problem, match="refuses"):
        rotation.rotate_if_due(page)

    assert "--activate" not in turns


def test_nginx_forgets_what_was_retired_meanwhile(turns: Turns, page: Table) -> None:
    later = time.time_ns() + 10**9
    os.utime(page.var / "keys" / "jwt" / "public", ns=(later, later))

    rotation.rotate_if_due(page)

    assert turns == ["--prepare-if-due", "reload"]


def test_the_keeper_looks_every_so_often_until_the_supervisor_is_gone() -> None:
    with subprocess.Popen(["sleep", "600"]) as supervisor:
        looks = threading.Semaphore(0)
        watching = threading.Thread(target=keeper.watch, args=(supervisor.pid, looks.release, 0.01, 0.02))
        watching.start()
        assert all(looks.acquire(timeout=20) for _ in range(3))
        supervisor.kill()
        watching.join(20)

    assert not watching.is_alive()


def test_the_keeper_rotates_with_the_settings_of_whoever_started_the_fleet(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from fleet import processes

    monkeypatch.delenv("NEXUS_FLEET", raising=False)
    monkeypatch.setenv("CORS_ORIGINS", "https://shop.example")
    monkeypatch.setenv("DATABASE_URL_USER", "postgresql://elsewhere/user")

    told = processes.keeper(table.load(var=tmp_path)).environment

    assert told["CORS_ORIGINS"] == "https://shop.example"
    assert told["DATABASE_URL_USER"] == "postgresql://elsewhere/user"
