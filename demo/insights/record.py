"""One line as a query sees it: its own fields, those of its JSON, and what the query has added."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

import orjson

from core.timespan import from_epoch
from demo.insights.values import Value, value_of

MOST_FIELDS: Final = 200
"""Fields that are discovered in one JSON line.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_AnalyzeLogData-discoverable-fields.html"""
OWN: Final = ("@timestamp", "@message", "@logStream", "@log", "@ingestionTime", "@ptr")
LAMBDA: Final = re.compile(
    r"(?P<type>START|END|REPORT) RequestId: (?P<requestId>\S+)"
    r"(?:\s+Duration: (?P<duration>[\d.]+) ms\s+Billed Duration: (?P<billedDuration>[\d.]+) ms"
    r"\s+Memory Size: (?P<memorySize>\d+) MB\s+Max Memory Used: (?P<maxMemoryUsed>\d+) MB)?"
)
"""What is discovered in Lambda's own lines; memory in bytes."""
STEP: Final = re.compile(r"`([^`]+)`|\[(\d+)\]|([^.`\[\]]+)")


def stamp(milliseconds: float) -> str:
    """Write an instant as results have it."""
    whole = int(milliseconds)
    return f"{from_epoch(whole // 1000):%Y-%m-%d %H:%M:%S}.{whole % 1000:03d}"


class Record:
    """A line, or a row of aggregated results."""

    __slots__ = ("_document", "_parsed", "added", "own", "slots")

    def __init__(self, own: Mapping[str, Value]) -> None:
        self.own = own
        self.added: dict[str, Value] = {}
        self.slots: list[Value] = []
        """Results of aggregations, while one row of them is made."""
        self._document: Any = None
        self._parsed = False

    def get(self, name: str) -> Value:
        """Give a field; None where the line has none of this name."""
        if name in self.added:
            return self.added[name]
        if name in self.own:
            return self.own[name]
        return self._discovered(name)

    def names(self) -> Iterator[str]:
        """Give the names of every discovered field."""
        document = self.document()
        yield from (name for name in self.own if name != "@ptr")
        yield from list(_flat(document, ""))[:MOST_FIELDS] if isinstance(document, dict) else ()

    def document(self) -> Any:
        """Give what the message holds: JSON, the parts of Lambda's own lines, or None."""
        if not self._parsed:
            self._parsed = True
            self._document = _read(str(self.own.get("@message") or ""))
        return self._document

    def _discovered(self, name: str) -> Value:
        place = self.document()
        if not isinstance(place, dict):
            return None
        if name in place:
            return value_of(place[name])
        for quoted, index, plain in STEP.findall(name):
            step = quoted or index or plain
            if isinstance(place, dict) and step in place:
                place = place[step]
            elif isinstance(place, list) and step.isdigit() and int(step) < len(place):
                place = place[int(step)]
            else:
                return None
        return value_of(place)


def _read(message: str) -> Any:
    if message.startswith("{"):
        try:
            return orjson.loads(message)
        except orjson.JSONDecodeError:
            return None
    found = LAMBDA.match(message) if message[:5] in {"START", "END R", "REPOR"} else None
    return {f"@{name}": _measured(name, text) for name, text in found.groupdict().items() if text} if found else None


def _measured(name: str, text: str) -> Value:
    if name in {"memorySize", "maxMemoryUsed"}:
        return int(text) * 1_000_000
    return float(text) if name in {"duration", "billedDuration"} else text


def _flat(value: Any, path: str) -> Iterator[str]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _flat(inner, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _flat(inner, f"{path}.{number}")
    else:
        yield path
