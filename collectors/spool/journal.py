"""How far delivery has come, on two pages that are written in turn, in place: a torn page leaves the other one.

A round is ranges of segments. What is sent of them follows from them alone, so that after a crash the same batches are
made again, and those that were sent are left out.
"""

from __future__ import annotations

import os
import uuid
import zlib
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import orjson

PAGE: Final = 16_384
MOST_RANGES: Final = 100
"""Segments of a round: their names fit on a page."""
FORMAT: Final = 1
"""Changes when the same ranges would make other batches: a round of another format begins anew,
and what it had sent is sent again."""


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of datapoints since the spool exists. Each is a value that was put, or a statistic set."""

    delivered: int = 0
    """AWS said that it has them."""
    repeated: int = 0
    """Sent again because the answer to the first time was lost: AWS may count them twice."""
    dropped: int = 0
    """Older than the two weeks that AWS takes when their turn came."""
    rejected: int = 0
    """AWS refused them, and would again."""
    damaged: int = 0
    """Their bytes were not those that were written, or what they belong to is not known."""
    paused: int = 0
    """Never sent, because somebody paused their metric."""
    requests: int = 0
    """Calls of PutMetricData."""

    def plus(self, **more: int) -> Counts:
        return replace(self, **{name: getattr(self, name) + amount for name, amount in more.items()})


@dataclass(frozen=True, slots=True)
class Round:
    """What is delivered now."""

    ranges: tuple[tuple[str, int, int], ...] = ()
    """(segment, from, to) in bytes."""
    sent: int = 0
    """Batches that are over."""
    doubts: int = 0
    """How often the next batch was sent without an answer: it may have arrived each time."""
    under_way: bool = False
    """The next batch is being sent."""
    over: bool = False
    """Every batch is; what is left is to say so in the segments."""


@dataclass(frozen=True, slots=True)
class State:
    """All that is noted."""

    round: Round | None = None
    counts: Counts = field(default_factory=Counts)
    trouble: str = ""
    """Why the last try failed, for people; empty where it did not."""


class Journal:
    """The file. Whoever delivers holds the lock of delivery; others may read. Raises `OSError`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._number = 0
        if not path.exists():
            _make(path)

    def read(self) -> State:
        """Give what was noted last."""
        data = self._path.read_bytes()
        pages = [each for start in (0, PAGE) if (each := _page(data[start : start + PAGE])) is not None]
        if not pages:
            return State()
        self._number, document = max(pages, key=lambda page: page[0])
        given = document["round"] if document["format"] == FORMAT else None
        found = None if given is None else Round(tuple(map(tuple, given[0])), *given[1:])
        return State(found, Counts(**document["counts"]), document["trouble"])

    def write(self, state: State) -> None:
        """Note it."""
        now = state.round
        self._number += 1
        document = {
            "format": FORMAT,
            "round": None if now is None else [now.ranges, now.sent, now.doubts, now.under_way, now.over],
            "counts": {name: getattr(state.counts, name) for name in Counts.__dataclass_fields__},
            "trouble": state.trouble[:500],
        }
        body = orjson.dumps([self._number, document])
        page = zlib.crc32(body).to_bytes(4, "little") + len(body).to_bytes(4, "little") + body
        handle = os.open(self._path, os.O_WRONLY)
        try:
            os.pwrite(handle, page.ljust(PAGE, b"\0"), PAGE * (self._number % 2))
        finally:
            os.close(handle)


def _make(path: Path) -> None:
    """Make an empty one, whole and only once. Its room is taken now: a disk that fills up later does not matter."""
    new = path.with_name(f"{path.name}.{os.getpid()}-{uuid.uuid4().hex[:8]}")
    try:
        new.write_bytes(b"\0" * 2 * PAGE)
        with suppress(FileExistsError):  # another process was first
            path.hardlink_to(new)
    finally:
        new.unlink(missing_ok=True)


def _page(data: bytes) -> tuple[int, dict[str, Any]] | None:
    checksum, size = int.from_bytes(data[:4], "little"), int.from_bytes(data[4:8], "little")
    body = data[8 : 8 + size]
    if not size or zlib.crc32(body) != checksum:
        return None
    number, document = orjson.loads(body)
    return int(number), document
