"""Metrics that say what is used of what AWS bills: which are read, and how their datapoints become amounts.

Counts (`Sum`) are added up: AWS sends none for a stretch in which nothing happened. Levels, such as provisioned
capacity or stored bytes, hold from one datapoint to the next.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

import numpy as np

from collectors.inventory import LoadBalancer
from collectors.query import MetricQuery
from core.reading import Scope
from core.series import MetricId, Series
from core.timespan import Timespan, from_epoch
from core.usage import Uncounted

MOST_SERIES: Final = 40
"""Series counted in one account and region: read every ten minutes, they take a sixth of the free million requests."""
SLOT: Final = 300
"""Seconds of a datapoint that is counted; AWS keeps these for 63 days, longer than any month."""
_DAY: Final = 86_400
_RUNNING_TIME: Final = "Lambda-GB-Second"
_NEW_CONNECTIONS: Final = 25 * 3600
"""New connections in an hour that one load balancer capacity unit holds."""
_PROCESSED: Final = 10**9
"""Bytes in an hour that one holds. https://aws.amazon.com/elasticloadbalancing/pricing/"""


@dataclass(frozen=True, slots=True)
class Amount:
    """How much a metric says was used, in the metric's own unit or in hours of it."""

    usage_type: str
    thing: str
    month: Decimal
    lately: Decimal


@dataclass(frozen=True, slots=True)
class Used:
    """What the metrics of one account and region say."""

    amounts: tuple[Amount, ...] = ()
    uncounted: tuple[Uncounted, ...] = ()
    first: datetime | None = None
    """The oldest datapoint of all."""


@dataclass(frozen=True, slots=True)
class _Meter:
    """One amount and the series that it takes."""

    usage_type: str
    thing: str
    queries: tuple[MetricQuery, ...]
    level: bool = False
    """Whether datapoints are levels that hold until the next."""
    factors: tuple[Decimal, ...] = (Decimal(1),)
    """One a series; of several series the largest product counts in each slot."""


@dataclass(frozen=True, slots=True)
class Meters:
    """Everything that is counted by metrics in one account and region."""

    meters: tuple[_Meter, ...]
    month: Timespan
    lately: Timespan
    uncounted: tuple[Uncounted, ...] = field(default=())

    @classmethod
    def of(
        cls,
        scope: Scope,
        balancers: Iterable[LoadBalancer],
        known: Sequence[MetricId],
        *,
        month: Timespan,
        lately: Timespan,
    ) -> Meters:
        """Choose the metrics, `MOST_SERIES` of them at most; of the rest it is said that nobody counts them."""
        finder = _Finder(scope, Timespan(min(month.start, lately.start), month.end))
        found = [*finder.balancers(balancers), *finder.known(known)]
        missing = [
            Uncounted(f"Capacity units of {each.name}", "They are counted for application load balancers only.")
            for each in balancers
            if each.kind != "application"
        ]
        kept: list[_Meter] = []
        for each in found:
            if sum(len(one.queries) for one in (*kept, each)) <= MOST_SERIES:
                kept.append(each)
            else:
                missing.append(Uncounted(f"{each.usage_type} of {each.thing}", f"Only {MOST_SERIES} series are read."))
        return cls(tuple(kept), month, lately, tuple(missing))

    @property
    def queries(self) -> tuple[MetricQuery, ...]:
        return tuple(query for meter in self.meters for query in meter.queries)

    @property
    def takes_memory(self) -> bool:
        """Whether the memory of functions has to be known."""
        return any(meter.usage_type == _RUNNING_TIME for meter in self.meters)

    def read(self, found: Mapping[MetricQuery, Series], memory: Mapping[str, int], *, failed: bool) -> Used:
        """Add up what was read; `memory` is what functions have, in megabytes. After a failure gaps are unknown."""
        amounts: list[Amount] = []
        missing = list(self.uncounted)
        for meter in self.meters:
            series = [found.get(query, Series.empty(query.period)) for query in meter.queries]
            if failed and any(not len(each.within(self.lately)) for each in series):
                missing.append(Uncounted(f"{meter.usage_type} of {meter.thing}", "Its metric could not be read."))
                continue
            scale = Decimal(1)
            if meter.usage_type == _RUNNING_TIME:
                if meter.thing not in memory:
                    missing.append(Uncounted(f"Running time of {meter.thing}", "How much memory it has is not known."))
                    continue
                scale = Decimal(memory[meter.thing]) / 1024 / 1000  # milliseconds of its memory
            amounts.append(_amount(meter, series, self.month, self.lately, scale))
        firsts = [int(each.times[0]) for each in found.values() if len(each)]
        return Used(tuple(amounts), tuple(missing), from_epoch(min(firsts)) if firsts else None)


def _amount(meter: _Meter, series: Sequence[Series], month: Timespan, lately: Timespan, scale: Decimal) -> Amount:
    if meter.level:
        spans = [Decimal(repr(_held(series[0], span))) for span in (month, lately)]
    else:
        spans = [Decimal(repr(_summed(series, meter.factors, span))) for span in (month, lately)]
    return Amount(meter.usage_type, meter.thing, spans[0] * scale, spans[1] * scale)


