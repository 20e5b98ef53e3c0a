"""Queries → the calls that answer them, with their price before any is made. Pure.

GetMetricStatistics is free for the account's first million requests a month, GetMetricData never. So the free one
answers what it can while the allowance lasts; the paid one answers the rest, where the cap allows it.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import Final, TypeVar

from cloud.pricing import STATISTICS_BILLED_ONCE, PriceBook
from collectors.query import PLAIN_STATISTICS, MetricQuery
from core.money import ZERO, Money
from core.reading import Scope
from core.series import MetricId
from core.timespan import Timespan

T = TypeVar("T")

STATISTICS_DATAPOINTS: Final = 1_440
"""Datapoints GetMetricStatistics gives in one call. Source: API_GetMetricStatistics.html."""
STATISTICS_PLAIN: Final = 5
"""Plain statistics in one call. Source: botocore's model, `Statistics`."""
STATISTICS_EXTENDED: Final = 10
"""Percentiles in one call, which then takes no plain ones. Source: botocore's model, `ExtendedStatistics`."""
DATA_QUERIES: Final = 500
"""Metrics one GetMetricData call may ask for. Source: API_GetMetricData.html"""
DATA_DATAPOINTS: Final = 100_800
"""Datapoints in one page of GetMetricData. A call of this size needs no second page. Source: API_GetMetricData.html"""

_PERCENTILE: Final = re.compile(r"p(100|\d{1,2})(\.\d{1,10})?")


@dataclass(frozen=True, slots=True)
class Allowance:
    """What the plan may use: each account's free requests left this month, and money for all of them."""

    free_requests: Mapping[str, int]
    """By account; one that is not named has none left."""
    money: Money = ZERO
    money_said: str = ""
    """What leaves that money, such as `today's cap of $0.10 leaves $0.02`; for people."""


@dataclass(frozen=True, slots=True)
class SeriesKey:
    """One series that calls bring, in one part or several."""

    scope: Scope
    metric: MetricId
    statistic: str
    period: int
    whole: Timespan
    """The aligned span of the queries it serves."""


@dataclass(frozen=True, slots=True)
class StatisticsCall:
    """One GetMetricStatistics request: plain statistics or percentiles, never both."""

    scope: Scope
    metric: MetricId
    period: int
    span: Timespan
    statistics: tuple[str, ...]
    whole: Timespan
    """The aligned span of the queries this call serves; `span` is the part of it asked here."""

    @property
    def keys(self) -> tuple[SeriesKey, ...]:
        """The series it brings a part of, in the order of `statistics`."""
        return tuple(SeriesKey(self.scope, self.metric, name, self.period, self.whole) for name in self.statistics)

    @property
    def extended(self) -> bool:
        return self.statistics[0] not in PLAIN_STATISTICS

    @property
    def operation(self) -> str:
        return "cloudwatch:GetMetricStatistics"


@dataclass(frozen=True, slots=True)
class DataCall:
    """One GetMetricData request: statistics of many metrics at one period over one span."""

    scope: Scope
    period: int
    span: Timespan
    items: tuple[tuple[MetricId, str], ...]
    """(metric, statistic); the place of an item is its id in the request."""
    whole: Timespan

    @property
    def keys(self) -> tuple[SeriesKey, ...]:
        """The series it brings a part of, in the order of `items`."""
        return tuple(SeriesKey(self.scope, metric, name, self.period, self.whole) for metric, name in self.items)

    @property
    def operation(self) -> str:
        return "cloudwatch:GetMetricData"


Call = StatisticsCall | DataCall


@dataclass(frozen=True, slots=True)
class Plan:
    """Calls that answer queries, what they cost, and why these."""

    queries: tuple[MetricQuery, ...]
    calls: tuple[Call, ...]
    cost: Money
    explanation: str
    """One sentence for people."""
    unaffordable: tuple[MetricQuery, ...] = ()
    """Queries that only a call beyond the cap would answer; no call is planned for them."""
    refusal: str = ""
    """Why, and what those calls would cost; empty where all are affordable."""
    bought: tuple[MetricQuery, ...] = ()
    """Queries that calls which cost money answer."""


@dataclass(frozen=True, slots=True)
class _Group:
    """Statistics of one metric that one request can ask for together."""

    scope: Scope
    metric: MetricId
    period: int
    whole: Timespan


def plan(queries: Iterable[MetricQuery], *, allowance: Allowance, prices: PriceBook | None = None) -> Plan:
    """Choose the cheapest calls that answer every query once, within `allowance`."""
    prices = prices or PriceBook()
    wanted = tuple(dict.fromkeys(queries))
    groups: dict[_Group, list[MetricQuery]] = defaultdict(list)
    for query in wanted:
        groups[_group(query)].append(query)
    free: list[StatisticsCall] = []
    rest: list[MetricQuery] = []
    left = dict(allowance.free_requests)
    for group, members in groups.items():
        calls = _free_calls(group, members, left.get(group.scope.account, 0))
        if calls:
            free += calls
            left[group.scope.account] -= len(calls)
        rest += [query for query in members if not (calls and is_free(query.statistic))]
    paid, cost = _paid_calls(rest, prices)
    if cost.amount > allowance.money.amount:
        refusal = _refusal(rest, cost, allowance)
        return Plan(wanted, tuple(free), ZERO, _explain(free, [], refusal, cost), tuple(rest), refusal)
    return Plan(wanted, (*free, *paid), cost, _explain(free, paid, "", cost), bought=tuple(rest))


