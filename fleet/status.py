"""`fleet status`: a table of the fleet's processes."""

import re
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import psutil

from fleet import postgres, processes, rabbitmq, servers, services
from fleet.table import Table

COLUMNS = "{:28} {:>7} {:>10} {:>8}  {:14} {:>9}"
MIB = 1024 * 1024


def show(table: Table) -> int:
    """Print it; 1 if anything is not well."""
    infos = processes.all_info(table.var)
    if not infos:
        print("nothing runs; start it with: make up")
        return 1
    with ThreadPoolExecutor(8) as pool:
        health = list(pool.map(lambda info: health_of(table, info), infos.values()))
    memory = [memory_of(info["pid"]) for info in infos.values()]
    memory.append(memory_of(processes.call(table.var, "getPID"), with_children=False))
    starts = count_starts(table.var / "log" / "supervisord.log")
    print(COLUMNS.format("process", "pid", "uptime", "restarts", "health", "memory"))
    for info, answer, used in zip(infos.values(), health, memory, strict=False):
        print(row(info, max(starts.get(info["name"], 1) - 1, 0), answer, used))
    print(COLUMNS.format("all, with supervisord", "", "", "", "", f"{sum(memory):.0f} MiB"))
    return 0 if all(answer in ("ok", "") for answer in health) else 1


def row(info: dict[str, Any], restarts: int, health: str, memory: float) -> str:
    uptime = timedelta(seconds=int(time.time() - info["start"])) if info["pid"] else "-"
    return COLUMNS.format(info["name"], info["pid"] or "-", str(uptime), restarts, health, f"{memory:.0f} MiB")


def health_of(table: Table, info: dict[str, Any]) -> str:
    """What the process itself answers; supervisord's word for those that answer nobody."""
    if info["statename"] not in ("RUNNING", "STARTING"):
        return str(info["statename"].lower())
    name = info["name"]
    servers_answer = {"postgres": postgres.answers, "redis": servers.redis_answers, "rabbitmq": rabbitmq.answers}
    if name in servers_answer:
        return "ok" if servers_answer[name](table) else "no answer"
    if "-web" in name:
        return services.health(web_port(table, name))
    return services.health(table.ports["nginx"], "/health") if name == "nginx" else "ok"


def web_port(table: Table, name: str) -> int:
    service, _, number = name.partition("-web")
    return table.service(service).port + 100 * (int(number.strip("-") or 1) - 1)


def memory_of(pid: int, *, with_children: bool = True) -> float:
    """MiB of a process and all below it, pages shared with others counted by their share (PSS)."""
    try:
        process = psutil.Process(pid) if pid else None
    except psutil.NoSuchProcess:
        process = None
    family = [process, *(process.children(recursive=True) if with_children else [])] if process else []
    return sum(_pss(one.pid) for one in family) / MIB


def _pss(pid: int) -> int:
    try:
        found = re.search(r"^Pss:\s+(\d+) kB", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.MULTILINE)
    except OSError:
        return 0
    return int(found[1]) * 1024 if found else 0


def count_starts(log: Path) -> dict[str, int]:
    """Process → how often supervisord has started it since it runs itself."""
    text = log.read_text() if log.exists() else ""
    starts: dict[str, int] = {}
    for name in re.findall(r"spawned: '([^']+)'", text.rpartition("supervisord started")[2]):
        starts[name] = starts.get(name, 0) + 1
    return starts
