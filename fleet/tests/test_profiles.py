"""What is told of py-spy's samples: whose code, which functions, a picture."""

from collections import Counter
from xml.etree import ElementTree

from benchmarks import stacks
from benchmarks.profiles import FOLDER, HotPath
from fleet.table import ROOT

SITE = "/usr/lib/python3.11/site-packages"
VIEW = f"get ({ROOT}/order_service/order_service/api/orders.py:10)"
ORM = f"SQLCompiler.as_sql ({SITE}/django/db/models/sql/compiler.py:5)"
COPY = "copy (/usr/lib/python3.11/copy.py:66)"
LOG = "Logger.info (/usr/lib/python3.11/logging/__init__.py:9)"
HANDLER, MAIN = "thread (71): ThreadPoolExecutor-0_0", "thread (70): MainThread"
RAW = (
    "".join(f"{HANDLER};{VIEW};{rest}\n" for rest in (f"{ORM};{COPY} 12", f"{ORM} 2", f"{LOG} 4"))
    + f"{HANDLER};{VIEW} 2"
)
SPENT = {71: 0.010}
"""Milliseconds: half of a microsecond a sample."""


def test_a_layer_is_whose_the_innermost_frame_is_and_what_helps_it() -> None:
    found = stacks.layers(stacks.read(RAW, SPENT))

    assert found == Counter(
        {"Django's ORM: querysets, SQL, models": 7, "logging": 2, "order_service.api.orders": 1}
    )  # fmt: skip


def test_a_function_has_its_own_time_and_that_of_what_it_calls() -> None:
    by_name = {one.name: (one.own, one.inclusive) for one in stacks.functions(stacks.read(RAW, SPENT))}

    assert by_name["copy, copy.py"] == (6, 6)
    assert by_name["SQLCompiler.as_sql, django/db/models/sql/compiler.py"] == (1, 7)
    assert by_name["get, order_service/order_service/api/orders.py"] == (1, 10)
    assert stacks.within(stacks.read(RAW, SPENT), "as_sql", "django/db/models/sql/compiler.py") == 7


def test_a_frame_that_calls_itself_is_counted_once() -> None:
    [one] = stacks.functions(stacks.read(f"{HANDLER};{COPY};{COPY} 1", {71: 0.003}))

    assert (one.own, one.inclusive) == (3, 3)


def test_a_thread_counts_for_what_it_took_however_often_it_was_seen() -> None:
    seen = f"{MAIN};{COPY} 900\n{HANDLER};{LOG} 100\n"

    assert stacks.read(seen, {70: 1.0, 71: 9.0}) == Counter({(COPY,): 1_000, (LOG,): 9_000})


def test_the_picture_shows_what_is_wide_enough() -> None:
    narrow = f"{HANDLER};{VIEW};narrow ({SITE}/a.py:1) 1\n{HANDLER};{VIEW} 999\n"

    picture = stacks.flames("An order", stacks.read(narrow, {71: 1.0}))

    titles = [one.text for one in ElementTree.fromstring(picture).iter("{http://www.w3.org/2000/svg}title")]
    assert titles == ["get, order_service/order_service/api/orders.py 100.0%"]


def test_ten_paths_have_a_small_picture_each_and_a_word_on_what_was_done() -> None:
    paths = [path for several in HotPath.all().values() for path in several]

    assert len({path.picture for path in paths}) == 10
    assert all(path.done for path in paths)
    assert {file.name for file in FOLDER.glob("*.svg")} == {path.picture for path in paths}
    assert max(file.stat().st_size for file in FOLDER.glob("*.svg")) < 300_000
