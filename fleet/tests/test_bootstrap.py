from pathlib import Path

import pytest

from fleet import bootstrap
from fleet.progress import Problem


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine that lacks a package, with an apt-get that writes down how it was called."""
    programs = tmp_path / "bin"
    programs.mkdir()
    server = tmp_path / "server"
    apt = programs / "apt-get"
    apt.write_text(
        f'#!/bin/sh\ncd {tmp_path}\necho "$DEBIAN_FRONTEND $*" >> calls\ntest -e policy && echo held >> calls\n'
        f'[ "$1" = install ] && touch {server}\nexit 0\n'
    )
    apt.chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    monkeypatch.setattr(bootstrap, "POLICY", tmp_path / "policy")
    monkeypatch.setattr(bootstrap, "PACKAGES", {"no-such-server": (str(server),)})
    monkeypatch.setattr(bootstrap, "_as_root", list)
    monkeypatch.setattr(bootstrap, "_lacks_ensurepip", lambda: False)
    return tmp_path


def test_missing_packages_are_named(machine: Path) -> None:
    assert bootstrap.missing_packages() == ["no-such-server"]


def test_missing_packages_are_installed_without_starting_servers(machine: Path) -> None:
    bootstrap.ensure_packages()

    assert (machine / "calls").read_text().splitlines() == [
        "noninteractive update -q",
        "held",
        "noninteractive install -q -y --no-install-recommends no-such-server",
        "held",
    ]
    assert not (machine / "policy").exists()


def test_a_policy_that_was_there_before_stays(machine: Path) -> None:
    (machine / "policy").write_text("mine")

    bootstrap.ensure_packages()

    assert (machine / "policy").read_text() == "mine"


def test_a_failing_apt_ends_in_one_line_that_says_what_to_do(machine: Path) -> None:
    (machine / "bin" / "apt-get").write_text("#!/bin/sh\necho 'E: no network'\nexit 100\n")

    with pytest.raises(Problem) as refused:
        bootstrap.ensure_packages()

    message = str(refused.value)
    assert "no-such-server" in message
    assert "E: no network" in message
    assert "docker compose up" in message
    assert "\n" not in message
    assert not (machine / "policy").exists()


def test_without_a_way_to_be_root_nothing_is_tried(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap, "_as_root", lambda: None)

    with pytest.raises(Problem, match=r"no-such-server.*cannot install them.*docker compose up"):
        bootstrap.ensure_packages()

    assert not (machine / "calls").exists()


@pytest.fixture
def outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Called by some Python, on a machine that has neither one of its distribution nor a `.venv`."""
    monkeypatch.setattr(bootstrap, "in_venv", lambda: False)
    monkeypatch.setattr(bootstrap, "SYSTEM_PYTHON", tmp_path / "system")
    monkeypatch.setattr(bootstrap, "PYTHON", tmp_path / "venv")
    monkeypatch.setattr(bootstrap.sys, "executable", "/opt/another/python")
    return tmp_path


def python_in(file: Path) -> Path:
    file.write_text(f'#!/bin/sh\nexec "{Path(bootstrap.ROOT / ".venv/bin/python")}" "$@"\n')
    file.chmod(0o755)
    return file


def test_whoever_calls_makes_the_venv_where_there_is_nothing_else(outside: Path) -> None:
    assert bootstrap.interpreter() == Path("/opt/another/python")


def test_the_distribution_s_python_is_preferred_where_it_is_new_enough(
    outside: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    system, made = python_in(outside / "system"), python_in(outside / "venv")
    assert bootstrap.interpreter() == system

    monkeypatch.setattr(bootstrap, "NEEDED", (4, 0))
    assert bootstrap.interpreter() == made, "or else the one that .venv was made with"


def test_a_python_that_cannot_make_a_venv_is_not_chosen(outside: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    system = python_in(outside / "system")
    monkeypatch.setattr(bootstrap.shutil, "which", lambda _program: None)
    monkeypatch.setattr(bootstrap, "_as_root", lambda: None)
    monkeypatch.setattr(bootstrap, "_says_yes", lambda python, program: python == system and "ensurepip" not in program)

    assert bootstrap.interpreter() == Path("/opt/another/python")


def test_the_lines_of_one_pin_are_found_in_the_lock_file() -> None:
    text = bootstrap.REQUIREMENTS.read_text()

    pin = bootstrap.pinned(text, "uv")

    assert pin.startswith("uv==")
    assert pin.count("==") == 1
    assert "--hash=sha256:" in pin


def test_the_lock_file_pins_by_hash_and_names_no_index() -> None:
    text = bootstrap.REQUIREMENTS.read_text()

    assert "--hash=sha256:" in text
    assert not [word for word in ("http:", "https:", "file:", "--index", "--find-links") if word in text]
