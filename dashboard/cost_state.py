"""What the Costs page shows ⇄ URL. Pure; what a URL holds is not trusted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from collectors.exports.columns import DAY, GROUPS, MONTH
from collectors.exports.questions import Condition, QuestionError, check_column, read_condition
from dashboard.state import LONGEST_VALUE, Params

NAMES: Final = ("by", "where", "month", "currency", "measure", "rows")
"""The page's own values of the URL."""
OFFERED: Final = (
    "ServiceName", "SubAccountId", "RegionId", "UsageType", "ChargeCategory", "ServiceCategory", "SubAccountName",
    "PricingCategory", "BillingAccountId", "ResourceId", "Operation", "ChargeDescription",
)  # fmt: skip
"""What the page offers to group by, the likeliest first; a link may name any column, or `tag:KEY`."""
LABELS: Final[Mapping[str, str]] = {
    "ServiceName": "Service",
    "ServiceCategory": "Service category",
    "SubAccountId": "Account",
    "SubAccountName": "Account name",
    "BillingAccountId": "Paying account",
    "RegionId": "Region",
    "UsageType": "Usage type",
    "ChargeCategory": "Kind of charge",
    "ChargeDescription": "Description",
    "PricingCategory": "Pricing",
    "ResourceId": "Resource",
}
"""What people call a column; any other goes by its own name."""
MEASURES: Final[Mapping[str, str]] = {
    "net": "Net",
    "charges": "Charges",
    "credits": "Credits",
    "effective": "Effective cost",
    "list": "List price",
}
"""What is drawn, ordered and compared."""
MOST_CONDITIONS: Final = 20
ALL: Final = "all"
"""Every month at once."""
_OWN: Final = frozenset({DAY, MONTH, "BillingCurrency"})
"""Columns that have a control of their own."""


@dataclass(frozen=True, slots=True)
class CostState:
    """What of the export is on screen."""

    by: tuple[str, ...] = ("ServiceName",)
    """One or two columns."""
    where: tuple[Condition, ...] = ()
    month: str = ""
    """`2026-10`, or `all`; empty for the newest."""
    currency: str = ""
    """Empty for the first that the export has."""
    measure: str = ""
    """A key of `MEASURES`; empty for net, or for charges where credits take all of them away."""
    rows: bool = False
    """Whether the rows behind the figures are shown."""
    problems: tuple[str, ...] = ()
    """Sentences about values of the URL that were not understood."""

    def params(self) -> dict[str, str | list[str]]:
        """Give this page's values of the URL; what is the default is left out."""
        found: dict[str, str | list[str]] = {}
        if self.by != ("ServiceName",):
            found["by"] = list(self.by)
        if self.where:
            found["where"] = [str(condition) for condition in self.where]
        if self.month:
            found["month"] = self.month
        if self.currency:
            found["currency"] = self.currency
        if self.measure:
            found["measure"] = self.measure
        return found | ({"rows": "1"} if self.rows else {})

    def narrowed(self, conditions: tuple[Condition, ...]) -> CostState:
        """Give the same with more conditions, each once."""
        return replace(self, where=tuple(dict.fromkeys((*self.where, *conditions)))[:MOST_CONDITIONS])

    def without(self, condition: Condition) -> CostState:
        return replace(self, where=tuple(each for each in self.where if each != condition))


def read_costs(params: Params) -> CostState:
    """Give what the URL asks for; what is not understood is left out and named."""
    problems: list[str] = []
    return CostState(
        _by(params, problems),
        _where(params, problems),
        _month(params, problems),
        _first(params, "currency")[:16],
        _measure(params, problems),
        _first(params, "rows") == "1",
        tuple(problems),
    )


def _first(params: Params, name: str) -> str:
    return (params.get(name) or ("",))[0][:LONGEST_VALUE]


def _by(params: Params, problems: list[str]) -> tuple[str, ...]:
    found: list[str] = []
    for text in list(params.get("by") or ())[:2]:
        try:
            name = check_column(text[:LONGEST_VALUE])
        except QuestionError as error:
            problems.append(f"A column of the link was left out: {error}.")
        else:
            if name not in found and name not in _OWN:
                found.append(name)
    return tuple(found) or ("ServiceName",)


def _where(params: Params, problems: list[str]) -> tuple[Condition, ...]:
    found: dict[Condition, None] = {}
    for text in list(params.get("where") or ())[:MOST_CONDITIONS]:
        try:
            condition = read_condition(text[:LONGEST_VALUE])
        except QuestionError as error:
            problems.append(f"A filter of the link was left out: {error}.")
        else:
            if condition.column not in _OWN:
                found[condition] = None
    return tuple(found)


def _month(params: Params, problems: list[str]) -> str:
    wanted = _first(params, "month")
    if not wanted or wanted == ALL:
        return wanted
    try:
        date.fromisoformat(f"{wanted}-01")
    except ValueError:
        problems.append("The link's month was not understood; write it as 2026-10. The newest is shown.")
        return ""
    return wanted


def _measure(params: Params, problems: list[str]) -> str:
    wanted = _first(params, "measure")
    if wanted and wanted not in MEASURES:
        problems.append(f"The link's measure is not known; known are {', '.join(MEASURES)}.")
        return ""
    return wanted


def label(name: str) -> str:
    """Give what people call a column.

    >>> label("RegionId"), label("tag:team")
    ('Region', 'tag:team')
    """
    return LABELS.get(name, name)


def choices(extra: tuple[str, ...]) -> tuple[str, ...]:
    """Give what the grouping controls offer, a link's own columns included."""
    return tuple(dict.fromkeys((*OFFERED, *extra)))


assert set(OFFERED) <= set(GROUPS)  # noqa: S101 - a table checked where it stands
