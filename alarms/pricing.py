"""What an alarm costs a month, and what one more adds to the bill.

Prices are those of us-east-1, as in `cloud.pricing`. The metrics that an alarm watches are billed apart, where they are
custom ones, and so is what its actions do: neither is in here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Final

from alarms.kinds import Alarm, CompositeAlarm, LogAlarm, MetricAlarm, MetricMath, PromQL
from alarms.requirements import is_insights
from cloud import price_sources
from cloud.price_sources import Evidence
from cloud.pricing import CLOUDWATCH_PRICES, Price
from core.money import ZERO, Money

FREE_ALARM_METRICS: Final = 10
"""Standard alarm metrics a month, for the whole account, all its regions together; high-resolution, composite and
Metrics Insights alarms are not among them. Source: CLOUDWATCH_PRICES."""
BOUNDS_OF_A_BAND: Final = 2
"""An anomaly-detection alarm is billed for its metric, the upper and the lower bound: three metrics.
Source: CLOUDWATCH_PRICES, which has no example with metric math; there we count the metrics and the two bounds."""


class Tariff(StrEnum):
    """What AWS charges alarms by."""

    STANDARD = "standard resolution"
    HIGH_RESOLUTION = "high resolution"
    COMPOSITE = "composite"
    INSIGHTS = "Metrics Insights"
    UNKNOWN = "unknown"


def _price(unit: str, each: str, read_in: Evidence = price_sources.SOLUTION, free: int = 0) -> Price:
    return Price(unit, Money(Decimal(each)), CLOUDWATCH_PRICES, allowance=free, read_in=read_in)


PRICES: Final[Mapping[Tariff, Price]] = {
    Tariff.STANDARD: _price("alarm metric", "0.10", free=FREE_ALARM_METRICS),
    Tariff.HIGH_RESOLUTION: _price("high-resolution alarm metric", "0.30"),
    Tariff.COMPOSITE: _price("composite alarm", "0.50"),
    Tariff.INSIGHTS: _price("analysed metric", "0.10", price_sources.INSIGHTS_ALARMS),
}
"""A month of one unit."""

_UNKNOWN: Final = {
    PromQL: "AWS's price list names no price for PromQL alarms that we could read",
    LogAlarm: "its scheduled query is billed by what it scans, which only AWS knows",
}
_UNCOUNTED: Final = "how many metrics its query analyses is known to AWS only; say how many you expect"


@dataclass(frozen=True, slots=True)
class AlarmPrice:
    """What one alarm adds to the bill of a month."""

    month: Money | None
    """None where the price is not known; `sentence` says why."""
    kind: Tariff
    units: int
    """What is counted: alarm metrics, analysed metrics, or one composite alarm."""
    free_used: int
    """Free alarm metrics that are gone once this alarm exists."""
    free_left: int
    sentence: str
    """For people; alarm names are not in it."""


@dataclass(frozen=True, slots=True)
class AlarmBill:
    """What several alarms cost together in a month."""

    month: Money
    """Of those whose price is known."""
    units: Mapping[Tariff, int]
    free_used: int
    free_left: int
    unknown: tuple[str, ...]
    """Names of the alarms whose price is not known."""


def price_of(alarm: Alarm, *, others: Iterable[Alarm], analysed: int | None = None) -> AlarmPrice:
    """Give what `alarm` adds to the bill beside the `others` of the account, in all its regions.

    One of the same name among the others is left out: it is the one that would be replaced. `analysed` is how many
    metrics a Metrics Insights query is expected to look at.
    """
    before = sum(_standard_units(other) for other in others if other.name != alarm.name)
    kind, units, why_not = _counted(alarm, analysed)
    used = min(FREE_ALARM_METRICS, before + (units if kind is Tariff.STANDARD else 0))
    left = FREE_ALARM_METRICS - used
    if why_not:
        return AlarmPrice(None, kind, units, used, left, f"The price is not known, because {why_not}.")
    month = _cost(kind, units, before)
    return AlarmPrice(month, kind, units, used, left, _sentence(kind, units, month, before))


def bill_of(alarms: Iterable[Alarm], *, analysed: Mapping[str, int] | None = None) -> AlarmBill:
    """Give what the alarms of an account cost together. `analysed` has, by name, what Metrics Insights queries read."""
    units: Counter[Tariff] = Counter()
    unknown = []
    for alarm in alarms:
        kind, count, why_not = _counted(alarm, (analysed or {}).get(alarm.name))
        if why_not:
            unknown.append(alarm.name)
        else:
            units[kind] += count
    month = sum((_cost(kind, count, 0) for kind, count in units.items()), ZERO)
    used = min(FREE_ALARM_METRICS, units[Tariff.STANDARD])
    return AlarmBill(month, dict(units), used, FREE_ALARM_METRICS - used, tuple(unknown))


def _cost(kind: Tariff, units: int, before: int) -> Money:
    """The price of `units` more when `before` units of the kind are there already."""
    price = PRICES[kind]
    return price.each * max(0, units - max(0, price.allowance - before))


def _standard_units(alarm: Alarm) -> int:
    kind, units, _ = _counted(alarm, None)
    return units if kind is Tariff.STANDARD else 0


def _counted(alarm: Alarm, analysed: int | None) -> tuple[Tariff, int, str]:
    """Tariff, units, and why the price is not known (empty where it is)."""
    if isinstance(alarm, CompositeAlarm):
        return Tariff.COMPOSITE, 1, ""
    if isinstance(alarm, LogAlarm):
        return Tariff.UNKNOWN, 0, _UNKNOWN[LogAlarm]
    if isinstance(alarm.source, PromQL):
        return Tariff.UNKNOWN, 0, _UNKNOWN[PromQL]
    if any(is_insights(expression) for expression in _expressions(alarm)):
        return Tariff.INSIGHTS, (analysed or 0) + len(alarm.metrics), "" if analysed is not None else _UNCOUNTED
    return Tariff.HIGH_RESOLUTION if alarm.high_resolution else Tariff.STANDARD, _metrics_of(alarm), ""


def _metrics_of(alarm: MetricAlarm) -> int:
    """Alarm metrics as AWS counts them: each metric that is asked for; an expression that reads elsewhere is one."""
    bounds = BOUNDS_OF_A_BAND if alarm.comparison is not None and alarm.comparison.takes_band else 0
    return max(1, len(alarm.metrics)) + bounds


def _expressions(alarm: MetricAlarm) -> tuple[str, ...]:
    if not isinstance(alarm.source, MetricMath):
        return ()
    return tuple(query.expression for query in alarm.source.queries if query.expression)


def _sentence(kind: Tariff, units: int, month: Money, before: int) -> str:
    price = PRICES[kind]
    counted = f"{units} {price.unit}{'' if units == 1 else 's'}"
    each = "" if units == 1 else f" at {price.each} each"
    if not price.allowance:
        return f"{month} a month for {counted}{each}; none is ever free."
    free = max(0, price.allowance - before)
    if units <= free:
        return f"Free: it takes {units} of the {price.allowance} free {price.unit}s; {free - units} stay free."
    told = f"{free} of them free" if free else f"the {price.allowance} free ones are used up"
    return f"{month} a month for {counted}{each}; {told}."
