"""What state a thing was in since when, kept beyond AWS's own memory; target health AWS does not remember at all."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from collectors.store import Store
from core.reading import Scope
from core.timespan import Timespan, from_epoch


class Kind(StrEnum):
    """Whose states they are."""

    TARGET = "target"
    ALARM = "alarm"


@dataclass(frozen=True, slots=True)
class Transition:
    """A thing came into a state."""

    thing: str
    """The target's `group-arn id:port`, the alarm's name."""
    state: str
    at: datetime
    witnessed: bool = True
    """False for the first sight of a thing, or after a pause in looking: the state is at least as old as `at`."""
    detail: Mapping[str, str] = field(default_factory=dict)


_COLUMNS: Final = "thing, state, at, seen, detail"


class Transitions:
    """The transitions of one kind in the store."""

    def __init__(self, store: Store, kind: Kind) -> None:
        self._store = store
        self._kind = kind

    def current(self, scope: Scope) -> dict[str, Transition]:
        """Give the newest transition of each thing."""
        with self._store.reading() as connection:
            rows = connection.execute(
                "SELECT thing, state, at, seen, detail FROM transitions WHERE kind=? AND account=? AND region=?"
                " AND (thing, at) IN (SELECT thing, MAX(at) FROM transitions"
                " WHERE kind=? AND account=? AND region=? GROUP BY thing)",
                (self._kind, scope.account, scope.region) * 2,
            ).fetchall()
        return {row[0]: _transition(row) for row in rows}

    def within(self, scope: Scope, span: Timespan) -> tuple[Transition, ...]:
        """Give the transitions in `span`, newest first."""
        edges = (span.start, span.end)
        with self._store.reading() as connection:
            rows = connection.execute(
                "SELECT thing, state, at, seen, detail FROM transitions"
                " WHERE kind=? AND account=? AND region=? AND at >= ? AND at < ? ORDER BY at DESC, thing",
                (self._kind, scope.account, scope.region, *(math.ceil(edge.timestamp()) for edge in edges)),
            ).fetchall()
        return tuple(_transition(row) for row in rows)

    def of(self, scope: Scope, thing: str, span: Timespan) -> tuple[Transition, ...]:
        """Give the transitions of one thing in `span`, newest first."""
        edges = (span.start, span.end)
        with self._store.reading() as connection:
            rows = connection.execute(
                "SELECT thing, state, at, seen, detail FROM transitions"
                " WHERE kind=? AND account=? AND region=? AND thing=? AND at >= ? AND at < ? ORDER BY at DESC",
                (self._kind, scope.account, scope.region, thing, *(math.ceil(edge.timestamp()) for edge in edges)),
            ).fetchall()
        return tuple(_transition(row) for row in rows)

    def add(self, scope: Scope, transitions: Iterable[Transition]) -> None:
        """Keep transitions; one that is known already stays as it is."""
        rows = [
            (
                self._kind,
                scope.account,
                scope.region,
                each.thing,
                int(each.at.timestamp()),
                each.state,
                int(each.witnessed),
                json.dumps(dict(each.detail)),
            )
            for each in transitions
        ]
        if rows:
            with self._store.writing() as connection:
                connection.executemany("INSERT INTO transitions VALUES (?,?,?,?,?,?,?,?) ON CONFLICT DO NOTHING", rows)


def _transition(row: tuple[str, str, int, int, str]) -> Transition:
    thing, state, at, witnessed, detail = row
    return Transition(thing, state, from_epoch(at), bool(witnessed), json.loads(detail))
