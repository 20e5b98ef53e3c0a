"""What AWS charges for a call, with the source and date of each price.

Prices are those of us-east-1, read in the texts that `cloud.price_sources` names; they are what we expect to be
charged, never a bill.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Final

from cloud import price_sources
from cloud.price_sources import READ_ON, Evidence
from core.money import ZERO, Money

CLOUDWATCH_PRICES: Final = "https://aws.amazon.com/cloudwatch/pricing/"
KMS_PRICES: Final = "https://aws.amazon.com/kms/pricing/"
COST_EXPLORER_PRICES: Final = "https://aws.amazon.com/aws-cost-management/aws-cost-explorer/pricing/"
SNS_PRICES: Final = "https://aws.amazon.com/sns/pricing/"
INSIGHTS_QUOTAS: Final = (
    "https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-metrics-insights-limits.html"
)
SEARCH_RULES: Final = "https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-search-expressions.html"
S3_PRICES: Final = "https://aws.amazon.com/s3/pricing/"

FREE_CLOUDWATCH_REQUESTS: Final = 1_000_000
"""Requests a month, for the whole account, all its regions and users together. Source: CLOUDWATCH_PRICES."""
FREE_KMS_REQUESTS: Final = 20_000
"""Requests a month, for the whole account, all its regions together. Source: KMS_PRICES."""
FREE_SNS_MESSAGES: Final = 1_000_000
"""Messages published a month, for the whole account. Source: SNS_PRICES."""
STATISTICS_BILLED_ONCE: Final = 5
"""Up to this many statistics of one metric are one metric requested of GetMetricData. Source: CLOUDWATCH_PRICES."""
METRICS_OF_A_SEARCH: Final = 500
"""Time series that one SEARCH can bring; each is a metric requested. Source: SEARCH_RULES."""
METRICS_OF_A_QUERY: Final = 10_000
"""Metrics that one Metrics Insights query can process; each is a metric requested. Source: INSIGHTS_QUOTAS."""
FREE_CUSTOM_METRICS: Final = 10
"""Custom metrics a month, for the whole account, its detailed monitoring among them. Source: CLOUDWATCH_PRICES."""
CUSTOM_METRIC_TIERS: Final = (
    (10_000, Money(Decimal("0.30"))),
    (240_000, Money(Decimal("0.10"))),
    (750_000, Money(Decimal("0.05"))),
    (None, Money(Decimal("0.02"))),
)
"""(how many, price of each a month), beginning with the first that is not free. Source: CLOUDWATCH_PRICES."""
LOG_INGESTED: Final[Mapping[str, Money]] = {
    "STANDARD": Money(Decimal("0.50")),
    "INFREQUENT_ACCESS": Money(Decimal("0.25")),
}
"""A gigabyte that comes into a log group, by its class; the account's free 5 GB are never counted on.
Source: CLOUDWATCH_PRICES, read in `price_sources.LOG_SCANS`; the second `price_sources.LOG_CLASSES`."""
LOG_STORED: Final = Money(Decimal("0.03"))
"""A gigabyte of log lines that lies there for a month, as AWS has packed it. Source: the same."""
LOG_STORED_SHARE: Final = Decimal("0.15")
"""What is left of lines once they are packed, as AWS's pricing calculator reckons: `price_sources.LOG_PACKING`."""
GIGABYTE: Final = 10**9
"""Bytes in the gigabyte of a price. The smaller of the two readings, so that we never expect less than is charged."""


LINE_OVERHEAD: Final = 26
"""Bytes that CloudWatch Logs counts for each line besides its text.
https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html"""


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
    by_outcome: bool = False
    """How many units a request takes is known only afterwards; the caller says beforehand how many it may take."""
    read_in: Evidence = price_sources.NOTHING
    """Where the price was read; `source` is the page that holds."""


FREE: Final = Price("request", ZERO, "https://aws.amazon.com/pricing/")


