"""`fleet postman`: the API as a Postman collection, and a small reader that runs one without Postman.

The reader knows the few lines of script that the gateway writes, and refuses all others: a test that passes here and
fails in Postman would be worth nothing.
"""

import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

from fleet.client import Json, Unexpected
from fleet.progress import Problem, say
from fleet.table import Table

FILE = "nexus.postman_collection.json"
_PLACE = re.compile(r"{{([$\w]+)}}")
_MEMBER = re.compile(r"\.(\w+)|\[(\d+)\]")
_STATUS = re.compile(r'pm\.test\(".*", \(\) => pm\.response\.to\.have\.status\((\d+)\)\);')
_KEEP = re.compile(r'pm\.collectionVariables\.set\("(\w+)", pm\.response\.json\(\)(\S*?)(?:\.find\((.*)\)(\S+))?\);')
_KEEP_HEADER = re.compile(r'pm\.collectionVariables\.set\("(\w+)", pm\.response\.headers\.get\("([\w-]+)"\)\);')
_MORE_THAN = re.compile(r"\(one\) => one\.(\w+) > (\d+)")
_UNTIL = re.compile(
    r"if \(!(\[.*\])\.includes\(pm\.response\.json\(\)\.(\w+)\)\) \{\n"
    r" +setTimeout\(\(\) => postman\.setNextRequest\(pm\.info\.requestName\), (\d+)\);\n"
    r"\} else \{\n"
    r' +pm\.test\(".*", \(\) => pm\.expect\(pm\.response\.json\(\)\.\2\)\.to\.eql\("(\w+)"\)\);\n'
    r"\}\n"
)
AT_MOST = 100
"""Times that a request is repeated for what it waits for."""


def write(table: Table, file: str | None) -> None:
    """The collection of the running fleet, as a file that Postman and newman read."""
    target = Path(file or FILE)
    try:
        answer = httpx.get(f"{table.public_url}/api/postman.json", timeout=10).raise_for_status()
    except httpx.HTTPError as error:
        raise Problem(f"the gateway does not give a collection; is the fleet up? {error}") from None
    try:
        target.write_text(json.dumps(answer.json(), indent=2, ensure_ascii=False) + "\n")
    except OSError as error:
        raise Problem(f"{target} cannot be written: {error.strerror}") from None
    say(f"written: {target}")


def requests_in(item: Json) -> Iterator[Json]:
    """All requests below a collection or a folder, in order."""
    for one in item["item"]:
        yield from requests_in(one) if "item" in one else [one]


def folder(collection: Json, *names: str) -> Json:
    """A folder by the names on the way to it. Raises LookupError."""
    for name in names:
        found = [one for one in collection["item"] if one["name"] == name and "item" in one]
        if not found:
            raise LookupError(f"there is no folder {name!r}")
        collection = found[0]
    return collection


@dataclass
class Runner:
    """Runs requests of a collection in order; `variables` is filled on the way."""

    http: httpx.Client
    variables: dict[str, str] = field(default_factory=dict)
    done: list[str] = field(default_factory=list)

    def run(self, part: Json) -> None:
        """Raises Unexpected at the first request that is not answered as its script wants."""
        for item in requests_in(part):
            for _ in range(AT_MOST):
                if not self._one(item):
                    break
            else:
                raise Unexpected(f"{item['name']}: asked {AT_MOST} times")
            self.done.append(item["name"])

    def _one(self, item: Json) -> bool:
        """Whether the request asks to be repeated."""
        answer = self.http.send(self._request(item["request"]))
        script = "".join(f"{line}\n" for event in item["event"] for line in event["script"]["exec"])
        return self._script(item["name"], script, answer)

    def _request(self, request: Json) -> httpx.Request:
        headers = {one["key"]: self._filled(one["value"]) for one in request["header"] if not one.get("disabled")}
        if request["auth"]["type"] == "bearer":
            headers["Authorization"] = f"Bearer {self._filled(request['auth']['bearer'][0]['value'])}"
        body = None
        if "body" in request:
            body, headers["Content-Type"] = self._filled(request["body"]["raw"]), "application/json"
        return self.http.build_request(
            request["method"], self._filled(request["url"]["raw"]), headers=headers, content=body
        )

    def _filled(self, text: str) -> str:
        """As in Postman, a variable that is not known stays as it is; here that is refused."""
        return _PLACE.sub(lambda place: str(uuid4()) if place[1] == "$guid" else self.variables[place[1]], text)

    def _script(self, name: str, script: str, answer: httpx.Response) -> bool:
        repeat = False
        while script:
            if (found := _UNTIL.match(script)) is not None:
                repeat = self._until(name, *found.groups(), seen=answer.json())
            else:
                found = re.match(r"(.*)\n", script)
                assert found
                self._line(name, found[1], answer)
            script = script[found.end() :]
        return repeat

    def _line(self, name: str, line: str, answer: httpx.Response) -> None:
        if found := _STATUS.fullmatch(line):
            if answer.status_code != int(found[1]):
                raise Unexpected(f"{name}: {answer.status_code}, not {found[1]}: {answer.text[:500]}")
        elif found := _KEEP_HEADER.fullmatch(line):
            self.variables[found[1]] = answer.headers[found[2]]
        elif found := _KEEP.fullmatch(line):
            self.variables[found[1]] = str(_picked(answer.json(), *found.groups()[1:]))
        else:
            raise Unexpected(f"{name}: this reader does not know the line {line!r}")

    @staticmethod
    def _until(name: str, last: str, member: str, milliseconds: str, wanted: str, *, seen: Json) -> bool:
        if seen[member] not in json.loads(last):
            time.sleep(int(milliseconds) / 1000)
            return True
        if seen[member] != wanted:
            raise Unexpected(f"{name}: {member} is {seen[member]!r}, not {wanted!r}")
        return False


def _picked(body: Any, way: str, condition: str | None, rest: str | None) -> Any:
    """`.a[0].b` of an answer, and after `.find(…)` of the first element that fits."""
    found = _at(body, way)
    if condition is None:
        return found
    wanted = _MORE_THAN.fullmatch(condition)
    if wanted is None:
        raise Unexpected(f"this reader does not know the condition {condition!r}")
    return _at(next(one for one in found if one[wanted[1]] > int(wanted[2])), rest or "")


def _at(body: Any, way: str) -> Any:
    for name, index in _MEMBER.findall(way):
        body = body[name] if name else body[int(index)]
    return body
