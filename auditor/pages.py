"""What an audit found, for people and for programs: a table in the terminal, a JSON file, an HTML page, log lines."""

import json
import shutil
from collections import Counter
from html import escape
from pathlib import Path
from string import Template
from textwrap import fill

from auditor.findings import Finding, Invariant, Severity
from auditor.invariants import every_invariant
from auditor.runs import Report

SHOWN = 20
"""Findings of one invariant in the terminal; the files have them all."""
_ORDER = list(Severity)


def table(report: Report) -> str:
    """The worst first; of each invariant what it means, where it does not hold, and what to do."""
    width = shutil.get_terminal_size().columns
    lines = [part for name in _names(report) for part in _about(name, report, width)]
    lines += [f"not all was looked at: {line}" for line in report.gaps]
    return "\n".join([*lines, summary(report)])


def summary(report: Report) -> str:
    left, looked = len(report.left), sum(report.looked_at.values())
    mended = len(report.findings) - left
    nothing = "nothing was found, but not all was looked at" if report.gaps else "nothing is inconsistent"
    parts = [f"{left} findings" if left else nothing, *([f"{mended} mended"] if mended else [])]
    parts += [f"{looked:,} ids in {report.seconds:.1f} s"]
    return ", ".join([*parts, *([f"{len(report.unanswered)} questions not answered"] if report.unanswered else [])])


def _names(report: Report) -> list[str]:
    worst = {finding.name: _ORDER.index(finding.invariant.severity) for finding in report.findings}
    return sorted(worst, key=lambda name: (worst[name], name))


def _about(name: str, report: Report, width: int) -> list[str]:
    found = [finding for finding in report.findings if finding.name == name]
    invariant = found[0].invariant
    rows = [f"    {'mended' if one.mended else 'broken'}  {one.about:36}  {figures(one)}" for one in found[:SHOWN]]
    more = [f"    … and {len(found) - SHOWN} more"] if len(found) > SHOWN else []
    means = fill(invariant.means, width, initial_indent="  ", subsequent_indent="  ")
    return [f"{invariant.severity.value}: {name}", means, *rows, *more, f"  repair: {invariant.repair}", ""]


def figures(finding: Finding) -> str:
    return "  ".join(f"{side}={_shown(value)}" for side, value in finding.figures.items())


def _shown(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)


def log_line(finding: Finding) -> str:
    return f"{finding.invariant.severity.value} {finding.name} {finding.about} {figures(finding)}"


# ── Files ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def write(report: Report, folder: Path) -> list[Path]:
    """`audit.json` and `audit.html`, each whole or not at all; those of the run before make way."""
    folder.mkdir(parents=True, exist_ok=True)
    texts = {"audit.json": json.dumps(as_json(report), indent=1), "audit.html": html(report)}
    for name, text in texts.items():
        beside = folder / f".{name}"
        beside.write_text(text)
        beside.replace(folder / name)
    return [folder / name for name in texts]


def as_json(report: Report) -> dict[str, object]:
    return {
        "started_at": report.started_at.isoformat(timespec="seconds"),
        "seconds": round(report.seconds, 1),
        "looked_at": report.looked_at,
        "unanswered": report.unanswered,
        "cut_short": report.cut_short,
        "complete": sorted(report.complete),
        "findings": [finding.as_json() for finding in report.findings],
    }


_PAGE = Template("""<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Consistency of the fleet</title>
<style>
  :root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif }
  body { max-width: 72rem; margin: 2rem auto; padding: 0 1rem }
  table { border-collapse: collapse; width: 100% } th { text-align: left }
  td, th { padding: .3rem .6rem; border-bottom: 1px solid #8884; vertical-align: top }
  code { overflow-wrap: anywhere } .holds { color: #2f6f4f } .broken { color: #b3261e; font-weight: 600 }
</style>
<h1>Consistency of the fleet</h1>
<p>$started_at: $summary</p>
$gaps
<h2>Findings</h2>
$findings
<h2>Invariants</h2>
<table><tr><th>invariant</th><th>what holds</th><th>severity</th><th>repair</th><th>now</th></tr>
$invariants
</table></html>
""")


def html(report: Report) -> str:
    broken = Counter(finding.name for finding in report.left)
    rows = [_invariant(one, broken[one.name], complete=one.name in report.complete) for one in every_invariant()]
    return _PAGE.substitute(
        started_at=f"{report.started_at:%Y-%m-%d %H:%M:%S} UTC",
        summary=escape(summary(report)),
        gaps="".join(f'<p class="broken">{escape(line)}</p>' for line in report.gaps),
        findings=_found(report),
        invariants="\n".join(rows),
    )


def _found(report: Report) -> str:
    if not report.findings:
        return "<p>None.</p>"
    head = "<tr><th>invariant</th><th>about</th><th>figures</th><th>now</th></tr>"
    rows = [
        f"<tr><td>{one.name}</td><td><code>{escape(one.about)}</code></td><td><code>{escape(figures(one))}</code></td>"
        f"<td>{'mended' if one.mended else 'broken'}</td></tr>"
        for one in report.findings
    ]
    return "\n".join(["<table>", head, *rows, "</table>"])


def _invariant(one: Invariant, broken: int, *, complete: bool) -> str:
    """Where not all was looked at, nobody knows that what was not found broken holds."""
    holds = '<td class="holds">holds</td>' if complete else "<td>not looked at</td>"
    cells = "".join(f"<td>{escape(text)}</td>" for text in (one.name, one.means, one.severity.value, one.repair))
    verdict = f'<td class="broken">{broken} broken</td>' if broken else holds
    return f"<tr>{cells}{verdict}</tr>"
