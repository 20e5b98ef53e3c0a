"""How much of lines is kept, and for how long: the oldest go first, an hour of a group at a time."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from cloud.database import Connection
from collectors.logs import coverage, store

LOOKED_AT: Final = timedelta(days=1)
"""Lines older than is kept stay so long after somebody read them."""
_IN_USE: Final = timedelta(minutes=10)
"""What was read so lately goes last when space is short: somebody looks at it."""
LEFT: Final = 0.9
"""The part of the limit that is left when space was short, so that it is not short again at once."""


GroupHour = tuple[int, int]
"""A group's number in the store, and an hour counted from 1970."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What settings allow."""

    most_bytes: int
    kept: timedelta


def tidy(connection: Connection, limits: Limits, *, now: int) -> list[GroupHour]:
    """Drop what is too old, and the oldest of what is too much; gives what went."""
    oldest = (now - _milliseconds(limits.kept)) // store.HOUR
    coverage.forget_idle(connection, idle=now - _milliseconds(LOOKED_AT))
    rows = connection.execute(
        "SELECT log_group, hour FROM volumes WHERE hour < ? AND touched < ?", (oldest, now - _milliseconds(LOOKED_AT))
    ).fetchall()
    gone = [(int(group), int(hour)) for group, hour in rows]
    _drop(connection, gone)
    (total,) = connection.execute("SELECT COALESCE(SUM(bytes), 0) FROM volumes").fetchone()
    more = _most_dispensable(connection, int(total), limits, now) if total > limits.most_bytes else []
    _drop(connection, more)
    return [*gone, *more]


def _most_dispensable(connection: Connection, total: int, limits: Limits, now: int) -> list[GroupHour]:
    """Give the oldest hours that nobody looks at, then those that somebody read longest ago."""
    rows = connection.execute(
        "SELECT log_group, hour, bytes FROM volumes"
        " ORDER BY CASE WHEN touched < ? THEN 0 ELSE touched END, hour, log_group",
        (now - _milliseconds(_IN_USE),),
    )
    found = []
    for group, hour, size in rows.fetchall():
        if total <= limits.most_bytes * LEFT:
            break
        found.append((int(group), int(hour)))
        total -= int(size)
    return found


def _drop(connection: Connection, hours: list[GroupHour]) -> None:
    by_group: dict[int, list[int]] = defaultdict(list)
    for group, hour in hours:
        by_group[group].append(hour)
        connection.execute(
            "DELETE FROM log_lines WHERE log_group=? AND at>=? AND at<?",
            (group, hour * store.HOUR, (hour + 1) * store.HOUR),
        )
        connection.execute("DELETE FROM volumes WHERE log_group=? AND hour=?", (group, hour))
    for group, some in by_group.items():
        coverage.forget(connection, group, some)


def _milliseconds(duration: timedelta) -> int:
    return duration // timedelta(milliseconds=1)
