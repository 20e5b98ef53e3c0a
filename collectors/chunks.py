"""Datapoints in the store: a row holds an hour of minutes of one series, with the set of those that are settled.

A row is compressed once all of it is settled: 500 metrics × 15 days of minutes took 76 MB (benchmarks/README.md).
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt

from cloud.database import Connection
from collectors import revisions
from collectors.metrics import Part
from collectors.planning import Call, SeriesKey, whole_periods
from collectors.query import MetricQuery
from core.reading import Scope
from core.series import Values

SETTLING: Final = timedelta(minutes=10)
"""How long after its period a datapoint may still change. Source: CloudWatch's own advice to wait and read again."""
CHUNK_SLOTS: Final = 60
"""Datapoints in one chunk: an hour of the one-minute ones. They fit one 64-bit set of settled slots."""
_CHUNK_BYTES: Final = 8 * CHUNK_SLOTS
_COMPRESSION: Final = 1
"""Of zlib's levels the fastest: on float64 the others gain two in a hundred."""
_OF_SERIES: Final = (
    "FROM series WHERE account=? AND region=? AND namespace=? AND name=? AND dimensions=? AND statistic=? AND period=?"
)
_ROWS_AT_HAND: Final = 8192
"""Decompressed rows each process keeps, a kilobyte each: a day of 340 series, which viewers read again and again."""


@dataclass(frozen=True, slots=True)
class SeriesName:
    """A stored series."""

    scope: Scope
    namespace: str
    name: str
    dimensions: str
    statistic: str
    period: int

    @classmethod
    def of(cls, query: MetricQuery | SeriesKey) -> SeriesName:
        metric = query.metric
        return cls(
            query.scope, metric.namespace, metric.name, json.dumps(metric.dimensions), query.statistic, query.period
        )

    @property
    def lease(self) -> str:
        """The name of the leave to fetch it."""
        return json.dumps(self.columns)

    @property
    def columns(self) -> tuple[object, ...]:
        return (
            self.scope.account,
            self.scope.region,
            self.namespace,
            self.name,
            self.dimensions,
            self.statistic,
            self.period,
        )


@dataclass(frozen=True, slots=True)
class Held:
    """What the store holds of one series on the slots `first` to `last` (not included)."""

    first: int
    values: Values
    """One a slot; NaN where there is none."""
    settled: npt.NDArray[np.bool_]
    """Slots that are never asked for again."""
    unit: str | None
    asked_at: int
    """Epoch second at which the tail was asked last."""
    asked_to: int
    """Slot up to which it was asked then."""
    series: int = 0
    """The series' number; 0 where the store knows nothing of it."""


def settled_slot(now: datetime, period: int) -> int:
    """Give the first slot (period counted from 1970) whose datapoint may still change at `now`."""
    return int((now - SETTLING).timestamp()) // period


def _slots(query: MetricQuery) -> tuple[int, int]:
    whole = whole_periods(query.span, query.period)
    return int(whole.start.timestamp()) // query.period, int(whole.end.timestamp()) // query.period


def load(connection: Connection, query: MetricQuery) -> Held:
    first, last = _slots(query)
    row = connection.execute(
        f"SELECT id, unit, asked_at, asked_to {_OF_SERIES}", SeriesName.of(query).columns
    ).fetchone()
    if row is None:
        return Held(first, np.full(last - first, np.nan), np.zeros(last - first, np.bool_), None, 0, 0)
    series, unit, asked_at, asked_to = row
    begin, end = first // CHUNK_SLOTS, (last - 1) // CHUNK_SLOTS + 1
    chunks = connection.execute(
        "SELECT chunk, slots, settled FROM chunks WHERE series=? AND chunk >= ? AND chunk < ?", (series, begin, end)
    ).fetchall()
    values = np.full((end - begin, CHUNK_SLOTS), np.nan)
    settled = np.zeros((end - begin, CHUNK_SLOTS), np.bool_)
    if chunks:
        numbers, blobs, bits = zip(*chunks, strict=True)
        places = np.array(numbers) - begin
        values[places] = np.frombuffer(_plain(blobs)).reshape(-1, CHUNK_SLOTS)
        settled[places] = _unpacked(np.array(bits, dtype="<u8"))
    cut = slice(first - begin * CHUNK_SLOTS, last - begin * CHUNK_SLOTS)
    return Held(first, values.ravel()[cut], settled.ravel()[cut], unit, asked_at, asked_to, series)


