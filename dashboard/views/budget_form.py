"""The budget form: a draft read into a definition, or what is wrong beside which field; and a budget as a draft."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from budgets.definition import NEVER, Alert, BudgetDefinition, CostTypes, Kind, Limit, Subscriber, TimeUnit
from budgets.live import settable
from budgets.refusals import DefinitionErrors
from budgets.requests import from_response, parse, to_request
from budgets.words import day_words, number
from core.timespan import parse_instant
from dashboard.views.budget_draft import FIXED, PLANNED, AlertDraft, BudgetDraft

MOST_NOTIFICATIONS: Final = 5
"""https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_budgets_CreateBudget.html"""
MOST_PERIODS: Final[Mapping[TimeUnit, int]] = {
    TimeUnit.DAILY: 60,
    TimeUnit.MONTHLY: 12,
    TimeUnit.QUARTERLY: 4,
    TimeUnit.ANNUALLY: 1,
}
"""Periods that AWS averages at most. Source: API reference of HistoricalOptions."""
PERCENT: Final = Limit(Decimal(100), "PERCENTAGE")
"""The only limit that AWS takes for use and coverage. Source: API reference of Budget."""
_SEPARATORS: Final = re.compile(r"[,;\s]+")
_COSTS: Final[Mapping[str, str]] = {"blended": "UseBlended", "amortized": "UseAmortized"}
_KEPT: Final = ("FilterExpression", "Metrics", "BillingViewArn")
_INCLUDES: Final[Mapping[str, str]] = {
    "credit": "IncludeCredit",
    "refund": "IncludeRefund",
    "tax": "IncludeTax",
    "support": "IncludeSupport",
    "subscription": "IncludeSubscription",
    "other_subscription": "IncludeOtherSubscription",
    "upfront": "IncludeUpfront",
    "recurring": "IncludeRecurring",
    "discount": "IncludeDiscount",
}


@dataclass(frozen=True, slots=True)
class Checked:
    """A draft with what it asks for, and what is still wrong with it."""

    draft: BudgetDraft
    """As it was typed."""
    budget: BudgetDefinition | None
    """Where nothing is wrong."""
    errors: Mapping[str, str]
    """Field of the form → one sentence; `""` for the whole. May quote what was typed: foreign text."""
    missing: Mapping[str, str] = field(default_factory=dict)
    """Fields that are still empty and must not be, with what belongs there."""

    @property
    def ready(self) -> bool:
        return self.budget is not None

    @property
    def base(self) -> BudgetDefinition | None:
        """What was live when the form was opened; None for a new budget."""
        return _stored(self.draft.live) if self.draft.live else None


def check(draft: BudgetDraft, *, taken: Collection[str] = ()) -> Checked:
    """Read a draft into a definition, or say what is wrong beside which field; `taken` are the names that exist."""
    missing, errors = dict(_missing(draft)), dict(_own_errors(draft))
    if not draft.live and draft.name.strip() in taken:
        errors["name"] = "There is a budget of this name already; give another, or change that one."
    if missing or errors:
        return Checked(draft, None, errors, missing)
    try:
        budget = settable(parse(_params(draft)))
    except DefinitionErrors as error:
        return Checked(draft, None, {_place(name): sentence for name, sentence in error.fields.items()})
    return Checked(draft, budget, {})


# -- a draft as a request ---------------------------------------------------------------------------------------------


def _missing(draft: BudgetDraft) -> Iterator[tuple[str, str]]:
    if not draft.name.strip():
        yield "name", "Give the budget a name."
    if _has_limit(draft) and draft.limit_how == FIXED and not draft.amount.strip():
        yield "amount", "Give the limit."
    if _has_limit(draft) and draft.limit_how == PLANNED and not draft.planned:
        yield "planned", "Add the first day of a period and its limit."
    if draft.limit_how == "HISTORICAL" and _has_limit(draft) and not draft.periods.strip():
        yield "periods", "Say over how many periods AWS averages."
    if draft.kind == Kind.USAGE:
        yield from _missing_of_usage(draft)
    if draft.time_unit == TimeUnit.CUSTOM:
        yield from ((name, "Give the day.") for name in ("start", "end") if not getattr(draft, name).strip())
    yield from _missing_of_alerts(draft)


def _missing_of_usage(draft: BudgetDraft) -> Iterator[tuple[str, str]]:
    if not draft.unit.strip():
        yield "unit", "Give AWS's unit of the usage, such as GB or Hrs."
    if not {key for key, _ in draft.filters} & {"UsageType", "UsageTypeGroup"}:
        yield "filters", "A usage budget needs a filter by usage type or usage type group."


def _missing_of_alerts(draft: BudgetDraft) -> Iterator[tuple[str, str]]:
    for place, alert in enumerate(draft.alerts):
        if not alert.threshold.strip():
            yield f"alerts.{place}.threshold", "Say at what it notifies."
        if not alert.topic and not addresses(alert.emails):
            yield f"alerts.{place}.emails", "Say who is told: an e-mail address, a topic or both."


def _own_errors(draft: BudgetDraft) -> Iterator[tuple[str, str]]:
    """Say what AWS's model does not: texts that are no number or day, and how many periods AWS averages."""
    numbers = {"periods": draft.periods if draft.limit_how == "HISTORICAL" else ""}
    numbers |= {"amount": draft.amount if draft.limit_how == FIXED and _has_limit(draft) else ""}
    numbers |= {f"alerts.{place}.threshold": alert.threshold for place, alert in enumerate(draft.alerts)}
    if draft.limit_how == PLANNED:
        numbers |= {f"planned.{place}.amount": amount for place, (_, amount) in enumerate(draft.planned)}
    for place, text in numbers.items():
        if text.strip() and _decimal(text) is None:
            yield place, f"{text!r} is no number; give one such as 80 or 12.50."
    days = {"start": draft.start, "end": draft.end}
    if draft.limit_how == PLANNED:
        days |= {f"planned.{place}.day": day for place, (day, _) in enumerate(draft.planned)}
    for place, text in days.items():
        if text.strip() and _day(text) is None:
            yield place, f"{text!r} is no day; write it as 2026-12-01."
    most = MOST_PERIODS.get(TimeUnit(draft.time_unit)) if draft.time_unit in set(TimeUnit) else None
    given = _decimal(draft.periods)
    if draft.limit_how == "HISTORICAL" and given is not None and most is not None and not 1 <= given <= most:
        yield "periods", f"{number(given)} is not accepted; AWS averages 1 to {most} of these periods."
    if draft.limit_how == PLANNED and draft.time_unit not in {TimeUnit.MONTHLY, TimeUnit.QUARTERLY}:
        yield "limit_how", "AWS plans limits by month and by quarter only."


