"""What a dashboard would cost before anybody builds it: charts, an interval, viewers → calls and dollars a month. Pure.

The first read of a span and reads of alarms, targets and scaling are left out: they are few beside the charts'.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Final

from cloud.caps import Caps
from cloud.pricing import STATISTICS_BILLED_ONCE, PriceBook
from core.money import ZERO, Money
from core.statistics import Statistic

DAYS: Final = 30
"""Days in the month of an estimate, as AWS's own price examples have it."""
PLAIN_A_CALL: Final = 5
"""Plain statistics that one GetMetricStatistics call brings. Source: botocore's model, `Statistics`."""
PERCENTILES_A_CALL: Final = 10
"""Percentiles that one GetMetricStatistics call brings. Source: botocore's model, `ExtendedStatistics`."""
QUERIES_A_CALL: Final = 500
"""Metrics that one GetMetricData call may ask for. Source: API_GetMetricData.html"""
EXPORTER_SECONDS: Final = 60
"""How often exporters read every metric as they come."""
_PERCENTILE: Final = re.compile(r"p(100|\d{1,2})(\.\d{1,10})?")


class Api(StrEnum):
    """Which of AWS's two reads answers."""

    AUTO = "auto"
    """GetMetricStatistics while the free million lasts, then whichever is cheaper."""
    STATISTICS = "statistics"
    DATA = "data"


@dataclass(frozen=True, slots=True)
class Wall:
    """A dashboard that hangs somewhere."""

    charts: int
    series: int = 1
    """Metrics on a chart; each is read with every one of `statistics`."""
    interval: int = 60
    """Seconds between two reads while somebody looks."""
    viewers: int = 1
    hours: float = 24.0
    """Hours a day in which somebody looks."""
    period: int = 60
    """Seconds a datapoint covers. Reads do not follow it: a tail that may still change is read again each interval."""
    statistics: tuple[str, ...] = ("Average",)

    def __post_init__(self) -> None:
        for name, given, least in (
            ("charts", self.charts, 1),
            ("series", self.series, 1),
            ("interval", self.interval, 1),
            ("viewers", self.viewers, 0),
            ("period", self.period, 1),
        ):
            if given < least:
                raise ValueError(f"{name} is {given}; give a whole number from {least}")
        if not 0 <= self.hours <= 24:
            raise ValueError(f"hours is {self.hours:g}; give hours a day, 0 to 24")
        if not self.statistics:
            raise ValueError("statistics is empty; give at least one, such as Average or p99")
        for name in self.statistics:
            Statistic.parse(name)

    @property
    def metrics(self) -> int:
        return self.charts * self.series

    @property
    def reads(self) -> int:
        """Reads a month that one who looks makes."""
        return int(self.hours * 3600 * DAYS) // self.interval if self.viewers else 0


@dataclass(frozen=True, slots=True)
class Way:
    """One way to keep a wall fresh, and its month."""

    name: str
    calls: int
    """Requests sent."""
    billed: int
    """Units that have a price: requests of GetMetricStatistics, metrics of GetMetricData."""
    free: int
    """Of `billed`, inside the account's free requests."""
    cost: Money


@dataclass(frozen=True, slots=True)
class Estimate:
    """A wall's month: ours, and the same wall as others would read it."""

    wall: Wall
    ours: Way
    others: tuple[Way, ...]
    sentence: str
    """For people."""
    interval: int | None
    """Seconds between two reads that the caps allow; None where they allow none."""


def estimate(
    wall: Wall,
    *,
    api: Api = Api.AUTO,
    used: int = 0,
    caps: Caps | None = None,
    prices: PriceBook | None = None,
) -> Estimate:
    """Price a wall for a month. `used` are requests of the account's free million that somebody else uses.

    `caps` are the ones in force; the default spends nothing. Raises ValueError where `api` cannot bring a statistic of
    the wall.
    """
    prices = prices or PriceBook()
    ours = _ours(wall, api, used, prices)
    others = [_data("GetMetricData, one call a chart, each viewer for itself", wall, wall.viewers, prices)]
    if not _paid_only(wall.statistics):
        alone = _statistics(
            "GetMetricStatistics, each viewer for itself", wall, wall.reads * wall.viewers, used, prices
        )
        others.insert(0, alone)
    others.append(_exporter(wall, prices))
    caps = caps or Caps()
    interval = interval_within(wall, most_a_month(caps), api=api, used=used, prices=prices)
    return Estimate(
        wall, ours, tuple(others), _sentence(wall, ours, interval, caps, _allowance(prices, used)), interval
    )