def key_of(query: MetricQuery) -> SeriesKey:
    """Give the key under which calls bring what `query` asks."""
    return SeriesKey(query.scope, query.metric, query.statistic, query.period, whole_periods(query.span, query.period))


@lru_cache(maxsize=1024)
def whole_periods(span: Timespan, period: int) -> Timespan:
    """Widen `span` to whole periods; many queries share one span."""
    return span.aligned(period)


def _group(query: MetricQuery) -> _Group:
    return _Group(query.scope, query.metric, query.period, whole_periods(query.span, query.period))


def is_free(statistic: str) -> bool:
    """Whether GetMetricStatistics knows the statistic: the plain ones and percentiles."""
    return statistic in PLAIN_STATISTICS or _PERCENTILE.fullmatch(statistic) is not None


def _free_calls(group: _Group, members: Sequence[MetricQuery], left: int) -> list[StatisticsCall]:
    """Give the free calls that the group's statistics take, or none where fewer are left."""
    statistics = {query.statistic for query in members if is_free(query.statistic)} if left else set()
    calls = list(_statistics_calls(group, statistics))
    return calls if len(calls) <= left else []


def _statistics_calls(group: _Group, statistics: set[str]) -> Iterator[StatisticsCall]:
    plain = [name for name in PLAIN_STATISTICS if name in statistics]
    extended = sorted(statistics.difference(PLAIN_STATISTICS))
    for limit, names in ((STATISTICS_PLAIN, plain), (STATISTICS_EXTENDED, extended)):
        for some in _batches(names, limit):
            for span in _cut(group.whole, group.period, STATISTICS_DATAPOINTS):
                yield StatisticsCall(group.scope, group.metric, group.period, span, tuple(some), group.whole)


def _paid_calls(queries: Sequence[MetricQuery], prices: PriceBook) -> tuple[list[DataCall], Money]:
    groups: dict[tuple[Scope, int, Timespan], list[tuple[MetricId, str]]] = defaultdict(list)
    for query in queries:
        key = (query.scope, query.period, whole_periods(query.span, query.period))
        groups[key].append((query.metric, query.statistic))
    calls = [
        DataCall(scope, period, span, tuple(items), whole)
        for (scope, period, whole), wanted in groups.items()
        for span in _cut(whole, period, DATA_DATAPOINTS)
        for items in _batches(sorted(wanted), data_batch(span.seconds // period))
    ]
    price = prices.price("cloudwatch", "GetMetricData")
    each = price.each if price else ZERO
    return calls, each * sum(_metrics_billed(call) for call in calls)


def data_batch(points: int) -> int:
    """Give how many queries of `points` datapoints fill one page of GetMetricData, at most what a call may hold.

    Smaller batches cost the same, since metrics are billed, and each page of a larger one is signed and sent again.
    """
    return max(1, min(DATA_QUERIES, DATA_DATAPOINTS // max(1, points)))


def _metrics_billed(call: DataCall) -> int:
    counts: dict[MetricId, int] = defaultdict(int)
    for metric, _ in call.items:
        counts[metric] += 1
    return sum(-(-count // STATISTICS_BILLED_ONCE) for count in counts.values())


def _cut(span: Timespan, period: int, points: int) -> Iterator[Timespan]:
    """Cut an aligned span into parts of at most `points` periods, newest part last."""
    step = timedelta(seconds=period * points)
    start = span.start
    while start < span.end:
        end = min(start + step, span.end)
        yield Timespan(start, end)
        start = end


def _batches(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    for first in range(0, len(items), size):
        yield items[first : first + size]


def _explain(free: Sequence[StatisticsCall], paid: Sequence[DataCall], refusal: str, cost: Money) -> str:
    parts = []
    if free:
        parts.append(f"{_counted(len(free), 'GetMetricStatistics call')} inside the free million")
    if paid:
        parts.append(f"{_counted(len(paid), 'GetMetricData call')} for {cost}")
    if refusal:
        parts.append(refusal)
    return ("; ".join(parts) or "Nothing to ask: the store has it all") + "."


def _refusal(queries: Sequence[MetricQuery], cost: Money, allowance: Allowance) -> str:
    names = ", ".join(sorted({query.statistic for query in queries})[:5])
    series = _counted(len(queries), "statistic")
    left = allowance.money_said or f"the cap leaves {allowance.money}"
    return f"{series} ({names}) would take GetMetricData calls for {cost}, and {left}"


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
