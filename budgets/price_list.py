"""AWS's list prices in us-east-1 for Linux on demand: a row a usage type. Data; `budgets.prices` says how it is used.

Where AWS charges less for more, the price is that of the first units: of 6 billion GB-seconds, 50 TB, 10,000 metrics.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from cloud import price_sources
from cloud.price_sources import READ_ON, Evidence
from cloud.pricing import CLOUDWATCH_PRICES, COST_EXPLORER_PRICES, S3_PRICES
from core.money import Money

_EC2: Final = "https://aws.amazon.com/ec2/pricing/on-demand/"
_ELB: Final = "https://aws.amazon.com/elasticloadbalancing/pricing/"
_DYNAMODB: Final = "https://aws.amazon.com/dynamodb/pricing/"
_LAMBDA: Final = "https://aws.amazon.com/lambda/pricing/"

BOX: Final = "BoxUsage:"
"""How the usage types of instances on demand begin; the instance type follows."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is always free each month."""

    units: Decimal
    read_in: Evidence
    each_region: bool = False
    """Whether every region has as much; else it is one for all regions of the account, or of its organization."""


NONE_FREE: Final = Allowance(Decimal(0), price_sources.NOTHING)


@dataclass(frozen=True, slots=True)
class UsagePrice:
    """What one unit of a usage type costs, and how much of it is free each month."""

    usage_type: str
    what: str
    """In words, such as `requests of functions`."""
    unit: str
    each: Money
    source: str
    """The page that holds, to compare with; or a person's own words."""
    read_in: Evidence
    read_on: date | None = READ_ON
    """None where a person did not say when they read theirs."""
    free: Allowance = NONE_FREE

    @property
    def sure(self) -> bool:
        """Whether neither price nor allowance has to be compared first."""
        return self.read_in.sure and (not self.free.units or self.free.read_in.sure)


def _row(
    usage_type: str, what: str, unit: str, each: str, source: str, read_in: Evidence, free: Allowance = NONE_FREE
) -> UsagePrice:
    return UsagePrice(usage_type, what, unit, Money(Decimal(each)), source, read_in, READ_ON, free)


def _balancers() -> Iterator[UsagePrice]:
    read = price_sources.BALANCERS
    yield _row("LoadBalancerUsage:application", "application load balancers", "hours", "0.0225", _ELB, read)
    network = price_sources.NETWORK_BALANCERS
    yield _row("LoadBalancerUsage:network", "network load balancers", "hours", "0.0225", _ELB, network)
    yield _row("LoadBalancerUsage:gateway", "gateway load balancers, by zone", "hours", "0.0125", _ELB, read)
    yield _row("LCUUsage", "load balancer capacity units", "LCU-hours", "0.008", _ELB, read)


_FREE_UNITS: Final = Allowance(Decimal(25 * 744), price_sources.FREE_TABLES, each_region=True)
"""25 units for each hour of the longest month."""


def _tables() -> Iterator[UsagePrice]:
    read = price_sources.TABLES
    reads, writes = "provisioned reads of tables", "provisioned writes of tables"
    yield _row("ReadCapacityUnit-Hrs", reads, "unit-hours", "0.00013", _DYNAMODB, read, _FREE_UNITS)
    yield _row("WriteCapacityUnit-Hrs", writes, "unit-hours", "0.00065", _DYNAMODB, read, _FREE_UNITS)
    yield _row("ReadRequestUnits", "reads of tables on demand", "request units", "0.000000125", _DYNAMODB, read)
    yield _row("WriteRequestUnits", "writes of tables on demand", "request units", "0.000000625", _DYNAMODB, read)


def _functions_and_objects() -> Iterator[UsagePrice]:
    read = price_sources.SOLUTION
    free_requests, free_time = Allowance(Decimal(1_000_000), read), Allowance(Decimal(400_000), read)
    yield _row("Request", "requests of functions", "requests", "0.0000002", _LAMBDA, read, free_requests)
    time = "running time of functions"
    yield _row("Lambda-GB-Second", time, "GB-seconds", "0.0000166667", _LAMBDA, read, free_time)
    yield _row("Requests-Tier1", "writes and lists of stored objects", "requests", "0.000005", S3_PRICES, read)
    yield _row("Requests-Tier2", "reads of stored objects", "requests", "0.0000004", S3_PRICES, read)
    yield _row("TimedStorage-ByteHrs", "stored objects", "GB-months", "0.023", S3_PRICES, read)


