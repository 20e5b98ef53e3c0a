"""Billing exports of our own making: small, with everything in them that goes wrong in real ones."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

SHARED = Path(__file__).parents[5] / "shared" / "data" / "focus"
FOCUS = (
    "BilledCost", "BillingAccountId", "BillingCurrency", "BillingPeriodStart", "ChargeCategory", "ChargePeriodStart",
    "EffectiveCost", "ListCost", "ContractedCost", "RegionId", "ResourceId", "ServiceName", "SubAccountId", "SkuId",
    "Tags",
)  # fmt: skip
CUR = (
    "bill/PayerAccountId", "bill/BillingPeriodStartDate", "lineItem/UsageAccountId", "lineItem/LineItemType",
    "lineItem/UsageStartDate", "lineItem/ProductCode", "lineItem/UsageType", "lineItem/CurrencyCode",
    "lineItem/UnblendedCost", "product/ProductName", "product/region", "reservation/EffectiveCost",
    "savingsPlan/SavingsPlanEffectiveCost", "resourceTags/user:Team", "resourceTags/user:team",
)  # fmt: skip

Row = Mapping[str, str]


def focus(cost: str, **more: str) -> Row:
    """One row of FOCUS; what is not said is what most rows say."""
    return {
        "BilledCost": cost,
        "BillingAccountId": "111111111111",
        "BillingCurrency": "USD",
        "BillingPeriodStart": "2026-10-01T00:00:00Z",
        "ChargeCategory": "Usage",
        "ChargePeriodStart": "2026-10-05T13:00:00Z",
        "EffectiveCost": cost,
        "ServiceName": "AmazonEC2",
        "SubAccountId": "222222222222",
        **more,
    }


def cur(cost: str, kind: str = "Usage", **more: str) -> Row:
    """One row of legacy CUR."""
    return {
        "bill/BillingPeriodStartDate": "2026-09-01T00:00:00.000Z",
        "lineItem/LineItemType": kind,
        "lineItem/UsageStartDate": "2026-09-05T13:00:00.000Z",
        "lineItem/ProductCode": "AmazonEC2",
        "lineItem/CurrencyCode": "USD",
        "lineItem/UnblendedCost": cost,
        "product/ProductName": "Amazon Elastic Compute Cloud",
        **more,
    }


MADE: tuple[Row, ...] = (
    focus("0.00000080000", Tags='{"environment": "prod", "a/b~c": "odd"}', RegionId="us-east-1"),
    focus("1.20000000003", ServiceName="AmazonS3", ChargePeriodStart="2026-10-06 00:00:00", RegionId="NULL"),
    focus("-0.50000000001", ChargeCategory="Credit", RegionId="us-east-1"),
    focus("-0.1", ChargeCategory="Adjustment", ServiceName="NULL"),
    focus("1E-11", ChargePeriodStart="2026-10-06T01:00:00+02:00", RegionId=""),
    focus("99999999999.123456789012", BillingCurrency="JPY", ServiceName='=HYPERLINK("x")'),
    focus("NULL", BillingCurrency="EUR"),
    focus("7", BillingCurrency=""),
)
"""Every currency, a credit, a refund, empty and `NULL`, an exponent, a formula, many digits, an offset from UTC."""


def text(rows: Iterable[Row], columns: Sequence[str] = FOCUS) -> str:
    stream = io.StringIO()
    writer = csv.DictWriter(stream, columns, restval="")
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue()


def write(path: Path, rows: Iterable[Row], columns: Sequence[str] = FOCUS) -> Path:
    """Write an export, as its name says: CSV, gzip or Parquet with doubles, as AWS writes it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.name.endswith(".parquet"):
        _parquet(path, list(rows), columns)
    elif path.name.endswith(".gz"):
        path.write_bytes(gzip.compress(text(rows, columns).encode()))
    else:
        path.write_text(text(rows, columns), encoding="utf-8", newline="")
    return path


def _parquet(path: Path, rows: Sequence[Row], columns: Sequence[str]) -> None:
    def cells(name: str) -> pa.Array:
        found = [row.get(name) for row in rows]
        known = [None if cell in (None, "", "NULL") else cell for cell in found]
        if name.endswith(("Cost", "cost")):
            return pa.array([None if cell is None else float(cell) for cell in known], pa.float64())
        return pa.array(known, pa.string())

    pq.write_table(pa.table({name: cells(name) for name in columns}), path)


def expected(
    rows: Iterable[Row], *by: str, cost: str = "BilledCost", currency: str = "BillingCurrency"
) -> dict[tuple[str | None, ...], Decimal | None]:
    """Add up with Python's Decimal: by currency, then by the given columns."""
    found: dict[tuple[str | None, ...], Decimal | None] = {}
    for row in rows:
        key = tuple(None if row.get(name, "") in ("", "NULL") else row[name] for name in (currency, *by))
        amount = row.get(cost, "")
        if amount in ("", "NULL"):
            found.setdefault(key, None)
        else:
            found[key] = (found.get(key) or Decimal(0)) + Decimal(amount)
    return found


def from_csv(path: Path) -> list[Row]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))
