"""`fleet settings`: the settings that the code reads, with their defaults, into the lower half of .env.example."""

import re
from pathlib import Path

from fleet.progress import say
from fleet.table import ROOT, Table

FILE = ROOT / ".env.example"
MARK = "# ── Settings, read from the code by: python -m fleet settings "
READ = re.compile(r'\benv\.(?:text|number|flag|folder|amounts|shares)\(\s*"([A-Z0-9_]+)"(?:,\s*([^\n]+?))?\s*\)')


def write(table: Table) -> None:
    FILE.write_text(page(FILE.read_text(), table))
    say(f"wrote {FILE.name}")


def page(text: str, table: Table) -> str:
    """The upper half as it is, the lower half anew."""
    upper = text.partition(MARK)[0]
    seen = set(re.findall(r"[A-Z0-9_]{3,}", upper))
    folders = [ROOT / "shared" / "shared", *(service.folder / service.name for service in table.services)]
    sections = [section(folder, seen) for folder in folders if folder.is_dir()]
    return "\n".join([upper.rstrip() + "\n\n" + MARK + "─" * (118 - len(MARK)), *filter(None, sections), ""])


def section(folder: Path, seen: set[str]) -> str:
    """What one package reads and no package before it."""
    found = [pair for file in sorted(folder.rglob("*.py")) for pair in READ.findall(file.read_text())]
    rows = {name: default for name, default in reversed(found) if name not in seen}
    seen |= rows.keys()
    title = "Every service" if folder.name == "shared" else folder.name
    return "\n".join(["#", f"# {title}", *(f"# {name}={shown(rows[name])}" for name in sorted(rows))]) if rows else ""


def shown(default: str) -> str:
    """`24 * 7` → `168`, `8_000_000` → `8000000`; a default that is not plain is left to the code."""
    if re.fullmatch(r"[0-9_ *]+", default):
        product = 1
        for factor in default.replace("_", "").split("*"):
            product *= int(factor)
        return str(product)
    quoted = re.fullmatch(r'"([^"{]*)"', default)
    return quoted[1] if quoted else default if default in ("True", "False") else ""
