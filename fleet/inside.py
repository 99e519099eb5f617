"""`fleet env`: a command in a service's folder, with the environment its processes have."""

import os

from fleet import environment, keys
from fleet.progress import Problem
from fleet.table import Service, Table


def run(table: Table, name: str, arguments: list[str], *, test: bool) -> int:
    """Become the command; without one, print the environment."""
    service = table.service(name)
    keys.prepare(table)
    variables = environment.of(table, service, test=test, prepare=True)
    command = arguments[1:] if arguments[:1] == ["--"] else arguments
    if not command:
        print("\n".join(f"{key}={value}" for key, value in sorted(variables.items())))
        return 0
    variables["PATH"] = f"{environment.VENV_PROGRAMS}:{os.environ.get('PATH', os.defpath)}"
    become(service, command, {**os.environ, **variables})
    return 127


def become(service: Service, command: list[str], variables: dict[str, str]) -> None:
    os.chdir(service.folder)
    try:
        os.execvpe(command[0], command, variables)
    except FileNotFoundError:
        raise Problem(f"there is no program {command[0]!r}") from None