def _ours(wall: Wall, api: Api, used: int, prices: PriceBook) -> Way:
    """Price our own way: one read answers every viewer, so that their number does not matter."""
    name = "Watchkeeper, one read for all viewers"
    paid_only = _paid_only(wall.statistics)
    if api is Api.STATISTICS and paid_only:
        raise ValueError(f"GetMetricStatistics does not give {', '.join(paid_only)}; use --api data or auto")
    if api is Api.DATA or (api is Api.AUTO and paid_only):
        return _shared_data(name, wall, wall.reads, prices)
    each = calls_a_metric(wall.statistics)
    if api is Api.STATISTICS or each <= metrics_billed(wall.statistics):
        return _statistics(name, wall, wall.reads, used, prices)
    # Beyond the free million GetMetricData asks less for the same, as for a percentile beside an average.
    free_reads = min(wall.reads, _allowance(prices, used) // (each * wall.metrics))
    first = _statistics(name, wall, free_reads, used, prices)
    rest = _shared_data(name, wall, wall.reads - free_reads, prices)
    return Way(name, first.calls + rest.calls, first.billed + rest.billed, first.free, first.cost + rest.cost)


def calls_a_metric(statistics: Sequence[str]) -> int:
    """Count the GetMetricStatistics calls that bring `statistics` of one metric: plain ones and percentiles apart."""
    names = set(statistics)
    plain = sum(not Statistic.parse(name).is_extended for name in names)
    return -(-plain // PLAIN_A_CALL) + -(-(len(names) - plain) // PERCENTILES_A_CALL)


def metrics_billed(statistics: Sequence[str]) -> int:
    """Count what GetMetricData bills for `statistics` of one metric."""
    return -(-len(set(statistics)) // STATISTICS_BILLED_ONCE)


def _paid_only(statistics: Sequence[str]) -> list[str]:
    return [name for name in statistics if Statistic.parse(name).is_extended and not _PERCENTILE.fullmatch(name)]


def _allowance(prices: PriceBook, used: int) -> int:
    price = prices.price("cloudwatch", "GetMetricStatistics")
    return max(0, price.allowance - used) if price else 0


def _statistics(name: str, wall: Wall, reads: int, used: int, prices: PriceBook) -> Way:
    calls = reads * wall.metrics * calls_a_metric(wall.statistics)
    cost = prices.cost("cloudwatch", "GetMetricStatistics", calls, used=used) or ZERO
    return Way(name, calls, calls, min(calls, _allowance(prices, used)), cost)


def _shared_data(name: str, wall: Wall, reads: int, prices: PriceBook) -> Way:
    queries = wall.metrics * len(set(wall.statistics))
    return _billed(name, reads * -(-queries // QUERIES_A_CALL), reads, wall, prices)


def _data(name: str, wall: Wall, viewers: int, prices: PriceBook) -> Way:
    queries = wall.series * len(set(wall.statistics))
    reads = wall.reads * viewers
    return _billed(name, reads * wall.charts * -(-queries // QUERIES_A_CALL), reads, wall, prices)


def _exporter(wall: Wall, prices: PriceBook) -> Way:
    reads = DAYS * 24 * 3600 // EXPORTER_SECONDS
    queries = wall.metrics * len(set(wall.statistics))
    name = "an exporter, every metric every minute, watched or not"
    return _billed(name, reads * -(-queries // QUERIES_A_CALL), reads, wall, prices)


def _billed(name: str, calls: int, reads: int, wall: Wall, prices: PriceBook) -> Way:
    billed = reads * wall.metrics * metrics_billed(wall.statistics)
    cost = prices.cost("cloudwatch", "GetMetricData", billed, used=0) or ZERO
    return Way(name, calls, billed, 0, cost)


def _sentence(wall: Wall, ours: Way, interval: int | None, caps: Caps, allowance: int) -> str:
    seen = f"{_counted(wall.charts, 'chart')} of {_counted(wall.metrics // wall.charts, 'metric')}"
    when = f"read each {wall.interval} s, {wall.hours:g} h a day, for {_counted(wall.viewers, 'viewer')}"
    cost = f"{seen}, {when}: {ours.calls:,} calls and {ours.cost} in a month of {DAYS} days"
    if not ours.cost.amount:
        return f"{cost}; all of it inside the {allowance:,} requests that are free for the account."
    said = f"{cost}; {ours.free:,} requests are inside the {allowance:,} that are free for the account."
    if interval == wall.interval:
        return f"{said} That is within {_said(caps)}."
    if interval is None:
        return f"{said} No interval brings it within {_said(caps)}, so it stays off."
    if not most_a_month(caps).amount:
        return f"{said} At {_said(caps)} it is read each {interval} s instead, and costs nothing."
    return f"{said} To stay within {_said(caps)} it is read each {interval} s instead."


def _said(caps: Caps) -> str:
    if not most_a_month(caps).amount:
        return "a cap of zero"
    return f"the cap of {caps.month} a month{'' if caps.day is None else f' and {caps.day} a day'}"


def most_a_month(caps: Caps) -> Money:
    """Give the most that caps allow in a month of an estimate."""
    return caps.month if caps.day is None else min(caps.month, caps.day * DAYS)


def interval_within(
    wall: Wall, most: Money, *, api: Api = Api.AUTO, used: int = 0, prices: PriceBook | None = None
) -> int | None:
    """Give the shortest interval in seconds, at least the wall's own, at which a month costs at most `most`.

    None where a single read of the month costs more. Who reads more rarely pays no more, so it is found by halving.
    """
    book, longest = prices or PriceBook(), int(wall.hours * 3600 * DAYS)

    def fits(interval: int) -> bool:
        return _ours(replace(wall, interval=interval), api, used, book).cost.amount <= most.amount

    if fits(wall.interval):
        return wall.interval
    if not fits(longest):
        return None
    return bisect_left(range(longest + 1), 1, lo=wall.interval, key=lambda interval: int(fits(interval)))


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def as_text(found: Estimate) -> str:
    """Write an estimate as a sentence and a small table."""
    rows = [("", "calls", "billed units", "inside free", "a month")]
    rows += [
        (way.name, f"{way.calls:,}", f"{way.billed:,}", f"{way.free:,}", str(way.cost))
        for way in (found.ours, *found.others)
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    lines = [
        "  ".join(cell.ljust(width) if place == 0 else cell.rjust(width) for place, (cell, width) in enumerate(pairs))
        for pairs in (list(zip(row, widths, strict=True)) for row in rows)
    ]
    return "\n".join((found.sentence, "", *lines))


def as_json(found: Estimate) -> str:
    """Write an estimate for programs; money is text, so that it stays exact."""
    ways = [asdict(way) | {"cost": f"{way.cost.amount:f}"} for way in (found.ours, *found.others)]
    return json.dumps(
        {
            "wall": asdict(found.wall),
            "days": DAYS,
            "sentence": found.sentence,
            "interval": found.interval,
            "ways": ways,
        },
        indent=2,
    )
