"""Which metrics were put, month by month: what the datapoints belong to, and what is counted against the quota.

A file of lines that only grows, under a lock. A metric counts in each month in which it is put, as on AWS's bill.
"""

from __future__ import annotations

import os
import zlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import orjson

from collectors.custom_prices import AccountMetrics, CustomPrice, price
from collectors.custom_rules import Definition, MetricRefusedError
from collectors.spool.locks import locked
from core.series import MetricId


class QuotaReachedError(MetricRefusedError):
    """A metric that is new and would be one too many."""

    reason = "quota"


def month(now_ms: int) -> str:
    """Give the month in UTC, such as `2026-11`."""
    return f"{datetime.fromtimestamp(now_ms / 1000, UTC):%Y-%m}"


class Register:
    """The metrics of a spool. Not locked against threads: its owner is. Raises `OSError` where it cannot be used."""

    def __init__(self, folder: Path, *, quota: int, patience: float) -> None:
        self._path = folder / "metrics.log"
        self._lock = folder / "metrics.lock"
        self.quota = quota
        self._patience = patience
        self._read_to = 0
        self._definitions: dict[int, Definition] = {}
        self._billed: dict[str, set[MetricId]] = defaultdict(set)
        self._put: dict[str, set[int]] = defaultdict(set)

    def find(self, metric: int) -> Definition | None:
        """Give the definition of a datapoint's metric."""
        if metric not in self._definitions:
            self._catch_up()
        return self._definitions.get(metric)

    def of_month(self, when: str) -> tuple[Definition, ...]:
        """Give the metrics that were put in a month, sorted."""
        self._catch_up()
        found = (self._definitions[each] for each in self._put[when])
        return tuple(sorted(found, key=lambda each: (each.namespace, each.name, each.dimensions)))

    def price(self, new: Sequence[Definition], *, now_ms: int, account: AccountMetrics | None = None) -> CustomPrice:
        """Say what metrics would add to the bill; those that are known this month, or of the account, add nothing."""
        self._catch_up()
        known = self._billed[month(now_ms)]
        adding = {each.billed_as for each in new} - known
        others = None if account is None else account.others(known)
        reporting = 0 if account is None else len(adding & account.here)
        at = _utc(now_ms)
        return price(adding=len(adding), known=len(known), quota=self.quota, at=at, others=others, reporting=reporting)

    def admit(self, wanted: Definition, *, now_ms: int, fold: bool) -> tuple[Definition, CustomPrice]:
        """Register a metric, and give it with what it adds to the bill.

        Above the quota `QuotaReachedError`; or, to `fold`, the metric without the dimensions that have the most values.
        """
        with locked(self._lock, patience=self._patience):
            self._catch_up(truncate=True)
            when = month(now_ms)
            found = next(self._candidates(wanted, when) if fold else iter((wanted,)))
            quoted = self.price([found], now_ms=now_ms)
            if not quoted.within_quota and (not fold or found.dimensions):
                raise QuotaReachedError(
                    f"{wanted} would be metric {quoted.known + 1} of this month and the quota is {self.quota}:"
                    f" {quoted}; raise WATCHKEEPER_CUSTOM_METRICS_QUOTA, leave a dimension out, or fold"
                )
            if found.id not in self._put[when]:
                self._append(when, found)
            return found, quoted

    def _candidates(self, wanted: Definition, when: str) -> Iterator[Definition]:
        """Give the first that fits: the metric itself, then without one more dimension each time; at last with none."""
        known = self._billed[when]
        while wanted.dimensions and wanted.billed_as not in known and len(known) >= self.quota:
            wanted = _without(wanted, self._widest(wanted, when))
        yield wanted

    def _widest(self, wanted: Definition, when: str) -> str:
        """Name the dimension with the most values among this metric's; the last of the alphabet of several."""
        values: dict[str, set[str]] = defaultdict(set)
        for each in (wanted, *(self._definitions[one] for one in self._put[when])):
            if (each.namespace, each.name) == (wanted.namespace, wanted.name):
                for name, value in each.dimensions:
                    values[name].add(value)
        return max((name for name, _ in wanted.dimensions), key=lambda name: (len(values[name]), name))

    # -- the file ---------------------------------------------------------------------------------------------------

    def _append(self, when: str, new: Definition) -> None:
        document = [when, new.namespace, new.name, new.dimensions, new.unit, new.resolution, new.percentiles]
        body = orjson.dumps(document)
        line = b"%08x %s\n" % (zlib.crc32(body), body)
        handle = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            if os.write(handle, line) != len(line):
                os.ftruncate(handle, self._read_to)
                raise OSError("the disk is full")
        finally:
            os.close(handle)
        self._read_to += len(line)
        self._note(document)

    def _catch_up(self, *, truncate: bool = False) -> None:
        """Read what others added; `truncate`, with the lock held, what a process did not write to the end."""
        try:
            with self._path.open("rb") as file:
                file.seek(self._read_to)
                data = file.read()
        except FileNotFoundError:
            return
        whole = data[: data.rfind(b"\n") + 1]
        for line in whole.splitlines():
            body = line[9:]
            if line[:8] == b"%08x" % zlib.crc32(body):
                self._note(orjson.loads(body))
        self._read_to += len(whole)
        if truncate and len(whole) < len(data):
            os.truncate(self._path, self._read_to)

    def _note(self, document: Sequence[object]) -> None:
        when, namespace, name, dimensions, *rest = document
        found = Definition(namespace, name, tuple((k, v) for k, v in dimensions), *rest)  # type: ignore[arg-type,attr-defined]
        self._definitions[found.id] = found
        self._billed[str(when)].add(found.billed_as)
        self._put[str(when)].add(found.id)


def _without(metric: Definition, dimension: str) -> Definition:
    kept = tuple(pair for pair in metric.dimensions if pair[0] != dimension)
    return Definition(metric.namespace, metric.name, kept, metric.unit, metric.resolution, metric.percentiles)


def _utc(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)
