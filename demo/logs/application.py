"""The application's log in JSON: what fails and what is slow in full, of the rest one request in ten.

Between them what a real log has: servers that start, releases, throttled reads, how each server is, and the text
that strangers send.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

import numpy as np
import orjson

from core.timespan import from_epoch
from demo.fleet import BOOT
from demo.logs.access import METHODS, client_of, status_of, target_of, traces
from demo.logs.block import Row
from demo.logs.foreign import FOREIGN
from demo.logs.moments import SLOT, SLOTS, Moments
from demo.logs.visits import A_SLOT, BROKEN, BUGGY, FINE, NOBODY, OTHERS, REFUSED, Visits
from demo.noise import bits, key
from demo.story import COURSES, Story, Telling

SLOW: Final = 1.0
"""Seconds from which a request is warned of."""
SAMPLED: Final = 10
"""One ordinary request in so many is written down."""
RELEASE: Final = "4.18.2"
RELEASES: Final = {Story.BAD_DEPLOY: "4.19.0", Story.SLOW_LEAK: "4.18.3"}
FOREIGN_EVERY: Final = 90
"""A line of strangers' text in so many slots."""
STACK: Final = (
    "Traceback (most recent call last):\n"
    '  File "/srv/directory/web/handlers.py", line 214, in dispatch\n'
    "    return handler(request)\n"
    '  File "/srv/directory/web/org_chart.py", line 88, in chart\n'
    "    boss = people[person.manager_id]\n"
    "KeyError: 'manager_id'"
)
QUOTED_STACK: Final = orjson.dumps(STACK).decode()
DEAD: Final = "no worker took the request: the pool on /run/directory.sock is dead after MemoryError"


def lines(now: Moments, found: Visits, until: int, *, table: str) -> Iterator[Row]:
    """Give what the application wrote in the first `until` slots of the minute."""
    writer = Writer.of(now)
    yield from _requests(now, found, table, writer)
    yield from _throttled(now, until, table, writer)
    for place, _ in enumerate(now.presences):
        yield from _server(now, place, until, writer)
    yield from _releases(now, until, writer)
    yield from _foreign(now, until, writer)


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes the lines of one minute: what is the same in all of them is made once."""

    minute_ms: int
    stamps: tuple[str, ...]
    """Each second of the minute, as lines have it."""
    released: tuple[tuple[float, float, str], ...]
    """(from, until, release): milliseconds in which another release than the ordinary one runs."""

    @classmethod
    def of(cls, now: Moments) -> Writer:
        stamps = (f"{from_epoch(now.minute + second):%Y-%m-%dT%H:%M:%S}" for second in range(60))
        released = (
            (telling.at.timestamp() * 1000, falls(telling).timestamp() * 1000, RELEASES[telling.story])
            for telling in now.told
            if telling.story in RELEASES
        )
        return cls(now.minute * 1000, tuple(stamps), tuple(released))

    def line(self, ms: int, level: str, logger: str, message: str, fields: str) -> str:
        """Give a JSON line; `fields` is JSON already."""
        away = ms - self.minute_ms
        return (
            f'{{"timestamp":"{self.stamps[away // 1000]}.{away % 1000:03d}Z","level":"{level}","logger":"{logger}",'
            f'"message":{_quoted(message)},{fields},"release":"{self._release(ms)}"}}'
        )

    def _release(self, ms: int) -> str:
        return next((name for began, ended, name in self.released if began <= ms < ended), RELEASE)


def falls(telling: Telling) -> datetime:
    """Give when a story begins to end: a release is taken back."""
    return telling.ends - timedelta(seconds=COURSES[telling.story].fall)


def _requests(now: Moments, found: Visits, table: str, writer: Writer) -> Iterator[Row]:
    """Format the visits that are worth a line."""
    took = found.seconds
    told = (took >= SLOW) | np.isin(found.outcome, (BROKEN, BUGGY)) | (found.number % SAMPLED == 0)
    told &= (found.outcome != REFUSED) & (found.target != NOBODY)
    streams = [presence.instance for presence in now.presences]
    columns = (found.number, found.milliseconds, found.outcome, found.target, found.path, found.person)
    rows = zip(*(c[told].tolist() for c in (*columns, took, found.client)), traces(_only(found, told)), strict=True)
    for number, ms, outcome, target, path, person, seconds, client, trace in rows:
        url, method = target_of(path, person), METHODS[path]
        status, spent = status_of(outcome, path), round(seconds * 1000)
        level, logger, message, more = _said(outcome, f"{method} {url}", status, spent, table)
        fields = (
            f'"request_id":"{trace}","method":"{method}","path":{_quoted(url)},"status":{status},'
            f'"duration_ms":{spent},"client":"{client_of(client)}"'
        )
        yield ms, number, streams[target], writer.line(ms, level, logger, message, fields + more)


def _said(outcome: int, asked: str, status: int, spent: int, table: str) -> tuple[str, str, str, str]:
    """Give level, logger, message and further fields of one request."""
    if outcome == BUGGY:
        more = f',"error":"KeyError","stack_trace":{QUOTED_STACK}'
        return "ERROR", "directory.web", f"Unhandled exception in {asked}: KeyError: 'manager_id'", more
    if outcome == BROKEN:
        return "ERROR", "directory.web", f"{asked} failed: {DEAD}", ',"error":"WorkerPoolDead"'
    if spent >= SLOW * 1000:
        query = round(spent * 0.93)
        more = f',"query_ms":{query},"table":"{table}"'
        return "WARN", "directory.db", f"Slow query: {query} ms on {table} for {asked}", more
    level = "INFO" if outcome == FINE else "WARN"
    return level, "directory.web", f"{asked} {status} in {spent} ms", ""


def _throttled(now: Moments, until: int, table: str, writer: Writer) -> Iterator[Row]:
    """One warning a slot says how many reads the table refused."""
    for slot in np.flatnonzero(now.throttled[:until]).tolist():
        start, refused = int(now.starts[slot]), int(now.throttled[slot])
        instance = now.presences[slot % len(now.presences)].instance if now.presences else "unknown"
        ms = start * 1000 + SLOT * 1000 - 20
        text = f"ProvisionedThroughputExceededException: {refused} reads of {table} were throttled in {SLOT} s"
        fields = f'"error":"ProvisionedThroughputExceededException","throttled":{refused},"table":"{table}","operation":"GetItem"'  # noqa: E501
        yield (
            ms,
            _number(start, 40),
            instance,
            writer.line(ms, "WARN", "directory.db", text, fields),
        )


def _server(now: Moments, place: int, until: int, writer: Writer) -> Iterator[Row]:
    """What one server says of itself: that it starts, how it is, that it fails its checks, that it ends."""
    presence = now.presences[place]
    running = presence.running
    up = running[0] + BOOT.total_seconds()
    nature = key(presence.nature)
    for slot, start in enumerate(now.starts.tolist()[:until]):
        if start <= up < start + SLOT:
            yield from _started(now, place, int(up * 1000))
        if not up <= start < running[1]:
            continue
        if slot == nature % SLOTS:
            yield _status(now, place, start, writer)
        if presence.failing[0] <= start < min(presence.failing[1], presence.left):
            ms = start * 1000 + 1500
            fields = '"path":"/health","status":502,"error":"WorkerPoolDead"'
            said = f"Health check answered 502: {DEAD}"
            text = writer.line(ms, "ERROR", "directory.health", said, fields)
            yield ms, _number(start, 100 + place), presence.instance, text


def _started(now: Moments, place: int, ms: int) -> Iterator[Row]:
    """gunicorn's own lines, which are not JSON."""
    stamp = f"[{from_epoch(ms // 1000):%Y-%m-%d %H:%M:%S} +0000]"
    start = ms // 1000 // SLOT * SLOT
    said = ("[7] [INFO] Starting gunicorn 23.0.0", "[7] [INFO] Listening at: unix:/run/directory.sock (7)")
    workers = (f"[{11 + worker}] [INFO] Booting worker with pid: {11 + worker}" for worker in range(4))
    for number, text in enumerate((*said, *workers)):
        yield ms + number, _number(start, 400 + place * 8 + number), now.presences[place].instance, f"{stamp} {text}"