def _price(
    unit: str, each: str | Decimal, source: str, read_in: Evidence, *, free: int = 0, by_outcome: bool = False
) -> Price:
    return Price(unit, Money(Decimal(each)), source, READ_ON, free, by_outcome, read_in)


_BY_OPERATION: Final[Mapping[tuple[str, str], Price]] = {
    ("cloudwatch", "GetMetricData"): _price(
        "metric requested", "0.00001", CLOUDWATCH_PRICES, price_sources.METRICS_ASKED
    ),
    ("cloudwatch", "GetMetricWidgetImage"): _price("image", "0.00002", CLOUDWATCH_PRICES, price_sources.METRICS_ASKED),
    ("cloudwatch", "GetInsightRuleReport"): _price(
        "metric requested", "0.00001", CLOUDWATCH_PRICES, price_sources.METRICS_ASKED
    ),
    # The account's other messages count towards the free million too; a person's test messages never fill it.
    ("sns", "Publish"): _price("message", "0.0000005", SNS_PRICES, price_sources.SOLUTION, free=FREE_SNS_MESSAGES),
    ("s3", "ListObjectsV2"): _price("request", "0.000005", S3_PRICES, price_sources.SOLUTION),
    # What it brings is free within the region, and to elsewhere for the account's first 100 GB a month.
    ("s3", "GetObject"): _price("request", "0.0000004", S3_PRICES, price_sources.SOLUTION),
    # The 5 GB a month that are free serve ingestion, archive and scans of the whole account: never counted on.
    # The account's 1,800 free minutes a month are everybody's: never counted on.
    ("logs", "StartLiveTail"): _price("minute", "0.01", CLOUDWATCH_PRICES, price_sources.LOG_CLASSES, by_outcome=True),
    ("logs", "PutLogEvents"): _price(
        "byte sent", Decimal("0.50") / GIGABYTE, CLOUDWATCH_PRICES, price_sources.LOG_SCANS
    ),
    ("logs", "StartQuery"): _price(
        "byte scanned", Decimal("0.005") / GIGABYTE, CLOUDWATCH_PRICES, price_sources.LOG_SCANS, by_outcome=True
    ),
}
_BY_SERVICE: Final[Mapping[str, Price]] = {
    "cloudwatch": _price(
        "request", "0.00001", CLOUDWATCH_PRICES, price_sources.SOLUTION, free=FREE_CLOUDWATCH_REQUESTS
    ),
    "ce": _price("request", "0.01", COST_EXPLORER_PRICES, price_sources.COST_EXPLORER),
    "kms": _price("request", "0.000003", KMS_PRICES, price_sources.SOLUTION, free=FREE_KMS_REQUESTS),
    **dict.fromkeys(
        ("autoscaling", "budgets", "ec2", "elbv2", "freetier", "iam", "organizations", "sts"),
        FREE,
    ),
}
CHARGED: Final = (*_BY_OPERATION.values(), *(price for price in _BY_SERVICE.values() if price is not FREE))
"""Every price that is not nothing."""
_FREE_CALLS: Final = frozenset(
    {
        ("dynamodb", "DescribeTable"),
        ("dynamodb", "ListTables"),
        ("lambda", "GetFunctionConfiguration"),
        ("lambda", "ListFunctions"),
        ("logs", "CreateLogStream"),
        ("logs", "DescribeLogGroups"),
        ("logs", "DescribeLogStreams"),
        ("logs", "DeleteMetricFilter"),
        ("logs", "DeleteRetentionPolicy"),
        ("logs", "DescribeMetricFilters"),
        ("logs", "DescribeQueries"),
        ("logs", "FilterLogEvents"),
        ("logs", "DeleteQueryDefinition"),
        ("logs", "DescribeQueryDefinitions"),
        ("logs", "GetLogEvents"),
        ("logs", "GetLogGroupFields"),
        ("logs", "GetQueryResults"),
        ("logs", "ListTagsForResource"),
        ("logs", "PutMetricFilter"),
        ("logs", "PutQueryDefinition"),
        ("logs", "PutRetentionPolicy"),
        ("logs", "StopQuery"),
        ("logs", "TestMetricFilter"),
        ("sns", "GetTopicAttributes"),
        ("sns", "ListSubscriptionsByTopic"),
        ("sns", "ListTopics"),
        ("sns", "CreateTopic"),
        ("sns", "DeleteTopic"),
        ("sns", "Subscribe"),
        ("sns", "TagResource"),
        ("sns", "Unsubscribe"),
    }
)
"""Calls to services that charge for other things. Their documentation names no price for these."""


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
        if key in _FREE_CALLS:
            return FREE
        return _BY_OPERATION.get(key) or _BY_SERVICE.get(service)

    def cost(self, service: str, operation: str, units: int, *, used: int) -> Money | None:
        """Give what `units` more cost when `used` units of the month's allowance are gone; None where unknown."""
        price = self.price(service, operation)
        if price is None:
            return None
        free = max(0, price.allowance - used)
        return price.each * max(0, units - free)