def lay(connection: Connection, key: SeriesKey, call: Call, part: Part, now: datetime) -> None:
    """Lay one part over what the store holds of the call's span; what AWS no longer gives becomes a gap.

    A datapoint that was read after its period had ended, and is another now, leaves a revision.
    """
    period = key.period
    first, last = (int(edge.timestamp()) // period for edge in (call.span.start, call.span.end))
    values = np.full(last - first, np.nan)
    places = part.times // period - first
    inside = (places >= 0) & (places < values.size)
    values[places[inside]] = part.values[inside]
    settled = np.arange(first, last) < settled_slot(now, period) if part.complete else np.zeros(values.size, np.bool_)
    seen = _seen(connection, key, first, last)
    series = _series_id(connection, key, part.unit, now, last)
    was = []
    for chunk in range(first // CHUNK_SLOTS, (last - 1) // CHUNK_SLOTS + 1):
        begin = chunk * CHUNK_SLOTS
        low, high = max(first, begin), min(last, begin + CHUNK_SLOTS)
        here = slice(low - begin, high - begin)
        there = slice(low - first, high - first)
        was.append(_lay(connection, series, chunk, here, values[there], settled[there]))
    before = np.concatenate(was)
    changed = np.flatnonzero(seen & ~np.isnan(before) & (before != values))
    if part.complete and changed.size:
        revisions.note(connection, series, first + changed, before[changed], at=now)


def _seen(connection: Connection, key: SeriesKey, first: int, last: int) -> npt.NDArray[np.bool_]:
    """Give the slots whose datapoint the last look at the tail found after its period had ended."""
    row = connection.execute(f"SELECT asked_at, asked_to {_OF_SERIES}", SeriesName.of(key).columns).fetchone()
    asked_at, asked_to = row or (0, 0)
    return np.arange(first, last) < min(asked_to, asked_at // key.period)


def _lay(
    connection: Connection,
    series: int,
    chunk: int,
    here: slice,
    values: Values,
    settled: npt.NDArray[np.bool_],
) -> Values:
    """Write a part of one row; give what could still change there as it was, NaN for the rest."""
    row = connection.execute("SELECT slots, settled FROM chunks WHERE series=? AND chunk=?", (series, chunk)).fetchone()
    slots = np.frombuffer(_plain(row[:1])).copy() if row else np.full(CHUNK_SLOTS, np.nan)
    bits = _unpacked(np.array([row[1]], dtype="<u8"))[0] if row else np.zeros(CHUNK_SLOTS, np.bool_)
    changing = ~bits[here]  # another process may have settled a slot meanwhile: what is settled stays
    was = np.where(changing, slots[here], np.nan)
    slots[here] = np.where(changing, values, slots[here])
    bits[here] |= settled
    connection.execute(
        "INSERT INTO chunks VALUES (?,?,?,?) ON CONFLICT (series, chunk) DO UPDATE"
        " SET slots=excluded.slots, settled=excluded.settled",
        (series, chunk, _compressed(slots, bits), _packed(bits)),
    )
    return was


def _series_id(connection: Connection, key: SeriesKey, unit: str | None, now: datetime, last: int) -> int:
    """Give the series' number, noting its unit and, where its unsettled tail was asked, when."""
    asked_at = int(now.timestamp()) if last > settled_slot(now, key.period) else 0
    (number,) = connection.execute(
        "INSERT INTO series (account, region, namespace, name, dimensions, statistic, period, unit, asked_at, asked_to)"
        " VALUES (?,?,?,?,?,?,?,?,?,?)"
        " ON CONFLICT (account, region, namespace, name, dimensions, statistic, period) DO UPDATE SET"
        " unit=COALESCE(excluded.unit, series.unit),"
        " asked_to=CASE WHEN excluded.asked_at > 0 THEN excluded.asked_to ELSE series.asked_to END,"
        " asked_at=CASE WHEN excluded.asked_at > series.asked_at THEN excluded.asked_at ELSE series.asked_at END"
        " RETURNING id",
        (*SeriesName.of(key).columns, unit, asked_at, last if asked_at else 0),
    ).fetchone()
    return int(number)


def forget(connection: Connection, before: datetime) -> None:
    """Drop the rows, and their revisions, of which every datapoint is older than `before`."""
    periods = connection.execute("SELECT DISTINCT period FROM series").fetchall()
    for (period,) in periods:
        connection.execute(
            "DELETE FROM chunks WHERE series IN (SELECT id FROM series WHERE period=?) AND chunk < ?",
            (period, int(before.timestamp()) // (CHUNK_SLOTS * period)),
        )
        revisions.forget(connection, period, before)


def _packed(bits: npt.NDArray[np.bool_]) -> int:
    return int.from_bytes(np.packbits(bits, bitorder="little").tobytes(), "little")


def _unpacked(numbers: npt.NDArray[np.uint64]) -> npt.NDArray[np.bool_]:
    """Give a row of slots for each set."""
    octets = np.ascontiguousarray(numbers).view(np.uint8).reshape(-1, 8)
    return np.unpackbits(octets, axis=1, bitorder="little")[:, :CHUNK_SLOTS].astype(np.bool_)


def _compressed(slots: Values, bits: npt.NDArray[np.bool_]) -> bytes:
    """Give a row's bytes: compressed where nothing will change any more and it is shorter so."""
    plain = slots.tobytes()
    return min(plain, zlib.compress(plain, _COMPRESSION), key=len) if bits.all() else plain


def _plain(blobs: Iterable[bytes]) -> bytes:
    """Give rows end to end; one that is shorter than its datapoints is compressed."""
    return b"".join([blob if len(blob) == _CHUNK_BYTES else _decompressed(blob) for blob in blobs])


@lru_cache(maxsize=_ROWS_AT_HAND)
def _decompressed(blob: bytes) -> bytes:
    return zlib.decompress(blob, bufsize=_CHUNK_BYTES)
