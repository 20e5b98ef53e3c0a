"""Metrics, read through a store: AWS is asked only for spans that are missing or may still change.

A datapoint is settled ten minutes after its period has ended; from then on it is never asked for again, and neither
is a settled gap. Younger ones are asked again, but not before `refresh` has passed since they were asked last,
however many viewers look.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import numpy as np
import numpy.typing as npt

from cloud.clients import Clients
from collectors import catalog, metrics, refusals
from collectors.leases import Leases
from collectors.metrics import Outcome, Part
from collectors.planning import Allowance, Call, Plan, SeriesKey, plan, whole_periods
from collectors.query import MetricQuery
from collectors.store import Store
from core.reading import Fault, Reading, Scope
from core.series import Series, Values
from core.timespan import Timespan, from_epoch

SETTLING: Final = timedelta(minutes=10)
"""How long after its period a datapoint may still change. Source: CloudWatch's own advice to wait and read again."""
AFTER_FAILURE: Final = timedelta(seconds=15)
"""How long a failed call answers for its series before AWS is asked again, however many viewers look."""
CHUNK_SLOTS: Final = 60
"""Datapoints in one chunk: an hour of the one-minute ones. They fit one 64-bit set of settled slots."""
_STRIPES: Final = 256

Slots = npt.NDArray[np.int64]
"""Numbers of periods counted from 1970, ascending."""


@dataclass(frozen=True, slots=True)
class _Key:
    """A stored series."""

    scope: Scope
    namespace: str
    name: str
    dimensions: str
    statistic: str
    period: int

    @classmethod
    def of(cls, query: MetricQuery | SeriesKey) -> _Key:
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
class _Held:
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


class History:
    """Metrics through the store. Safe to share between threads, and the store between processes."""

    def __init__(
        self, store: Store, clients: Clients, *, refresh: timedelta | None = None, leases: Leases | None = None
    ) -> None:
        self._store = store
        self._leases = leases or Leases(store)
        self._clients = clients
        self._refresh = int((refresh or timedelta(seconds=clients.settings.refresh_seconds)).total_seconds())
        self._failed: dict[_Key, tuple[datetime, tuple[Fault, ...]]] = {}
        self._stripes = tuple(threading.Lock() for _ in range(_STRIPES))

    def read(self, queries: Sequence[MetricQuery], now: datetime) -> Reading[Mapping[MetricQuery, Series]]:
        """Give a series for every query, from the store where it is settled, from AWS where it is not.

        A query whose call failed gives what the store holds, and the fault says what is missing. Readers that want
        the same series at once, in this process or another, wait for one fetch.
        """
        wanted = tuple(dict.fromkeys(queries))
        held = self._load(wanted)
        refresh = self._paced(wanted)
        missing = _missing(wanted, held, now, refresh)
        faults: tuple[Fault, ...] = ()
        if missing:
            with self._alone(missing):
                faults = self._fetch_once(missing, now, refresh)
            held = self._load(wanted)
        return Reading({query: _series(query, held[query], now) for query in wanted}, now, faults)

    def plan(self, queries: Sequence[MetricQuery], now: datetime) -> Plan:
        """Give the calls that `read` would make now, and their price, without making any."""
        wanted = tuple(dict.fromkeys(queries))
        return self._plan(_missing(wanted, self._load(wanted), now, self._paced(wanted)))

    def _paced(self, queries: Sequence[MetricQuery]) -> float:
        """Give the seconds between two reads of a tail; more where the account's free requests run short."""
        meter = self._clients.meter
        return self._refresh * max((meter.stretch(name) for name in {q.scope.account for q in queries}), default=1.0)

    # -- asking AWS -------------------------------------------------------------------------------------------------

    def _plan(self, missing: Sequence[MetricQuery]) -> Plan:
        allowance: Allowance = metrics.allowance(self._clients, (query.scope for query in missing))
        return plan(missing, allowance=allowance, prices=self._clients.meter.prices)

    def _fetch_once(self, missing: Sequence[MetricQuery], now: datetime, refresh: float) -> tuple[Fault, ...]:
        """Ask AWS for what is missing, or wait while another process does and leaves it in the store."""
        waiting = self._leases.patient()
        while missing:
            with self._leases.held({_Key.of(query).lease for query in missing}, waiting) as mine:
                missing = _missing(missing, self._load(missing), now, refresh)
                if mine:
                    return self._fetch(missing, now) if missing else ()
            if missing:
                waiting.pause()
        return ()

    def _fetch(self, missing: Sequence[MetricQuery], now: datetime) -> tuple[Fault, ...]:
        """Ask AWS for what is missing, except for what failed a moment ago: that fails as it did."""
        failed = {query: faults for query in missing if (faults := self._lately_failed(_Key.of(query), now))}
        planned = self._plan([query for query in missing if query not in failed])
        refusals.note(planned, self._clients.meter, now=now, every=timedelta(seconds=self._refresh))
        outcomes = metrics.execute(planned.calls, self._clients)
        self._keep(outcomes, now)
        self._remember_failures(outcomes, now)
        known = (fault for faults in failed.values() for fault in faults)
        return tuple(dict.fromkeys((*known, *metrics.faults_of(outcomes, planned))))

    def _lately_failed(self, key: _Key, now: datetime) -> tuple[Fault, ...]:
        at, faults = self._failed.get(key, (now - AFTER_FAILURE, ()))
        return faults if now - at < AFTER_FAILURE else ()

    def _remember_failures(self, outcomes: Sequence[Outcome], now: datetime) -> None:
        for outcome in outcomes:
            for key in outcome.call.keys:
                if key in outcome.parts:
                    self._failed.pop(_Key.of(key), None)
                else:
                    self._failed[_Key.of(key)] = (now, outcome.faults)

    @contextmanager
    def _alone(self, missing: Sequence[MetricQuery]) -> Iterator[None]:
        """Wait until nobody else in this process fetches any of these series. Taken in order, so never in a circle."""
        with ExitStack() as stack:
            for place in sorted({hash(_Key.of(query)) % _STRIPES for query in missing}):
                stack.enter_context(self._stripes[place])
            yield

    # -- the store --------------------------------------------------------------------------------------------------

    def _load(self, queries: Sequence[MetricQuery]) -> dict[MetricQuery, _Held]:
        with self._store.reading() as connection:
            return {query: _held(connection, query) for query in queries}

    def _keep(self, outcomes: Sequence[Outcome], now: datetime) -> None:
        with self._store.writing() as connection:
            for outcome in outcomes:
                for key, part in outcome.parts.items():
                    _write(connection, key, outcome.call, part, now)


