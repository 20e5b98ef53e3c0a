"""Datapoints in the store: a row holds an hour of minutes of one series, with the set of those that are settled.

A row is compressed once all of it is settled: 500 metrics × 15 days of minutes took 76 MB (benchmarks/README.md).
"""

from __future__ import annotations

import json
import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final, TypeVar

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
_NAME: Final = "account, region, namespace, name, dimensions, statistic, period"
_MOST_TOGETHER: Final = 100
"""Series asked for in one statement: seven values each, below the 999 that older SQLite takes."""
_Columns = tuple[object, ...]
_Known = tuple[int, str | None, int, int]
_UNKNOWN: Final[_Known] = (0, None, 0, 0)
T = TypeVar("T")
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
    """Give what the store holds of one query."""
    return load_all(connection, (query,))[query]


def load_all(connection: Connection, queries: Sequence[MetricQuery]) -> dict[MetricQuery, Held]:
    """Give what the store holds of each query, in few statements: each is a way to the database and back."""
    names = {query: SeriesName.of(query).columns for query in queries}
    slots = {query: _slots(query) for query in queries}
    known = _known(connection, list(dict.fromkeys(names.values())))
    together: dict[tuple[int, int], list[MetricQuery]] = defaultdict(list)
    for query, (first, last) in slots.items():
        together[first // CHUNK_SLOTS, (last - 1) // CHUNK_SLOTS + 1].append(query)
    held = {}
    for (begin, end), members in together.items():
        series = [known[names[query]][0] for query in members if names[query] in known]
        blocks = _blocks(connection, list(dict.fromkeys(series)), begin, end)
        for query in members:
            first, last = slots[query]
            number, unit, asked_at, asked_to = known.get(names[query], _UNKNOWN)
            values, settled = blocks[number] if number else (_no_values(begin, end), _none_settled(begin, end))
            cut = slice(first - begin * CHUNK_SLOTS, last - begin * CHUNK_SLOTS)
            held[query] = Held(first, values.ravel()[cut], settled.ravel()[cut], unit, asked_at, asked_to, number)
    return held


def _known(connection: Connection, names: Sequence[_Columns]) -> dict[_Columns, _Known]:
    """Give number, unit and last look of the series that the store knows."""
    found: dict[_Columns, _Known] = {}
    for some in _in_batches(names):
        marks = ",".join(["(?,?,?,?,?,?,?)"] * len(some))
        rows = connection.execute(
            f"SELECT {_NAME}, id, unit, asked_at, asked_to FROM series WHERE ({_NAME}) IN (VALUES {marks})",  # noqa: S608 - our own words
            [value for name in some for value in name],
        )
        found.update((row[:7], row[7:]) for row in rows)
    return found


def _blocks(
    connection: Connection, series: Sequence[int], begin: int, end: int
) -> dict[int, tuple[Values, npt.NDArray[np.bool_]]]:
    """Give the datapoints of the chunks from `begin` to `end` of each series, a row a chunk, and which are settled."""
    blocks = {number: (_no_values(begin, end), _none_settled(begin, end)) for number in series}
    for some in _in_batches(series):
        marks = ",".join("?" * len(some))
        chunks = connection.execute(
            f"SELECT series, chunk, slots, settled FROM chunks WHERE series IN ({marks}) AND chunk >= ? AND chunk < ?"  # noqa: S608 - our own words
            " ORDER BY series, chunk",
            (*some, begin, end),
        ).fetchall()
        if not chunks:
            continue
        numbers, places, blobs, bits = zip(*chunks, strict=True)
        values = np.frombuffer(_plain(blobs)).reshape(-1, CHUNK_SLOTS)
        settled = _unpacked(np.array(bits, dtype="<u8"))
        rows, edges = np.array(places) - begin, [*np.flatnonzero(np.diff(numbers)) + 1, len(numbers)]
        low = 0
        for high in edges:
            block = blocks[numbers[low]]
            block[0][rows[low:high]], block[1][rows[low:high]] = values[low:high], settled[low:high]
            low = high
    return blocks


def _no_values(begin: int, end: int) -> Values:
    return np.full((end - begin, CHUNK_SLOTS), np.nan)


def _none_settled(begin: int, end: int) -> npt.NDArray[np.bool_]:
    return np.zeros((end - begin, CHUNK_SLOTS), np.bool_)


def _in_batches(things: Sequence[T]) -> Iterator[Sequence[T]]:
    for first in range(0, len(things), _MOST_TOGETHER):
        yield things[first : first + _MOST_TOGETHER]


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
    before = _laid(connection, series, first, values, settled)
    changed = np.flatnonzero(seen & ~np.isnan(before) & (before != values))
    if part.complete and changed.size:
        revisions.note(connection, series, first + changed, before[changed], at=now)


def _seen(connection: Connection, key: SeriesKey, first: int, last: int) -> npt.NDArray[np.bool_]:
    """Give the slots whose datapoint the last look at the tail found after its period had ended."""
    row = connection.execute(f"SELECT asked_at, asked_to {_OF_SERIES}", SeriesName.of(key).columns).fetchone()
    asked_at, asked_to = row or (0, 0)
    return np.arange(first, last) < min(asked_to, asked_at // key.period)


def _laid(connection: Connection, series: int, first: int, values: Values, settled: npt.NDArray[np.bool_]) -> Values:
    """Write datapoints from slot `first` on; give what could still change there as it was, NaN for the rest."""
    begin, end = first // CHUNK_SLOTS, (first + values.size - 1) // CHUNK_SLOTS + 1
    slots, bits = _blocks(connection, [series], begin, end)[series]
    here = slice(first - begin * CHUNK_SLOTS, first - begin * CHUNK_SLOTS + values.size)
    changing = ~bits.ravel()[here]  # another process may have settled a slot meanwhile: what is settled stays
    was = np.where(changing, slots.ravel()[here], np.nan)
    slots.ravel()[here] = np.where(changing, values, slots.ravel()[here])
    bits.ravel()[here] |= settled
    connection.executemany(
        "INSERT INTO chunks VALUES (?,?,?,?) ON CONFLICT (series, chunk) DO UPDATE"
        " SET slots=excluded.slots, settled=excluded.settled",
        [(series, begin + row, _compressed(slots[row], bits[row]), _packed(bits[row])) for row in range(end - begin)],
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
