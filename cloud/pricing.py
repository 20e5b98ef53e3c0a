"""What AWS charges for a call, with the source and date of each price.

Prices are those of us-east-1, read in November 2026; they are what we expect to be charged, never a bill.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Final

from core.money import ZERO, Money

CLOUDWATCH_PRICES: Final = "https://aws.amazon.com/cloudwatch/pricing/"
COST_EXPLORER_PRICES: Final = "https://aws.amazon.com/aws-cost-management/aws-cost-explorer/pricing/"
READ_ON: Final = date(2026, 11, 23)

FREE_CLOUDWATCH_REQUESTS: Final = 1_000_000
"""Requests a month, for the whole account, all its regions and users together. Source: CLOUDWATCH_PRICES."""
STATISTICS_BILLED_ONCE: Final = 5
"""Up to this many statistics of one metric are one metric requested of GetMetricData. Source: CLOUDWATCH_PRICES."""


@dataclass(frozen=True, slots=True)
class Price:
    """What one unit of an operation costs."""

    unit: str
    """What is counted, in words: `request`, `metric requested`."""
    each: Money
    source: str
    read_on: date = READ_ON
    allowance: int = 0
    """Units a month that are free for the account before the price holds."""


FREE: Final = Price("request", ZERO, "https://aws.amazon.com/pricing/")
_REQUEST: Final = Price("request", Money(Decimal("0.00001")), CLOUDWATCH_PRICES, allowance=FREE_CLOUDWATCH_REQUESTS)
_COST_EXPLORER: Final = Price("request", Money(Decimal("0.01")), COST_EXPLORER_PRICES)

_BY_OPERATION: Final[Mapping[tuple[str, str], Price]] = {
    ("cloudwatch", "GetMetricData"): Price("metric requested", Money(Decimal("0.00001")), CLOUDWATCH_PRICES),
    ("cloudwatch", "GetMetricWidgetImage"): Price("image", Money(Decimal("0.00002")), CLOUDWATCH_PRICES),
    ("cloudwatch", "GetInsightRuleReport"): Price("metric requested", Money(Decimal("0.00001")), CLOUDWATCH_PRICES),
}
_BY_SERVICE: Final[Mapping[str, Price]] = {
    "cloudwatch": _REQUEST,
    "ce": _COST_EXPLORER,
    **dict.fromkeys(
        ("autoscaling", "budgets", "ec2", "elbv2", "freetier", "iam", "organizations", "sts"),
        FREE,
    ),
}
_FREE_READS: Final = frozenset(
    {
        ("dynamodb", "DescribeTable"),
        ("dynamodb", "ListTables"),
        ("lambda", "GetFunctionConfiguration"),
        ("lambda", "ListFunctions"),
        ("logs", "DescribeLogGroups"),
        ("logs", "DescribeLogStreams"),
        ("logs", "DescribeMetricFilters"),
        ("logs", "FilterLogEvents"),
        ("logs", "GetLogEvents"),
        ("sns", "GetTopicAttributes"),
        ("sns", "ListSubscriptionsByTopic"),
        ("sns", "ListTopics"),
    }
)
"""Reads of services that charge for other things. Their documentation names no price for these."""


@dataclass(frozen=True, slots=True)
class PriceBook:
    """The prices in force: ours, with a person's own in front."""

    own: Mapping[tuple[str, str], Price] = field(default_factory=dict)
    """(service, operation) → price that replaces ours."""

    def price(self, service: str, operation: str) -> Price | None:
        """Give the price of one unit, or None where the book knows none: then the call is not made unasked."""
        key = (service, operation)
        if key in self.own:
            return self.own[key]
        if key in _FREE_READS:
            return FREE
        return _BY_OPERATION.get(key) or _BY_SERVICE.get(service)

    def cost(self, service: str, operation: str, units: int, *, used: int) -> Money | None:
        """Give what `units` more cost when `used` units of the month's allowance are gone; None where unknown."""
        price = self.price(service, operation)
        if price is None:
            return None
        free = max(0, price.allowance - used)
        return price.each * max(0, units - free)


def units_of(service: str, operation: str, params: Mapping[str, Any]) -> int:
    """Count what AWS bills in one request: metrics for GetMetricData, one otherwise."""
    if (service, operation) == ("cloudwatch", "GetMetricData"):
        return metrics_requested(params.get("MetricDataQueries", ()))
    return 1


def metrics_requested(queries: Sequence[Mapping[str, Any]]) -> int:
    """Count metrics as AWS bills them: up to five statistics of one metric count once.

    An expression such as SEARCH may ask for more than it shows; it counts as one here, which is a floor.
    """
    statistics: dict[tuple[object, ...], int] = {}
    others = 0
    for query in queries:
        stat = query.get("MetricStat")
        if stat is None:
            others += 1
        else:
            key = (query.get("AccountId"), *_identity(stat.get("Metric", {})))
            statistics[key] = statistics.get(key, 0) + 1
    return others + sum(-(-count // STATISTICS_BILLED_ONCE) for count in statistics.values())


def _identity(metric: Mapping[str, Any]) -> tuple[object, ...]:
    dimensions = sorted((pair.get("Name"), pair.get("Value")) for pair in metric.get("Dimensions", ()))
    return metric.get("Namespace"), metric.get("MetricName"), tuple(dimensions)
