"""The bill as a FOCUS 1.0 export in the payer's bucket, a gzipped CSV a billing period, written when somebody looks."""

from __future__ import annotations

import csv
import gzip
import io
import json
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from moto.s3.models import s3_backends

from demo.bills import Line, Record, billed_until, refreshed
from demo.ground import Ground
from demo.notices import region_name
from demo.tariff import CREDIT

BUCKET: Final = "directory-billing-exports-111111111111"
EXPORT: Final = "focus"
PREFIX: Final = f"exports/{EXPORT}"
SELLER: Final = "Amazon Web Services, Inc."
CATEGORIES: Final = {
    "AmazonEC2": "Compute",
    "AWSDataTransfer": "Networking",
    "AWSELB": "Networking",
    "AmazonDynamoDB": "Databases",
    "AWSLambda": "Compute",
    "AmazonS3": "Storage",
    "AmazonCloudWatch": "Management and Governance",
    "AWSCostExplorer": "Management and Governance",
}
COLUMNS: Final = (
    "AvailabilityZone", "BilledCost", "BillingAccountId", "BillingAccountName", "BillingCurrency", "BillingPeriodEnd",
    "BillingPeriodStart", "ChargeCategory", "ChargeClass", "ChargeDescription", "ChargeFrequency", "ChargePeriodEnd",
    "ChargePeriodStart", "CommitmentDiscountCategory", "CommitmentDiscountId", "CommitmentDiscountName",
    "CommitmentDiscountStatus", "CommitmentDiscountType", "ConsumedQuantity", "ConsumedUnit", "ContractedCost",
    "ContractedUnitPrice", "EffectiveCost", "InvoiceIssuerName", "ListCost", "ListUnitPrice", "PricingCategory",
    "PricingQuantity", "PricingUnit", "ProviderName", "PublisherName", "RegionId", "RegionName", "ResourceId",
    "ResourceName", "ResourceType", "ServiceCategory", "ServiceName", "SkuId", "SkuPriceId", "SubAccountId",
    "SubAccountName", "Tags", "x_Operation", "x_ServiceCode", "x_UsageType",
)  # fmt: skip
"""FOCUS 1.0 with AWS's own columns.
https://docs.aws.amazon.com/cur/latest/userguide/table-dictionary-focus-1-0-aws.html"""


class Exports:
    """Writes the export anew when the bill's figures have been refreshed."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._written: datetime | None = None

    def refresh(self) -> None:
        """Write every billing period where that is due; nothing where nothing is billed. Callers hold the lock."""
        now, payer = self._ground.clock.now(), self._ground.bills.payer
        if not payer or self._written == refreshed(now):
            return
        bucket: Any = s3_backends[payer]["aws"]
        if BUCKET not in bucket.buckets:
            bucket.create_bucket(BUCKET, "us-east-1")
        months: dict[date, list[Line]] = {}
        for line in self._ground.bills.lines(until=billed_until(now)):
            months.setdefault(line.day.replace(day=1), []).append(line)
        names = self._ground.bills.names()
        for month, lines in months.items():
            key = f"{PREFIX}/data/BILLING_PERIOD={month:%Y-%m}/{EXPORT}-00001.csv.gz"
            bucket.put_object(BUCKET, key, _zipped(lines, payer, names))
            bucket.put_object(BUCKET, f"{PREFIX}/metadata/BILLING_PERIOD={month:%Y-%m}/Manifest.json", _manifest(key))
        self._written = refreshed(now)


def _zipped(lines: list[Line], payer: str, names: dict[str, str]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(_row(line, payer, names) for line in lines)
    return gzip.compress(text.getvalue().encode(), compresslevel=3, mtime=0)


def _manifest(key: str) -> bytes:
    return json.dumps({"dataFiles": [f"s3://{BUCKET}/{key}"]}).encode()


def _row(line: Line, payer: str, names: dict[str, str]) -> dict[str, object]:
    """Give one row of FOCUS."""
    month = line.day.replace(day=1)
    following = date(month.year + month.month // 12, month.month % 12 + 1, 1)
    credit = line.record == Record.CREDIT
    return {
        "BilledCost": f"{line.cost:f}",
        "BillingAccountId": payer,
        "BillingAccountName": names.get(payer, payer),
        "BillingCurrency": "USD",
        "BillingPeriodStart": _midnight(month),
        "BillingPeriodEnd": _midnight(following),
        "ChargeCategory": "Credit" if credit else "Usage",
        "ChargeDescription": CREDIT if credit else f"${line.tariff.price} per {line.tariff.unit}",
        "ChargeFrequency": "One-Time" if credit else "Usage-Based",
        "ChargePeriodStart": _midnight(line.day),
        "ChargePeriodEnd": _midnight(line.day + timedelta(days=1)),
        "ContractedCost": f"{line.cost:f}",
        "EffectiveCost": f"{line.cost:f}",
        "InvoiceIssuerName": SELLER,
        "ListCost": "0" if credit else f"{(line.quantity * line.tariff.price):.10f}",
        "ProviderName": "AWS",
        "PublisherName": SELLER,
        "RegionId": line.region,
        "RegionName": region_name(line.region),
        "ServiceCategory": CATEGORIES[line.tariff.code],
        "ServiceName": line.tariff.service,
        "SubAccountId": line.account,
        "SubAccountName": names.get(line.account, line.account),
        "Tags": json.dumps(line.tags, sort_keys=True) if line.tags else "",
        "x_Operation": line.tariff.operation,
        "x_ServiceCode": line.tariff.code,
        "x_UsageType": line.usage_type,
        **({} if credit else _used(line)),
    }


def _used(line: Line) -> dict[str, object]:
    """Give what was used at which price; of a credit nothing was."""
    quantity, price, unit = f"{line.quantity:f}", f"{line.tariff.price:f}", line.tariff.unit
    return {
        "ConsumedQuantity": quantity,
        "ConsumedUnit": unit,
        "ContractedUnitPrice": price,
        "ListUnitPrice": price,
        "PricingCategory": "Standard",
        "PricingQuantity": quantity,
        "PricingUnit": unit,
    }


def _midnight(day: date) -> str:
    return f"{datetime(day.year, day.month, day.day, tzinfo=UTC):%Y-%m-%dT%H:%M:%SZ}"
