"""What a unit of each usage type costs, with its source and date; a person's own prices go before ours.

Ours are AWS's list prices in us-east-1 as we know them, for Linux on demand, and stand for every region. They know no
discount, no commitment and no tax. Who pays otherwise gives a file: see `read_prices`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Final

from core.money import Money

READ_ON: Final = date(2026, 11, 27)
"""When the table below was written down. No more than a few rows were compared with AWS's pages that day: the sources
say where each price is to be found, and `docs/guard.md` says to compare before money is staked on them."""
_EC2: Final = "https://aws.amazon.com/ec2/pricing/on-demand/"
_ELB: Final = "https://aws.amazon.com/elasticloadbalancing/pricing/"
_DYNAMODB: Final = "https://aws.amazon.com/dynamodb/pricing/"
_LAMBDA: Final = "https://aws.amazon.com/lambda/pricing/"
_S3: Final = "https://aws.amazon.com/s3/pricing/"
_CLOUDWATCH: Final = "https://aws.amazon.com/cloudwatch/pricing/"
_EXPLORER: Final = "https://aws.amazon.com/aws-cost-management/aws-cost-explorer/pricing/"

BOX: Final = "BoxUsage:"
"""How the usage types of instances on demand begin; the instance type follows."""


class PriceError(ValueError):
    """A file of prices that cannot be used; the message says which line and what is accepted."""


@dataclass(frozen=True, slots=True)
class UsagePrice:
    """What one unit of a usage type costs, and how much of it is free each month."""

    usage_type: str
    what: str
    """In words, such as `requests of functions`."""
    unit: str
    each: Money
    source: str
    read_on: date = READ_ON
    allowance: Decimal = Decimal(0)
    """Units that are always free each month for the account, or for all accounts of an organization together."""


@dataclass(frozen=True, slots=True)
class UsagePrices:
    """The prices in force."""

    own: Mapping[str, UsagePrice] = field(default_factory=dict)
    """By usage type, or by `region usage type` for one region only."""

    def price(self, usage_type: str, region: str) -> UsagePrice | None:
        """Give the price, or None where nobody named one: then what it costs is not known."""
        for key in (f"{region} {usage_type}", usage_type):
            if key in self.own:
                return self.own[key]
        return OURS.get(usage_type)

    def instance(self, kind: str, region: str) -> Money | None:
        """Give what an hour of an instance type costs, where that is known."""
        found = self.price(f"{BOX}{kind}", region)
        return found.each if found else None


def read_prices(path: Path) -> UsagePrices:
    """Read a person's own prices from a TOML file, a table a usage type:

        ["BoxUsage:m7i.large"]            # or ["eu-west-1 BoxUsage:m7i.large"], for one region
        price = "0.0806"                  # dollars a unit, as text so that it stays exact
        free = "0"                        # units a month, optional
        source = "our private price list" # optional
        read_on = 2026-11-01              # optional

    Raises PriceError.
    """
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise PriceError(f"the prices in {path} cannot be read: {error}") from error
    except tomllib.TOMLDecodeError as error:
        raise PriceError(f"{path} is not TOML: {error}") from error
    return UsagePrices({key: _own(path, key, table) for key, table in tables.items()})


_MEMBERS: Final = {"price", "free", "unit", "source", "read_on"}


def _own(path: Path, key: str, table: Any) -> UsagePrice:
    if not isinstance(table, dict) or "price" not in table or table.keys() - _MEMBERS:
        raise PriceError(f'{path}, {key}: give a table with price = "0.10", and free, unit, source and read_on if any')
    usage_type = key.rpartition(" ")[2]
    known = OURS.get(usage_type)
    read_on = table.get("read_on", READ_ON)
    if not isinstance(read_on, date):
        raise PriceError(f"{path}, {key}: read_on is {read_on!r}; give a date such as 2026-11-01")
    return UsagePrice(
        usage_type,
        known.what if known else usage_type,
        str(table.get("unit") or (known.unit if known else "units")),
        Money(_amount(path, key, "price", table["price"])),
        str(table.get("source") or path.name),
        read_on,
        _amount(path, key, "free", table.get("free", known.allowance if known else 0)),
    )


def _amount(path: Path, key: str, name: str, given: object) -> Decimal:
    try:
        amount = Decimal(str(given))
    except InvalidOperation:
        amount = Decimal(-1)
    if not amount.is_finite() or amount < 0 or isinstance(given, bool):
        raise PriceError(f'{path}, {key}: {name} is {given!r}; give a number that is not negative, such as "0.0116"')
    return amount


# -- our price list ---------------------------------------------------------------------------------------------------


def _row(usage_type: str, what: str, unit: str, each: str, source: str, *, free: str = "0") -> UsagePrice:
    return UsagePrice(usage_type, what, unit, Money(Decimal(each)), source, READ_ON, Decimal(free))


_ROWS: Final = (
    _row("LoadBalancerUsage:application", "application load balancers", "hours", "0.0225", _ELB),
    _row("LoadBalancerUsage:network", "network load balancers", "hours", "0.0225", _ELB),
    _row("LoadBalancerUsage:gateway", "gateway load balancers", "hours", "0.0125", _ELB),
    _row("LCUUsage", "load balancer capacity units", "LCU-hours", "0.008", _ELB),
    _row("ReadCapacityUnit-Hrs", "provisioned reads of tables", "unit-hours", "0.00013", _DYNAMODB, free="18600"),
    _row("WriteCapacityUnit-Hrs", "provisioned writes of tables", "unit-hours", "0.00065", _DYNAMODB, free="18600"),
    _row("ReadRequestUnits", "reads of tables on demand", "request units", "0.000000125", _DYNAMODB),
    _row("WriteRequestUnits", "writes of tables on demand", "request units", "0.000000625", _DYNAMODB),
    _row("Request", "requests of functions", "requests", "0.0000002", _LAMBDA, free="1000000"),
    _row("Lambda-GB-Second", "running time of functions", "GB-seconds", "0.0000166667", _LAMBDA, free="400000"),
    _row("Requests-Tier1", "writes and lists of stored objects", "requests", "0.000005", _S3),
    _row("Requests-Tier2", "reads of stored objects", "requests", "0.0000004", _S3),
    _row("TimedStorage-ByteHrs", "stored objects", "GB-months", "0.023", _S3),
    _row("CW:Requests", "our own CloudWatch requests", "requests", "0.00001", _CLOUDWATCH, free="1000000"),
    _row("CW:GMD-Metrics", "metrics that we asked GetMetricData for", "metrics", "0.00001", _CLOUDWATCH),
    _row("CW:MetricMonitorUsage", "custom metrics", "metric-months", "0.30", _CLOUDWATCH, free="10"),
    _row("CW:AlarmMonitorUsage", "alarm metrics", "alarm-months", "0.10", _CLOUDWATCH, free="10"),
    _row("CW:HighResAlarmMonitorUsage", "high-resolution alarm metrics", "alarm-months", "0.30", _CLOUDWATCH),
    _row("CW:CompositeAlarmMonitorUsage", "composite alarms", "alarm-months", "0.50", _CLOUDWATCH),
    _row("CW:MetricInsightAlarmUsage", "metrics that Metrics Insights alarms read", "alarm-months", "0.10",
         _CLOUDWATCH),
    _row("DataProcessing-Bytes", "ingested logs", "GB", "0.50", _CLOUDWATCH, free="5"),
    _row("APIRequest", "our own Cost Explorer requests", "requests", "0.01", _EXPLORER),
)  # fmt: skip

_SMALL: Final = {"nano": "0.125", "micro": "0.25", "small": "0.5", "medium": "1", "large": "2", "xlarge": "4",
                 "2xlarge": "8"}  # fmt: skip
"""Sizes of burstable instances, in medium ones: their list prices double from size to size."""
_BURSTABLE: Final = {"t2": "0.0464", "t3": "0.0416", "t3a": "0.0376", "t4g": "0.0336"}
"""An hour of a medium instance."""
_LARGE: Final = {"large": 1, "xlarge": 2, "2xlarge": 4, "4xlarge": 8, "8xlarge": 16, "12xlarge": 24, "16xlarge": 32,
                 "24xlarge": 48}  # fmt: skip
"""Sizes of other instances, in large ones."""
_FAMILIES: Final = {
    "m5": "0.096", "m6i": "0.096", "m6g": "0.077", "m7g": "0.0816", "m7i": "0.1008",
    "c5": "0.085", "c6i": "0.085", "c6g": "0.068", "c7g": "0.0725", "c7i": "0.08925",
    "r5": "0.126", "r6i": "0.126", "r6g": "0.1008", "r7g": "0.1071", "r7i": "0.1323",
}  # fmt: skip
"""An hour of a large instance; of a size that a family does not have nobody has a count."""


def _boxes() -> Iterator[UsagePrice]:
    for sizes, families in ((_SMALL, _BURSTABLE), (_LARGE, _FAMILIES)):
        for family, base in families.items():
            for size, times in sizes.items():
                kind = f"{family}.{size}"
                each = (Decimal(base) * Decimal(times)).normalize()
                yield _row(f"{BOX}{kind}", f"instances of type {kind}", "hours", f"{each:f}", _EC2)


OURS: Final[Mapping[str, UsagePrice]] = {price.usage_type: price for price in (*_ROWS, *_boxes())}
"""By usage type."""