def _status(now: Moments, place: int, start: int, writer: Writer) -> Row:
    presence = now.presences[place]
    memory = float(now.now.memory(presence, slice(0, 1))[0])
    alive = 0 if presence.failing[0] <= start < presence.failing[1] else 4
    ms = start * 1000 + 700
    fields = f'"memory_used_percent":{memory:.1f},"workers":{alive}'
    text = writer.line(ms, "INFO", "directory.server", f"{alive} workers, {memory:.0f} % memory", fields)
    return ms, _number(start, 500 + place), presence.instance, text


def _releases(now: Moments, until: int, writer: Writer) -> Iterator[Row]:
    """Each server says that a release starts, and that it is taken back."""
    for number, telling in enumerate(now.told):
        if telling.story in RELEASES:
            starting, first = f"Starting release {RELEASES[telling.story]}", 1000 + 100 * number
            yield from _told(now, until, telling.at, starting, first, writer)
            yield from _told(now, until, falls(telling), f"Rolling back to release {RELEASE}", first + 50, writer)


def _told(now: Moments, until: int, at: datetime, text: str, first: int, writer: Writer) -> Iterator[Row]:
    slot = int((at.timestamp() - now.minute) // SLOT)
    if not 0 <= slot < until:
        return
    start, ms = now.minute + slot * SLOT, int(at.timestamp() * 1000)
    line = writer.line(ms, "INFO", "directory.deploy", text, '"actor":"ci","commit":"9f3c2ab"')
    for place, presence in enumerate(now.presences):
        if presence.running[0] + BOOT.total_seconds() <= start < presence.running[1]:
            yield ms, _number(start, first + place), presence.instance, line


def _foreign(now: Moments, until: int, writer: Writer) -> Iterator[Row]:
    """Now and then what a stranger sent: a log takes whatever it is given."""
    for start in now.starts.tolist()[:until]:
        chosen = int(bits(now.now.source.key("foreign"), np.array([start]))[0])
        if chosen % FOREIGN_EVERY == 0 and now.presences:
            ms, text = start * 1000 + chosen // 7 % 5000, FOREIGN[chosen // 1000 % len(FOREIGN)]
            stream = now.presences[chosen % len(now.presences)].instance
            if not text.startswith("raw:"):
                text = writer.line(ms, "WARN", "directory.web", text, f'"client":"{client_of(chosen % 508)}"')
            yield ms, _number(start, 600), stream, text.removeprefix("raw:")


def _quoted(text: str) -> str:
    return orjson.dumps(text).decode()


def _number(start: int, place: int) -> int:
    return start // SLOT * A_SLOT + OTHERS + place


def _only(found: Visits, some: Any) -> Visits:
    """Leave what the trace ids of some of the visits are made of."""
    high, low = found.trace
    return replace(found, milliseconds=found.milliseconds[some], trace=(high[some], low[some]))