def _params(draft: BudgetDraft) -> dict[str, Any]:
    budget: dict[str, Any] = {
        "BudgetName": draft.name.strip(),
        "BudgetType": draft.kind,
        "TimeUnit": draft.time_unit,
        **_limit_params(draft),
        **_kept(draft),
    }
    days = {name: _day(text) for name, text in (("Start", draft.start), ("End", draft.end)) if text.strip()}
    filters = {key: values for key, text in draft.filters if (values := [v for v in _values(text) if v])}
    if days:
        budget["TimePeriod"] = days
    if filters:
        budget["CostFilters"] = filters
    if draft.kind == Kind.COST and "Metrics" not in budget:
        types = {name: ours not in draft.without for ours, name in _INCLUDES.items()}
        budget["CostTypes"] = types | {name: draft.costs == ours for ours, name in _COSTS.items()}
    params: dict[str, Any] = {"Budget": budget}
    if draft.alerts:
        params["NotificationsWithSubscribers"] = [_alert_params(alert) for alert in draft.alerts]
    return params


def _limit_params(draft: BudgetDraft) -> dict[str, Any]:
    unit = "USD" if draft.kind == Kind.COST else draft.unit.strip()
    if not _has_limit(draft):
        return {"BudgetLimit": {"Amount": f"{PERCENT.amount}", "Unit": PERCENT.unit}}
    if draft.limit_how == FIXED:
        return {"BudgetLimit": {"Amount": draft.amount.strip(), "Unit": unit}}
    if draft.limit_how == PLANNED:
        limits = {str(int(at.timestamp())): text.strip() for day, text in draft.planned if (at := _day(day))}
        return {"PlannedBudgetLimits": {at: {"Amount": text, "Unit": unit} for at, text in limits.items()}}
    options = {"HistoricalOptions": {"BudgetAdjustmentPeriod": int(_decimal(draft.periods) or 0)}}
    return {
        "AutoAdjustData": {
            "AutoAdjustType": draft.limit_how,
            **(options if draft.limit_how == "HISTORICAL" else {}),
        }
    }