def _summed(series: Sequence[Series], factors: Sequence[Decimal], span: Timespan) -> float:
    """Add up the datapoints in `span`; of several series the largest of each slot."""
    if len(series) == 1:
        return float(series[0].within(span).values.sum() * float(factors[0]))
    slots: dict[int, float] = {}
    for each, factor in zip(series, factors, strict=True):
        kept = each.within(span)
        for time, value in zip(kept.times.tolist(), kept.values.tolist(), strict=True):
            slots[time] = max(slots.get(time, 0.0), value * float(factor))
    return sum(slots.values())


def _held(series: Series, span: Timespan) -> float:
    """Give level × hours within `span`, each datapoint holding until the next, the last until the end."""
    if not len(series):
        return 0.0
    start, end = span.start.timestamp(), span.end.timestamp()
    edges = np.clip(np.append(series.times.astype(np.float64), np.inf), start, end)
    return float((series.values * np.diff(edges)).sum() / 3600.0)


@dataclass(frozen=True, slots=True)
class _Finder:
    scope: Scope
    span: Timespan

    def balancers(self, found: Iterable[LoadBalancer]) -> Iterator[_Meter]:
        """Capacity units by the two measures of them that a web site fills: new connections and bytes."""
        for each in found:
            if each.kind != "application":
                continue
            where = (("LoadBalancer", each.arn.partition(":loadbalancer/")[2]),)
            names = ("NewConnectionCount", "ProcessedBytes")
            queries = tuple(self._sum(MetricId("AWS/ApplicationELB", name, where)) for name in names)
            factors = (1 / Decimal(_NEW_CONNECTIONS), 1 / Decimal(_PROCESSED))
            yield _Meter("LCUUsage", each.name, queries, factors=factors)

    def known(self, metrics: Sequence[MetricId]) -> Iterator[_Meter]:
        there = set(metrics)
        for metric in metrics:
            row = _ROWS.get((metric.namespace, metric.name))
            if row is None or tuple(name for name, _ in metric.dimensions) not in row.dimensions:
                continue
            if row.unless and MetricId(metric.namespace, row.unless, metric.dimensions) in there:
                continue
            if any(metric.dimension_map.get(name, value) != value for name, value in _ONLY.items()):
                continue
            thing = " ".join(value for name, value in metric.dimensions if name not in _ONLY)
            yield _Meter(row.usage_type, thing, (self._query(metric, row),), level=row.period is not None)

    def _sum(self, metric: MetricId) -> MetricQuery:
        return MetricQuery(self.scope, metric, "Sum", SLOT, self.span)

    def _query(self, metric: MetricId, row: _Row) -> MetricQuery:
        if row.period is None:
            return self._sum(metric)
        before = self.span.start - timedelta(seconds=2 * row.period)
        return MetricQuery(self.scope, metric, "Average", row.period, Timespan(before, self.span.end))


@dataclass(frozen=True, slots=True)
class _Row:
    """A metric that says what is used."""

    usage_type: str
    dimensions: tuple[tuple[str, ...], ...]
    """Names of dimensions, in their order, that a series must have."""
    period: int | None = None
    """Of a level; None for what is added up."""
    unless: str = ""
    """Another metric of the same thing, beside which this one is not billed."""


_ONLY: Final = {"StorageType": "StandardStorage", "FilterId": "EntireBucket"}
"""Of these dimensions only this value is counted: other classes have other prices, other filters overlap."""
_TABLE: Final = (("TableName",), ("GlobalSecondaryIndexName", "TableName"))
_ROWS: Final[Mapping[tuple[str, str], _Row]] = {
    ("AWS/Lambda", "Duration"): _Row(_RUNNING_TIME, (("FunctionName",),)),
    ("AWS/Lambda", "Invocations"): _Row("Request", (("FunctionName",),)),
    ("AWS/DynamoDB", "ProvisionedReadCapacityUnits"): _Row("ReadCapacityUnit-Hrs", _TABLE, SLOT),
    ("AWS/DynamoDB", "ProvisionedWriteCapacityUnits"): _Row("WriteCapacityUnit-Hrs", _TABLE, SLOT),
    ("AWS/DynamoDB", "ConsumedReadCapacityUnits"): _Row(
        "ReadRequestUnits", _TABLE, unless="ProvisionedReadCapacityUnits"
    ),
    ("AWS/DynamoDB", "ConsumedWriteCapacityUnits"): _Row(
        "WriteRequestUnits", _TABLE, unless="ProvisionedWriteCapacityUnits"
    ),
    ("AWS/Logs", "IncomingBytes"): _Row("DataProcessing-Bytes", (("LogGroupName",),)),
    **{
        ("AWS/S3", name): _Row("Requests-Tier1", (("BucketName", "FilterId"),))
        for name in ("PutRequests", "PostRequests", "ListRequests")
    },
    **{
        ("AWS/S3", name): _Row("Requests-Tier2", (("BucketName", "FilterId"),))
        for name in ("GetRequests", "HeadRequests", "SelectRequests")
    },
    ("AWS/S3", "BucketSizeBytes"): _Row("TimedStorage-ByteHrs", (("BucketName", "StorageType"),), _DAY),
}
"""What is billed by what a metric says. Source: each service's list of metrics."""