def custom_metrics_cost(count: int) -> Money:
    """Give what an account pays for `count` custom metrics that report in every hour of a month.

    >>> str(custom_metrics_cost(10)), str(custom_metrics_cost(100)), str(custom_metrics_cost(20_010))
    ('$0.00', '$27.00', '$4,000.00')
    """
    left, cost = max(0, count - FREE_CUSTOM_METRICS), ZERO
    for size, each in CUSTOM_METRIC_TIERS:
        here = left if size is None else min(left, size)
        cost, left = cost + each * here, left - here
    return cost


def units_of(service: str, operation: str, params: Mapping[str, Any]) -> int:
    """Count what AWS bills in one request: metrics for GetMetricData, bytes for PutLogEvents, one otherwise."""
    if (service, operation) == ("logs", "PutLogEvents"):
        return sum(line_bytes(str(event.get("message", ""))) for event in params.get("logEvents", ()))
    if (service, operation) == ("cloudwatch", "GetMetricData"):
        return metrics_requested(params.get("MetricDataQueries", ()))
    return 1


def line_bytes(line: str) -> int:
    """Count what a log line takes as AWS bills it."""
    return (len(line) if line.isascii() else len(line.encode("utf-8", "replace"))) + LINE_OVERHEAD


def metrics_requested(queries: Sequence[Mapping[str, Any]]) -> int:
    """Count metrics as AWS bills them: up to five statistics of one metric count once.

    A SEARCH or a Metrics Insights query is billed by what it finds; it counts here as the most that it can find, so
    that a cap is never passed by it. Other expressions count as one each, though AWS is not known to bill them.
    """
    statistics: dict[tuple[object, ...], int] = {}
    others = 0
    for query in queries:
        stat = query.get("MetricStat")
        if stat is None:
            others += _most_found(str(query.get("Expression", "")))
        else:
            key = (query.get("AccountId"), *_identity(stat.get("Metric", {})))
            statistics[key] = statistics.get(key, 0) + 1
    return others + sum(-(-count // STATISTICS_BILLED_ONCE) for count in statistics.values())


_SEARCHES: Final = re.compile(r"\bSEARCH\s*\(", re.IGNORECASE)
_SELECTS: Final = re.compile(r"^\s*SELECT\b", re.IGNORECASE)


def _most_found(expression: str) -> int:
    if _SELECTS.match(expression):
        return METRICS_OF_A_QUERY
    return max(1, METRICS_OF_A_SEARCH * len(_SEARCHES.findall(expression)))


def _identity(metric: Mapping[str, Any]) -> tuple[object, ...]:
    dimensions = sorted((pair.get("Name"), pair.get("Value")) for pair in metric.get("Dimensions", ()))
    return metric.get("Namespace"), metric.get("MetricName"), tuple(dimensions)