def _alert_params(alert: AlertDraft) -> dict[str, Any]:
    told = [{"SubscriptionType": "EMAIL", "Address": each} for each in addresses(alert.emails)]
    told += [{"SubscriptionType": "SNS", "Address": alert.topic}] if alert.topic else []
    return {
        "Notification": {
            "NotificationType": alert.of,
            "ComparisonOperator": alert.comparison,
            "Threshold": float(_decimal(alert.threshold) or 0),
            "ThresholdType": alert.unit,
        },
        "Subscribers": told,
    }


_PLACES: Final[tuple[tuple[str, str], ...]] = (
    (r"Budget\.BudgetName.*", "name"),
    (r"Budget\.BudgetType.*", "kind"),
    (r"Budget\.TimeUnit.*", "time_unit"),
    (r"Budget\.BudgetLimit\.Unit.*", "unit"),
    (r"Budget\.BudgetLimit.*", "amount"),
    (r"Budget\.PlannedBudgetLimits.*", "planned"),
    (r"Budget\.AutoAdjustData.*", "periods"),
    (r"Budget\.TimePeriod\.End", "end"),
    (r"Budget\.TimePeriod.*", "start"),
    (r"Budget\.Cost(Filters).*|Budget\.FilterExpression.*", "filters"),
    (r"Budget\.CostTypes.*|Budget\.Metrics.*", "without"),
    (r"NotificationsWithSubscribers\[(\d+)\]\.Subscribers.*", r"alerts.\1.emails"),
    (r"NotificationsWithSubscribers\[(\d+)\].*", r"alerts.\1.threshold"),
    (r"NotificationsWithSubscribers.*", "alerts"),
)


def _place(name: str) -> str:
    """Give the field of the form that AWS's field is asked in; empty where it has none."""
    for pattern, place in _PLACES:
        found = re.fullmatch(pattern, name)
        if found:
            return found.expand(place) if "\\" in place else place
    return ""


def _has_limit(draft: BudgetDraft) -> bool:
    return draft.kind in {Kind.COST, Kind.USAGE}


def addresses(text: str) -> list[str]:
    """Give the e-mail addresses of a text.

    >>> addresses("a@b.test, c@d.test")
    ['a@b.test', 'c@d.test']
    """
    return list(dict.fromkeys(each for each in _SEPARATORS.split(text) if each))


def _values(text: str) -> list[str]:
    return list(dict.fromkeys(each.strip() for each in text.split(",")))


def _decimal(text: str) -> Decimal | None:
    try:
        found = Decimal(text.strip())
    except InvalidOperation:
        return None
    return found if found.is_finite() else None


def _day(text: str) -> datetime | None:
    try:
        return parse_instant(f"{text.strip()}T00:00:00Z" if len(text.strip()) == 10 else text.strip())
    except ValueError:
        return None


def _kept(draft: BudgetDraft) -> dict[str, Any]:
    try:
        found = json.loads(draft.kept) if draft.kept else {}
    except (ValueError, RecursionError):
        found = {}
    return {name: found[name] for name in _KEPT if name in found} if isinstance(found, dict) else {}


