"""What the launcher reads from or writes to files for people."""

from pathlib import Path

from fleet import settings_page, status, table


def test_the_env_example_lists_every_setting_the_code_reads() -> None:
    text = settings_page.FILE.read_text()

    assert settings_page.page(text, table.load()) == text, "run: python3 -m fleet settings"


def test_defaults_are_shown_as_one_would_write_them() -> None:
    assert settings_page.shown("24 * 7") == "168"
    assert settings_page.shown("8_000_000") == "8000000"
    assert settings_page.shown('"INFO"') == "INFO"
    assert settings_page.shown("True") == "True"
    assert settings_page.shown('str(Path("mail"))') == ""


def test_starts_are_counted_since_the_supervisor_started(tmp_path: Path) -> None:
    log = tmp_path / "supervisord.log"
    log.write_text(
        "supervisord started with pid 1\nspawned: 'redis' with pid 2\n"
        "supervisord started with pid 3\nspawned: 'redis' with pid 4\nspawned: 'redis' with pid 5\n"
    )

    assert status.count_starts(log) == {"redis": 2}


def test_the_makefile_lists_its_targets() -> None:
    lines = (table.ROOT / "Makefile").read_text().splitlines()

    targets = [line for line in lines if ":" in line and line[:1].isalpha() and "=" not in line]
    assert all("## " in line for line in targets)
