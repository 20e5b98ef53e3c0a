"""Metrics, read through a store: AWS is asked only for spans that are missing or may still change.

A datapoint is settled ten minutes after its period has ended; from then on it is never asked for again, and neither
is a settled gap. Younger ones are asked again, but not before `refresh` has passed since they were asked last,
however many viewers look.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import date, datetime, timedelta
from typing import Final

import numpy as np
import numpy.typing as npt

from cloud.clients import Clients
from cloud.database import DatabaseDownError
from collectors import catalog, chunks, metrics, refusals, retention, revisions
from collectors.chunks import Held, SeriesName, settled_slot
from collectors.last_good import LastGood
from collectors.leases import Leases
from collectors.metrics import Outcome
from collectors.pace import Pace, pace_of
from collectors.planning import Allowance, Plan, plan
from collectors.query import MetricQuery
from collectors.revisions import Revision
from collectors.store import Store
from core.money import ZERO
from core.reading import Fault, Reading
from core.series import Series
from core.timespan import Timespan, from_epoch

AFTER_FAILURE: Final = timedelta(seconds=15)
"""How long a failed call answers for its series before AWS is asked again, however many viewers look."""
_STRIPES: Final = 256

Slots = npt.NDArray[np.int64]
"""Numbers of periods counted from 1970, ascending."""


class History:
    """Metrics through the store. Safe to share between threads, and the store between processes."""

    def __init__(
        self, store: Store, clients: Clients, *, refresh: timedelta | None = None, leases: Leases | None = None
    ) -> None:
        self._store = store
        self._leases = leases or Leases(store)
        self._clients = clients
        self._refresh = int((refresh or timedelta(seconds=clients.settings.refresh_seconds)).total_seconds())
        self._kept = timedelta(days=clients.settings.history_days)
        self._forgot: date | None = None
        self._failed: dict[SeriesName, tuple[datetime, tuple[Fault, ...]]] = {}
        self._given: LastGood[Mapping[MetricQuery, Series]] = LastGood()
        self._stripes = tuple(threading.Lock() for _ in range(_STRIPES))

    def read(self, queries: Sequence[MetricQuery], now: datetime) -> Reading[Mapping[MetricQuery, Series]]:
        """Give a series for every query, from the store where it is settled, from AWS where it is not.

        A query whose call failed gives what the store holds, and the fault says what is missing. Readers that want
        the same series at once, in this process or another, wait for one fetch. While the store is down AWS is not
        asked, for nobody could keep what it says: the last reading of these series is given again, with a fault.
        """
        wanted = tuple(dict.fromkeys(queries))
        try:
            return self._given.keep(_names(wanted), self._read(wanted, now))
        except DatabaseDownError as error:
            return self._given_before(wanted, now, error)

    def _read(self, wanted: Sequence[MetricQuery], now: datetime) -> Reading[Mapping[MetricQuery, Series]]:
        held = self._load(wanted)
        pace = self.pace(wanted, now)
        missing = _missing(wanted, held, now, pace)
        faults: tuple[Fault, ...] = ()
        if missing:
            with self._alone(missing):
                faults = self._fetch_once(missing, now, pace)
            held = self._load(wanted)
        return Reading({query: _series(query, held[query], now) for query in wanted}, now, faults)

    def plan(self, queries: Sequence[MetricQuery], now: datetime) -> Plan:
        """Give the calls that `read` would make now, and their price, without making any."""
        wanted = tuple(dict.fromkeys(queries))
        try:
            return self._plan(_missing(wanted, self._load(wanted), now, self.pace(wanted, now)))
        except DatabaseDownError:
            return Plan(wanted, (), ZERO, "The store of what was read does not answer, so AWS is asked for nothing.")

    def revisions(self, query: MetricQuery, span: Timespan) -> tuple[Revision, ...]:
        """Give the datapoints in `span` that changed after they were read first, oldest first. Asks AWS for nothing."""
        query = query.over(span)
        try:
            with self._store.reading() as connection:
                held = chunks.load(connection, query)
                return revisions.load(connection, held.series, held.first, held.values, query.period)
        except DatabaseDownError:
            return ()  # the reading beside it says so

    def pace(self, queries: Sequence[MetricQuery], now: datetime) -> Pace:
        """Say how long `read` waits between two reads of the newest datapoints of `queries`, and why."""
        try:
            return pace_of(queries, self._clients.meter, refresh=self._refresh, now=now)
        except DatabaseDownError:
            return Pace(self._refresh, {})  # nothing is asked meanwhile, at any pace

    # -- asking AWS -------------------------------------------------------------------------------------------------

    def _plan(self, missing: Sequence[MetricQuery]) -> Plan:
        allowance: Allowance = metrics.allowance(self._clients, (query.scope for query in missing))
        return plan(missing, allowance=allowance, prices=self._clients.meter.prices)

    def _fetch_once(self, missing: Sequence[MetricQuery], now: datetime, pace: Pace) -> tuple[Fault, ...]:
        """Ask AWS for what is missing, or wait while another process does and leaves it in the store."""
        waiting = self._leases.patient()
        while missing:
            with self._leases.held({SeriesName.of(query).lease for query in missing}, waiting) as mine:
                missing = _missing(missing, self._load(missing), now, pace)
                if mine:
                    return self._fetch(missing, now) if missing else ()
            if missing:
                waiting.pause()
        return ()

    def _fetch(self, missing: Sequence[MetricQuery], now: datetime) -> tuple[Fault, ...]:
        """Ask AWS for what is missing, except for what failed a moment ago: that fails as it did."""
        failed = {query: faults for query in missing if (faults := self._lately_failed(SeriesName.of(query), now))}
        planned = self._plan([query for query in missing if query not in failed])
        refusals.note(planned, self._clients.meter, now=now, every=timedelta(seconds=self._refresh))
        outcomes = metrics.execute(planned.calls, self._clients)
        self._keep(outcomes, now)
        self._remember_failures(outcomes, now)
        known = (fault for faults in failed.values() for fault in faults)
        return tuple(dict.fromkeys((*known, *metrics.faults_of(outcomes, planned))))

    def _lately_failed(self, key: SeriesName, now: datetime) -> tuple[Fault, ...]:
        at, faults = self._failed.get(key, (now - AFTER_FAILURE, ()))
        return faults if now - at < AFTER_FAILURE else ()

    def _remember_failures(self, outcomes: Sequence[Outcome], now: datetime) -> None:
        for outcome in outcomes:
            for key in outcome.call.keys:
                if key in outcome.parts:
                    self._failed.pop(SeriesName.of(key), None)
                else:
                    self._failed[SeriesName.of(key)] = (now, outcome.faults)

    @contextmanager
    def _alone(self, missing: Sequence[MetricQuery]) -> Iterator[None]:
        """Wait until nobody else in this process fetches any of these series. Taken in order, so never in a circle."""
        with ExitStack() as stack:
            for place in sorted({hash(SeriesName.of(query)) % _STRIPES for query in missing}):
                stack.enter_context(self._stripes[place])
            yield

    def _given_before(
        self, wanted: Sequence[MetricQuery], now: datetime, error: DatabaseDownError
    ) -> Reading[Mapping[MetricQuery, Series]]:
        """Give what was given last of these series, as old as it is; empty series where nothing was."""
        last = self._given.get(_names(wanted))
        known = {SeriesName.of(query): series for query, series in last.value.items()} if last else {}
        value = {
            query: known[name].within(query.span)
            if (name := SeriesName.of(query)) in known
            else Series.empty(query.period, label=query.statistic)
            for query in wanted
        }
        faults = (error.to_fault(scope, "reading metrics") for scope in sorted({query.scope for query in wanted}))
        return Reading(value, last.at if last else now, tuple(faults))

    # -- the store --------------------------------------------------------------------------------------------------

    def _load(self, queries: Sequence[MetricQuery]) -> dict[MetricQuery, Held]:
        with self._store.reading() as connection:
            return chunks.load_all(connection, queries)

    def _keep(self, outcomes: Sequence[Outcome], now: datetime) -> None:
        with self._store.writing() as connection:
            for outcome in outcomes:
                for key, part in outcome.parts.items():
                    chunks.lay(connection, key, outcome.call, part, now)
            if self._forgot != now.date():
                retention.forget(connection, now - self._kept)
                self._forgot = now.date()


def _names(queries: Sequence[MetricQuery]) -> frozenset[SeriesName]:
    return frozenset(SeriesName.of(query) for query in queries)


def _missing(
    queries: Sequence[MetricQuery], held: Mapping[MetricQuery, Held], now: datetime, pace: Pace
) -> list[MetricQuery]:
    """Cut each query down to the spans that must be asked for: the same series twice is asked for once."""
    by_series: dict[SeriesName, list[MetricQuery]] = defaultdict(list)
    for query in queries:
        by_series[SeriesName.of(query)].append(query)
    missing = []
    for members in by_series.values():
        period, refresh = members[0].period, pace.seconds(members[0])
        slots = np.unique(np.concatenate([_missing_slots(query, held[query], now, refresh) for query in members]))
        for first, last in _runs(slots):
            missing.append(members[0].over(Timespan(from_epoch(first * period), from_epoch(last * period))))
    return missing


def _missing_slots(query: MetricQuery, held: Held, now: datetime, refresh: float) -> Slots:
    """Give the slots to ask for: unsettled ones up to now, and those of the tail only when it is due again.

    What AWS keeps no longer is not asked for. The tail is asked for as a whole, which costs no more than its newest
    slot alone: when a refresh has passed, or as soon as a new period is looked at, so that reads keep step with the
    periods. A slot that has settled since the tail was asked waits for the tail too: alone it would be a call of its
    own.
    """
    started = -int(-now.timestamp() // query.period)
    slots = held.first + np.flatnonzero(~held.settled)
    slots = slots[(slots < started) & (slots >= retention.reach(query.period, now=now))]
    in_step = refresh <= query.period and bool(slots.size) and int(slots[-1]) >= held.asked_to
    if in_step or now.timestamp() - held.asked_at >= refresh:
        return slots
    return slots[slots < settled_slot(from_epoch(held.asked_at), query.period)]


def _runs(slots: Slots) -> Iterator[tuple[int, int]]:
    """Give each run of neighbouring slots as (first, one past the last)."""
    if slots.size:
        breaks = np.flatnonzero(np.diff(slots) > 1) + 1
        for run in np.split(slots, breaks):
            yield int(run[0]), int(run[-1]) + 1


def _series(query: MetricQuery, held: Held, now: datetime) -> Series:
    real = ~np.isnan(held.values)
    times = (held.first + np.flatnonzero(real)).astype(np.int64) * query.period
    unit = held.unit or catalog.unit_of(query.metric, query.statistic)
    open_slots = held.first + np.flatnonzero(~held.settled)
    open_slots = open_slots[open_slots >= retention.reach(query.period, now=now)]
    settled = min([settled_slot(now, query.period), *open_slots[:1].tolist()])
    return Series(times, held.values[real], query.period, unit, query.statistic, from_epoch(settled * query.period))