# -- a budget as a draft ----------------------------------------------------------------------------------------------


def edited(budget: BudgetDefinition) -> BudgetDraft:
    """Give the draft of a budget that is changed; it knows what was live."""
    return replace(drafted(budget), live=stored(budget))


def copied(budget: BudgetDefinition, name: str) -> BudgetDraft:
    """Give the draft of a new budget like one that exists."""
    return replace(drafted(budget), name=name)


def drafted(budget: BudgetDefinition) -> BudgetDraft:
    """Write a budget into the fields of the form; `check(drafted(budget)).budget` says the same to AWS."""
    plain = settable(budget)
    request = to_request(plain)["Budget"]
    types = plain.cost_types or CostTypes()
    kept = {name: request[name] for name in _KEPT if name in request}
    adjust = plain.auto_adjust
    return BudgetDraft(
        name=plain.name,
        kind=plain.kind.value,
        time_unit=plain.time_unit.value,
        limit_how=adjust.kind if adjust else PLANNED if plain.planned else FIXED,
        amount=number(plain.limit.amount) if plain.limit and not plain.kind.is_percentage else "",
        unit=_unit(plain),
        planned=tuple((_day_text(at), number(limit.amount)) for at, limit in plain.planned),
        periods=str(adjust.periods) if adjust and adjust.periods else "",
        start=_day_text(plain.start),
        end="" if plain.end is None or plain.end >= NEVER else _day_text(plain.end),
        costs="blended" if types.blended else "amortized" if types.amortized else "unblended",
        without=tuple(name for name in _INCLUDES if not getattr(types, name)),
        filters=tuple((key, ", ".join(values)) for key, values in plain.filters),
        kept=json.dumps(kept, separators=(",", ":")) if kept else "",
        alerts=tuple(_alert_draft(alert) for alert in plain.alerts),
    )


def _unit(budget: BudgetDefinition) -> str:
    limits = [limit for limit in (budget.limit, *(limit for _, limit in budget.planned)) if limit]
    return limits[0].unit if budget.kind is Kind.USAGE and limits else ""


def _day_text(at: datetime | None) -> str:
    if at is None:
        return ""
    whole = at.astimezone(UTC)
    return day_words(whole) if not (whole.hour or whole.minute or whole.second) else f"{whole:%Y-%m-%dT%H:%M:%SZ}"


def _alert_draft(alert: Alert) -> AlertDraft:
    def told(kind: str) -> list[str]:
        return [each.address for each in alert.subscribers if each.kind == kind]

    topic = next(iter(told("SNS")), "")
    return AlertDraft(alert.of, alert.comparison, number(alert.threshold), alert.unit, ", ".join(told("EMAIL")), topic)


def stored(budget: BudgetDefinition) -> str:
    """Write a budget as text that `Checked.base` reads."""
    return json.dumps(to_request(settable(budget)), default=lambda at: at.isoformat(), separators=(",", ":"))


def _stored(text: str) -> BudgetDefinition | None:
    """Read what was live; None where the link's text is no budget."""
    try:
        found = json.loads(text)
        return from_response(found["Budget"], found.get("NotificationsWithSubscribers") or ())
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, ArithmeticError):
        return None


def begun(*, email: str = "") -> BudgetDraft:
    """Give the form's start: AWS's own proposal of 80 and 100 percent, and the forecast."""
    shares = (("ACTUAL", "80"), ("ACTUAL", "100"), ("FORECASTED", "100"))
    return BudgetDraft(alerts=tuple(AlertDraft(of, threshold=share, emails=email) for of, share in shares))


def subscribers(emails: str, topic: str) -> tuple[Subscriber, ...]:
    """Give who is told."""
    told = [Subscriber("EMAIL", each) for each in addresses(emails)]
    return (*told, *((Subscriber("SNS", topic),) if topic else ()))
