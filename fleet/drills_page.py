"""The drills' report as people read it: a table for a README, and a page."""

from collections.abc import Sequence
from html import escape
from typing import Any

Row = tuple[str, str, str]
"""Name, title, what must hold."""
Report = dict[str, Any]
"""`machine`, `versions`, `runs` (at, seed, full, commit, drills), and perhaps `guards` (name, drill, well, told)."""

_STYLE = """
:root { color-scheme: light dark; --ink: #2b2926; --faint: #6b6660; --line: #d9d4ca; --page: #fbfaf7; --ok: #2f6f4f;
  --broken: #b3261e; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8e4dc; --faint: #a39d93; --line: #45413b; --page: #1d1b19;
  --ok: #7fc29b; --broken: #f2867d; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--page); max-width: 68rem;
  margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; margin: 1rem 0 2rem; }
th, td { text-align: left; vertical-align: top; padding: .5rem .75rem .5rem 0; border-bottom: 1px solid var(--line); }
p, small, th { color: var(--faint); } .ok { color: var(--ok); } .BROKEN { color: var(--broken); font-weight: 600; }
details li { list-style: none; } details ul { padding-left: 0; margin: .3rem 0; }
""".strip()


_SMALL = (
    "Small runs are those of `make test`: few checkouts, faults and rounds. What must hold holds for them; times that"
    " need the machine for themselves, and what only many rounds bring to light, are judged in full runs."
)


def markdown(rows: Sequence[Row], report: Report) -> str:
    runs = report["runs"]
    lines = [
        "# Drills",
        "",
        "What could go wrong is done on purpose. `make drill name=T9` shows one, `make drills` runs all; `full=1` at",
        "the size that the targets are meant for. As a page, with every verdict: [index.html](index.html).",
        "",
        f"{_where(report)} Written by `python3 -m fleet drills --keep`.",
        "",
        _SMALL,
        "",
        "| | what is done | what must hold | " + " | ".join(_run_title(run) for run in runs) + " |",
        "|---|---|---|" + "---|" * len(runs),
    ]
    for name, title, holds in rows:
        cells = (_cell(one, run) if (one := _of(run, name)) else "–" for run in runs)
        lines.append(f"| {name} | {title} | {holds} | " + " | ".join(cells) + " |")
    if guards := report.get("guards"):
        lines += [
            "",
            "## Without its guard each fails",
            "",
            "`python3 -m fleet guards` takes a guard out of a copy of the code, and the drill must find out.",
            "",
            "| guard | file | drill | |",
            "|---|---|---|---|",
            *(f"| {one['name']} | `{one['file']}` | {one['drill']} | {_found(one)}: {one['told']} |" for one in guards),
        ]
    return "\n".join([*lines, ""])


def html(rows: Sequence[Row], report: Report) -> str:
    runs = report["runs"]
    heads = "".join(f"<th>{escape(_run_title(run))}</th>" for run in runs)
    body = "".join(_row(row, runs) for row in rows)
    guards = "".join(
        f"<tr><td>{escape(one['name'])}<br><small>{escape(one['file'])}</small></td><td>{one['drill']}</td>"
        f'<td class="{"ok" if one["well"] else "BROKEN"}">{_found(one)}</td><td>{escape(one["told"])}</td></tr>'
        for one in report.get("guards", ())
    )
    without = (
        "<h2>Without its guard each fails</h2><p>A guard is taken out of a copy; the drill must find out.</p>"
        f"<table><tr><th>guard</th><th>drill</th><th></th><th>what it said</th></tr>{guards}</table>"
    )
    return (
        '<!doctype html>\n<html lang="en"><meta charset="utf-8"><title>Nexus: drills</title>\n'
        f"<style>\n{_STYLE}\n</style>\n"
        f"<h1>Drills</h1><p>What could go wrong is done on purpose. {escape(_where(report))}</p>"
        f"<p>{escape(_SMALL.replace('`', ''))}</p>\n"
        f"<table><tr><th></th><th>what is done, and must hold</th>{heads}</tr>{body}</table>\n"
        f"{without if guards else ''}\n"
    )


def _row(row: Row, runs: Sequence[Any]) -> str:
    name, title, holds = map(escape, row)
    cells = "".join(f"<td>{_details(one, run) if (one := _of(run, row[0])) else '–'}</td>" for run in runs)
    return f'<tr id="{name}"><td>{name}</td><td>{title}<br><small>{holds}</small></td>{cells}</tr>\n'


def _details(outcome: Any, run: Any) -> str:
    kind = "ok" if outcome["well"] else "BROKEN"
    told = "".join(
        f'<li><span class="{said if said in ("ok", "BROKEN") else ""}">{said}</span> {escape(text)}</li>'
        for said, text in outcome["told"]
    )
    return (
        f'<details><summary><span class="{kind}">{kind}</span> '
        f"<small>{_size(run)}, {outcome['seconds']:.0f} s</small></summary>"
        f"<ul>{told}</ul></details>"
    )


def _of(run: Any, name: str) -> Any:
    return next((one for one in run["drills"] if one["name"] == name), None)


def _cell(outcome: Any, run: Any) -> str:
    return f"{'ok' if outcome['well'] else '**BROKEN**'}, {_size(run)}, {outcome['seconds']:.0f} s"


def _run_title(run: Any) -> str:
    return f"{run['at']}, seed {run['seed']}, {_size(run)}, {run['commit']}"


def _size(run: Any) -> str:
    return "full" if run["full"] else "small"


def _where(report: Report) -> str:
    parts = ", ".join(f"{name} {version}" for name, version in report["versions"].items())
    return f"{report['machine']}; {parts}."


def _found(guard: Any) -> str:
    return "found out" if guard["well"] else "NOT found out"
