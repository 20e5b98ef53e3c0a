"""The one set of names that both kinds of export are read into, in FOCUS's words, and where each comes from.

FOCUS 1.0 to 1.2: https://focus.finops.org/focus-specification/. Legacy CUR writes `lineItem/UnblendedCost` in CSV and
`line_item_unblended_cost` in Parquet; the second spelling stands here.
https://docs.aws.amazon.com/cur/latest/userguide/data-dictionary.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Schema(StrEnum):
    """Which kind of export a file is."""

    FOCUS = "FOCUS"
    CUR = "legacy CUR"


@dataclass(frozen=True, slots=True)
class Column:
    """One name and where it is found."""

    name: str
    focus: tuple[str, ...]
    """Columns of FOCUS, the first that is there and not empty holds."""
    cur: tuple[str, ...]
    """Columns of legacy CUR, likewise."""


def _focus(name: str, *cur: str) -> Column:
    return Column(name, (name,), cur)


TEXTS: Final = (
    _focus("BillingAccountId", "bill_payer_account_id"),
    _focus("BillingAccountName"),
    _focus("SubAccountId", "line_item_usage_account_id"),
    _focus("SubAccountName", "line_item_usage_account_name"),
    _focus("BillingCurrency", "line_item_currency_code"),
    _focus("InvoiceId", "bill_invoice_id"),
    _focus("InvoiceIssuerName", "bill_invoicing_entity"),
    _focus("ProviderName", "bill_billing_entity"),
    _focus("PublisherName", "line_item_legal_entity"),
    _focus("ChargeCategory", "line_item_line_item_type"),
    _focus("ChargeClass"),
    _focus("ChargeDescription", "line_item_line_item_description"),
    _focus("ChargeFrequency"),
    _focus("PricingCategory", "pricing_term"),
    _focus("ServiceCategory"),
    _focus("ServiceName", "product_product_name", "line_item_product_code"),
    _focus("RegionId", "product_region_code", "product_region"),
    _focus("RegionName", "product_location"),
    _focus("AvailabilityZone", "line_item_availability_zone"),
    _focus("ResourceId", "line_item_resource_id"),
    _focus("ResourceName"),
    _focus("ResourceType"),
    _focus("SkuId", "product_sku"),
    _focus("CommitmentDiscountId", "reservation_reservation_a_r_n", "savings_plan_savings_plan_a_r_n"),
    _focus("ConsumedUnit", "pricing_unit"),
    # FOCUS has no usage type; AWS adds its own, and the SKU stands for it where an export has none.
    Column("UsageType", ("x_UsageType", "SkuId"), ("line_item_usage_type",)),
    Column("Operation", ("x_Operation",), ("line_item_operation",)),
)
"""What a row can be grouped and filtered by, besides day, billing month and tags."""

BILLED: Final = "BilledCost"
AMOUNTS: Final = (
    _focus(BILLED, "line_item_unblended_cost"),
    _focus("EffectiveCost", "line_item_unblended_cost"),
    _focus("ListCost", "pricing_public_on_demand_cost"),
    _focus("ContractedCost"),
)
"""What is added up, each apart. CUR's EffectiveCost follows the line item's type: `AMORTIZED`."""
QUANTITY: Final = _focus("ConsumedQuantity", "line_item_usage_amount")
STARTS: Final = _focus("ChargePeriodStart", "line_item_usage_start_date")
MONTH_STARTS: Final = _focus("BillingPeriodStart", "bill_billing_period_start_date")
TAGS: Final = "Tags"
CUR_TAG_PREFIX: Final = "resource_tags_"

DAY: Final = "Day"
MONTH: Final = "BillingMonth"
GROUPS: Final = (DAY, MONTH, *(column.name for column in TEXTS))
"""Every name that a question may group or filter by; `tag:KEY` besides."""

CATEGORIES: Final[Mapping[str, str]] = {
    "Usage": "Usage",
    "DiscountedUsage": "Usage",
    "SavingsPlanCoveredUsage": "Usage",
    "SavingsPlanNegation": "Usage",
    "BundledDiscount": "Usage",
    "Discount": "Usage",
    "EdpDiscount": "Usage",
    "PrivateRateDiscount": "Usage",
    "RiVolumeDiscount": "Usage",
    "SppDiscount": "Usage",
    "Fee": "Purchase",
    "RIFee": "Purchase",
    "SavingsPlanUpfrontFee": "Purchase",
    "SavingsPlanRecurringFee": "Purchase",
    "Tax": "Tax",
    "Credit": "Credit",
    "Refund": "Adjustment",
}
"""Legacy CUR's line item type → FOCUS's charge category; a type that is not here keeps its own word.
https://docs.aws.amazon.com/cur/latest/userguide/Lineitem-columns.html"""

CREDIT: Final = "Credit"
ADJUSTMENT: Final = "Adjustment"
"""Refunds and corrections. What is neither this nor a credit is a charge: gross."""

AMORTIZED: Final[Mapping[str, tuple[str, ...]]] = {
    "SavingsPlanCoveredUsage": ("savings_plan_savings_plan_effective_cost",),
    "SavingsPlanRecurringFee": ("savings_plan_total_commitment_to_date", "savings_plan_used_commitment"),
    "SavingsPlanNegation": (),
    "SavingsPlanUpfrontFee": (),
    "DiscountedUsage": ("reservation_effective_cost",),
}
"""Line item types of which CUR's EffectiveCost is another column, the first less the second, or nothing.
RIFee keeps its unblended cost: its unused part stands in columns that not every report has.
https://docs.aws.amazon.com/cur/latest/userguide/cur-sp.html"""


def cur_spelling(name: str) -> str:
    """Give a CUR column as Parquet spells it.

    >>> cur_spelling("lineItem/UnblendedCost"), cur_spelling("savingsPlan/SavingsPlanARN")
    ('line_item_unblended_cost', 'savings_plan_savings_plan_a_r_n')
    """
    if "/" not in name:
        return name.lower()
    return "_".join(re.sub(r"(?<=[A-Za-z0-9])(?=[A-Z])", "_", part).lower() for part in name.split("/", 1))


def schema_of(names: tuple[str, ...]) -> Schema | None:
    """Say which kind of export has these columns; None where it is no billing export."""
    lower = {name.lower() for name in names}
    if {BILLED.lower(), STARTS.name.lower()} <= lower:
        return Schema.FOCUS
    spelled = {cur_spelling(name) for name in names}
    return Schema.CUR if {AMOUNTS[0].cur[0], STARTS.cur[0]} <= spelled else None
