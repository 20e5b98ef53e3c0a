"""What a datapoint was before it changed: an alarm may have seen another value than the one that settled."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt

from cloud.database import Connection
from core.series import Values
from core.timespan import from_epoch


@dataclass(frozen=True, slots=True)
class Revision:
    """One datapoint that changed after its period had ended."""

    time: datetime
    """The start of its period."""
    earlier: tuple[tuple[datetime, float], ...]
    """(until, value), oldest first: a value that was read, and when another was read in its place."""
    final: float | None
    """What is held now; None where AWS gives nothing any more. It is final once it has settled."""

    @property
    def first(self) -> float:
        """The value that was seen first."""
        return self.earlier[0][1]

    def seen(self, at: datetime) -> float | None:
        """Give the value that a reader saw at an instant, as far as we looked."""
        return next((value for until, value in self.earlier if at < until), self.final)


def note(connection: Connection, series: int, slots: npt.NDArray[np.int64], was: Values, *, at: datetime) -> None:
    """Keep what the datapoints of these slots were until `at`."""
    until = int(at.timestamp())
    connection.executemany(
        "INSERT INTO revisions VALUES (?,?,?,?) ON CONFLICT DO NOTHING",
        [(series, slot, until, value) for slot, value in zip(slots.tolist(), was.tolist(), strict=True)],
    )


def load(connection: Connection, series: int, first: int, values: Values, period: int) -> tuple[Revision, ...]:
    """Give the revisions of the slots from `first`, of which `values` are held now; oldest datapoint first."""
    rows = connection.execute(
        "SELECT slot, until, value FROM revisions WHERE series=? AND slot >= ? AND slot < ? ORDER BY slot, until",
        (series, first, first + values.size),
    )
    earlier: dict[int, list[tuple[datetime, float]]] = defaultdict(list)
    for slot, until, value in rows:
        earlier[slot].append((from_epoch(until), value))
    return tuple(
        Revision(
            from_epoch(slot * period), tuple(was), None if np.isnan(final := values[slot - first]) else float(final)
        )
        for slot, was in earlier.items()
    )


def forget(connection: Connection, period: int, before: datetime) -> None:
    """Drop the revisions of datapoints of this period from before an instant."""
    connection.execute(
        "DELETE FROM revisions WHERE series IN (SELECT id FROM series WHERE period=?) AND slot < ?",
        (period, int(before.timestamp()) // period),
    )