def _watching() -> Iterator[UsagePrice]:
    read, page = price_sources.SOLUTION, CLOUDWATCH_PRICES
    million, ten, five = (Allowance(Decimal(units), price_sources.CLOUDWATCH) for units in (1_000_000, 10, 5))
    asked, insights = price_sources.METRICS_ASKED, price_sources.INSIGHTS_ALARMS
    yield _row("CW:Requests", "our own CloudWatch requests", "requests", "0.00001", page, read, million)
    yield _row("CW:GMD-Metrics", "metrics that we asked GetMetricData for", "metrics", "0.00001", page, asked)
    yield _row("CW:MetricMonitorUsage", "custom metrics", "metric-months", "0.30", page, read, ten)
    yield _row("CW:AlarmMonitorUsage", "alarm metrics", "alarm-months", "0.10", page, read, ten)
    fast, joined = "high-resolution alarm metrics", "composite alarms"
    yield _row("CW:HighResAlarmMonitorUsage", fast, "alarm-months", "0.30", page, read)
    yield _row("CW:CompositeAlarmMonitorUsage", joined, "alarm-months", "0.50", page, read)
    analysed = "metrics that Metrics Insights alarms read"
    yield _row("CW:MetricInsightAlarmUsage", analysed, "alarm-months", "0.10", page, insights)
    yield _row("DataProcessing-Bytes", "ingested logs", "GB", "0.50", page, read, five)
    explorer = price_sources.COST_EXPLORER
    yield _row("APIRequest", "our own Cost Explorer requests", "requests", "0.01", COST_EXPLORER_PRICES, explorer)


# -- instances --------------------------------------------------------------------------------------------------------

_SMALL: Final = {
    "nano": Decimal("0.0625"),
    "micro": Decimal("0.125"),
    "small": Decimal("0.25"),
    "medium": Decimal("0.5"),
}
_COMMON: Final = "large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge"
_SIZES: Final[Mapping[str, str]] = {
    **dict.fromkeys(("t2", "t3", "t3a", "t4g"), "nano micro small medium large xlarge 2xlarge"),
    **dict.fromkeys(("m5", "m5a", "r5", "r5a", "c5a"), f"{_COMMON} 24xlarge"),
    "c5": "large xlarge 2xlarge 4xlarge 9xlarge 12xlarge 18xlarge 24xlarge",
    **dict.fromkeys(("m6i", "c6i", "r6i"), f"{_COMMON} 24xlarge 32xlarge"),
    **dict.fromkeys(("m6a", "c6a", "r6a"), f"{_COMMON} 24xlarge 32xlarge 48xlarge"),
    **dict.fromkeys(("m6g", "c6g", "r6g", "m7g", "c7g", "r7g"), f"medium {_COMMON}"),
    **dict.fromkeys(("m7i", "c7i", "r7i"), f"{_COMMON} 24xlarge 48xlarge"),
    "m7i-flex": _COMMON,
    **dict.fromkeys(("m7a", "c7a", "r7a"), f"medium {_COMMON} 24xlarge 32xlarge 48xlarge"),
    **dict.fromkeys(("m8g", "c8g", "r8g"), f"medium {_COMMON} 24xlarge 48xlarge"),
    **dict.fromkeys(("m8i", "c8i", "r8i"), f"{_COMMON} 24xlarge 32xlarge 48xlarge 96xlarge"),
}
"""Sizes that a family has."""
_LARGE: Final = {
    "t2": "0.0928", "t3": "0.0832", "t3a": "0.0752", "t4g": "0.0672",
    "m5": "0.096", "m5a": "0.086", "m6i": "0.096", "m6a": "0.0864", "m6g": "0.077",
    "m7i": "0.1008", "m7i-flex": "0.09576", "m7a": "0.11592", "m7g": "0.0816", "m8i": "0.10584", "m8g": "0.08976",
    "c5": "0.085", "c5a": "0.077", "c6i": "0.085", "c6a": "0.0765", "c6g": "0.068",
    "c7i": "0.08925", "c7a": "0.10264", "c7g": "0.0725", "c8i": "0.09371", "c8g": "0.07976",
    "r5": "0.126", "r5a": "0.113", "r6i": "0.126", "r6a": "0.1134", "r6g": "0.1008",
    "r7i": "0.1323", "r7a": "0.15215", "r7g": "0.1071", "r8i": "0.13892", "r8g": "0.11782",
}  # fmt: skip
"""An hour of a large instance."""
_OTHERWISE: Final = {"t2.small": "0.023", "c7g.medium": "0.0363", "r7g.medium": "0.0536", "r7a.medium": "0.07608"}
"""Prices that do not go with the size: AWS rounded them."""


def _larges(size: str) -> Decimal:
    """Give how many large instances a size is: prices go with it."""
    return _SMALL.get(size) or (Decimal(1) if size == "large" else 2 * Decimal(size.removesuffix("xlarge") or 1))


def _boxes() -> Iterator[UsagePrice]:
    for family, base in _LARGE.items():
        for size in _SIZES[family].split():
            kind = f"{family}.{size}"
            each = Decimal(_OTHERWISE.get(kind) or Decimal(base) * _larges(size)).normalize()
            what = f"instances of type {kind}"
            yield _row(f"{BOX}{kind}", what, "hours", f"{each:f}", _EC2, price_sources.INSTANCES)


OURS: Final[Mapping[str, UsagePrice]] = {
    price.usage_type: price
    for rows in (_balancers, _tables, _functions_and_objects, _watching, _boxes)
    for price in rows()
}
"""By usage type."""