def settled_slot(now: datetime, period: int) -> int:
    """Give the first slot (period counted from 1970) whose datapoint may still change at `now`."""
    return int((now - SETTLING).timestamp()) // period


def _slots(query: MetricQuery) -> tuple[int, int]:
    whole = whole_periods(query.span, query.period)
    return int(whole.start.timestamp()) // query.period, int(whole.end.timestamp()) // query.period


def _missing(
    queries: Sequence[MetricQuery], held: Mapping[MetricQuery, _Held], now: datetime, refresh: float
) -> list[MetricQuery]:
    """Cut each query down to the spans that must be asked for: the same series twice is asked for once."""
    by_series: dict[_Key, list[MetricQuery]] = defaultdict(list)
    for query in queries:
        by_series[_Key.of(query)].append(query)
    missing = []
    for members in by_series.values():
        slots = np.unique(np.concatenate([_missing_slots(query, held[query], now, refresh) for query in members]))
        period = members[0].period
        for first, last in _runs(slots):
            missing.append(members[0].over(Timespan(from_epoch(first * period), from_epoch(last * period))))
    return missing


def _missing_slots(query: MetricQuery, held: _Held, now: datetime, refresh: float) -> Slots:
    """Give the slots to ask for: unsettled ones up to now, and those of the tail only when it is due again.

    A slot that has settled since the tail was asked waits for the tail too: alone it would be a call of its own.
    """
    started = -int(-now.timestamp() // query.period)
    fresh = held.asked_to if now.timestamp() - held.asked_at < refresh else 0
    settled = settled_slot(from_epoch(held.asked_at) if fresh else now, query.period)
    slots = held.first + np.flatnonzero(~held.settled)
    return slots[(slots < started) & ((slots < settled) | (slots >= fresh))]


def _runs(slots: Slots) -> Iterator[tuple[int, int]]:
    """Give each run of neighbouring slots as (first, one past the last)."""
    if slots.size:
        breaks = np.flatnonzero(np.diff(slots) > 1) + 1
        for run in np.split(slots, breaks):
            yield int(run[0]), int(run[-1]) + 1


def _held(connection: sqlite3.Connection, query: MetricQuery) -> _Held:
    first, last = _slots(query)
    row = connection.execute(
        "SELECT id, unit, asked_at, asked_to FROM series WHERE account=? AND region=? AND namespace=? AND name=?"
        " AND dimensions=? AND statistic=? AND period=?",
        _Key.of(query).columns,
    ).fetchone()
    if row is None:
        return _Held(first, np.full(last - first, np.nan), np.zeros(last - first, np.bool_), None, 0, 0)
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
        values[places] = np.frombuffer(b"".join(blobs)).reshape(-1, CHUNK_SLOTS)
        settled[places] = _unpacked(np.array(bits, dtype="<u8"))
    cut = slice(first - begin * CHUNK_SLOTS, last - begin * CHUNK_SLOTS)
    return _Held(first, values.ravel()[cut], settled.ravel()[cut], unit, asked_at, asked_to)


def _write(connection: sqlite3.Connection, key: SeriesKey, call: Call, part: Part, now: datetime) -> None:
    """Lay one part over what the store holds of the call's span; what AWS no longer gives becomes a gap."""
    period = key.period
    first, last = (int(edge.timestamp()) // period for edge in (call.span.start, call.span.end))
    values = np.full(last - first, np.nan)
    places = part.times // period - first
    inside = (places >= 0) & (places < values.size)
    values[places[inside]] = part.values[inside]
    settled = np.arange(first, last) < settled_slot(now, period) if part.complete else np.zeros(values.size, np.bool_)
    series = _series_id(connection, key, part.unit, now, last)
    for chunk in range(first // CHUNK_SLOTS, (last - 1) // CHUNK_SLOTS + 1):
        begin = chunk * CHUNK_SLOTS
        low, high = max(first, begin), min(last, begin + CHUNK_SLOTS)
        here = slice(low - begin, high - begin)
        there = slice(low - first, high - first)
        _lay(connection, series, chunk, here, values[there], settled[there])


def _lay(
    connection: sqlite3.Connection,
    series: int,
    chunk: int,
    here: slice,
    values: Values,
    settled: npt.NDArray[np.bool_],
) -> None:
    row = connection.execute("SELECT slots, settled FROM chunks WHERE series=? AND chunk=?", (series, chunk)).fetchone()
    slots = np.frombuffer(row[0]).copy() if row else np.full(CHUNK_SLOTS, np.nan)
    bits = _unpacked(np.array([row[1]], dtype="<u8"))[0] if row else np.zeros(CHUNK_SLOTS, np.bool_)
    changing = ~bits[here]  # another process may have settled a slot meanwhile: what is settled stays
    slots[here] = np.where(changing, values, slots[here])
    bits[here] |= settled
    connection.execute(
        "INSERT INTO chunks VALUES (?,?,?,?) ON CONFLICT DO UPDATE SET slots=excluded.slots, settled=excluded.settled",
        (series, chunk, slots.tobytes(), _packed(bits)),
    )


def _series_id(connection: sqlite3.Connection, key: SeriesKey, unit: str | None, now: datetime, last: int) -> int:
    """Give the series' number, noting its unit and, where its unsettled tail was asked, when."""
    asked_at = int(now.timestamp()) if last > settled_slot(now, key.period) else 0
    (number,) = connection.execute(
        "INSERT INTO series (account, region, namespace, name, dimensions, statistic, period, unit, asked_at, asked_to)"
        " VALUES (?,?,?,?,?,?,?,?,?,?) ON CONFLICT DO UPDATE SET unit=COALESCE(excluded.unit, unit),"
        " asked_to=CASE WHEN excluded.asked_at > 0 THEN excluded.asked_to ELSE asked_to END,"
        " asked_at=MAX(excluded.asked_at, asked_at) RETURNING id",
        (*_Key.of(key).columns, unit, asked_at, last if asked_at else 0),
    ).fetchone()
    return int(number)


def _series(query: MetricQuery, held: _Held, now: datetime) -> Series:
    real = ~np.isnan(held.values)
    times = (held.first + np.flatnonzero(real)).astype(np.int64) * query.period
    unit = held.unit or catalog.unit_of(query.metric, query.statistic)
    open_slots = held.first + np.flatnonzero(~held.settled)
    settled = min([settled_slot(now, query.period), *open_slots[:1].tolist()])
    return Series(times, held.values[real], query.period, unit, query.statistic, from_epoch(settled * query.period))


def _packed(bits: npt.NDArray[np.bool_]) -> int:
    return int.from_bytes(np.packbits(bits, bitorder="little").tobytes(), "little")


def _unpacked(numbers: npt.NDArray[np.uint64]) -> npt.NDArray[np.bool_]:
    """Give a row of slots for each set."""
    octets = np.ascontiguousarray(numbers).view(np.uint8).reshape(-1, 8)
    return np.unpackbits(octets, axis=1, bitorder="little")[:, :CHUNK_SLOTS].astype(np.bool_)
