"""Plans that change log groups: metric filters, and how long lines are kept. Nothing here calls AWS.

Each gives an `access.changes.ChangePlan`, which `access.changes.apply` carries out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from access.changes import ChangePlan, Document, Expected, FieldChange, Look, Step, differences
from access.policy import Action
from collectors.logs.groups import LogGroup
from collectors.logs.keeping import saving, total
from collectors.logs.metric_filters import MetricFilter, from_response, to_request
from core.money import Money
from core.reading import Scope

_PUT_FILTER: Final = ("logs", "PutMetricFilter")
_DELETE_FILTER: Final = ("logs", "DeleteMetricFilter")
_FILTERS: Final = ("logs", "DescribeMetricFilters")
_PUT_RETENTION: Final = ("logs", "PutRetentionPolicy")
_DELETE_RETENTION: Final = ("logs", "DeleteRetentionPolicy")
_GROUPS: Final = ("logs", "DescribeLogGroups")

RETENTIONS: Final = (
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1_096, 1_827, 2_192, 2_557, 2_922, 3_288, 3_653,
)  # fmt: skip
"""Days that lines can be kept. Source: botocore's model of logs, `Days`."""
FIXED_CLASSES: Final = frozenset({"DELIVERY"})
"""Classes whose lines AWS keeps for a day, whatever is set. Source: the same, `LogGroupClass`."""
MOST_GROUPS: Final = 100
"""Groups that one plan changes, so that a person can read it; ours."""

ONLY_NEW: Final = "A metric filter looks at lines that come from now on; what is there already makes no datapoint."
METRIC_STAYS: Final = "Its metric is charged for the hours in which it reported, and keeps what it has for 15 months."
GONE: Final = (
    "AWS deletes lines that are older than {days} days, mostly within 72 hours. They do not come back: undoing this "
    "keeps the lines that are left."
)
POLICY_WINS: Final = "Where the account has a retention policy for all its groups, that one holds instead."
KEPT_FOR_EVER: Final = "Lines are then kept, and stored, for ever."


def put_filter(
    definition: MetricFilter,
    *,
    live: MetricFilter | None,
    scope: Scope,
    price_before: Money | None = None,
    price_after: Money | None = None,
) -> ChangePlan:
    """Plan to make a metric filter what is live; `live` is what has its name in the group now."""
    old, new = _version(live), _version(definition)
    step = _put_step(definition, old, scope)
    if live is None:
        undo = _delete_step(definition, scope)
    else:
        undo = _put_step(live, new, scope)
    return ChangePlan(
        f"{'Change' if live else 'Create'} the metric filter {definition.name} of {definition.group}",
        () if old == new else (replace(step, undo=undo),),
        differences(_flat(live), _flat(definition), thing=definition.name),
        price_before,
        price_after,
        (ONLY_NEW,),
    )


def delete_filter(live: MetricFilter, *, scope: Scope) -> ChangePlan:
    """Plan to delete a metric filter. The undo makes it again."""
    step = replace(_delete_step(live, scope), undo=_put_step(live, None, scope))
    return ChangePlan(
        f"Delete the metric filter {live.name} of {live.group}",
        (step,),
        (FieldChange("Metric filter", dict(_flat(live) or {}), None, live.name),),
        warnings=(METRIC_STAYS, "Alarms on its metric go to no data."),
    )


def set_retention(
    groups: Sequence[LogGroup], days: int | None, *, daily: Mapping[str, int] | None = None
) -> ChangePlan:
    """Plan to keep the lines of groups for so many days; None: for ever. Groups of which it is so are left alone, and
    those whose class decides.

    `daily` has the bytes that come into a group a day, by its ARN; the price says what storage costs in a year.
    Raises ValueError for days that AWS does not take, and for more groups than a person can read.
    """
    if days is not None and days not in RETENTIONS:
        raise ValueError(f"{days} days is not accepted; give one of {', '.join(map(str, RETENTIONS))}")
    changed = [group for group in groups if group.retention_days != days and group.log_class not in FIXED_CLASSES]
    if len(changed) > MOST_GROUPS:
        raise ValueError(f"{len(changed)} groups are more than one plan takes; choose at most {MOST_GROUPS}")
    savings = [saving(group, (daily or {}).get(group.arn), days) for group in changed]
    before = total(each.before for each in savings)
    after = total(each.after for each in savings)
    kept = "for ever" if days is None else f"for {days} days"
    names = [group.name for group in changed]
    return ChangePlan(
        f"Keep the lines of {names[0] if len(names) == 1 else f'{len(names)} log groups'} {kept}",
        tuple(_retention_step(group, days) for group in changed),
        tuple(FieldChange("retentionInDays", group.retention_days, days, group.name) for group in changed),
        None if before is None else before.least,
        None if after is None else after.least,
        _retention_warnings(changed, days),
    )


def _retention_warnings(changed: Sequence[LogGroup], days: int | None) -> tuple[str, ...]:
    if days is None:
        return (KEPT_FOR_EVER, POLICY_WINS)
    shortens = any(group.retention_days is None or group.retention_days > days for group in changed)
    return ((GONE.format(days=days),) if shortens else ()) + (POLICY_WINS,)


# -- steps ------------------------------------------------------------------------------------------------------------


def _put_step(definition: MetricFilter, old: Document | None, scope: Scope) -> Step:
    return Step(
        *_PUT_FILTER,
        to_request(definition),
        scope,
        f"Put the metric filter {definition.name} on {definition.group}",
        Action.EDIT_LOGS,
        (definition.group,),
        expected=Expected(_filter_look(definition), old, _version(definition)),
    )


def _delete_step(definition: MetricFilter, scope: Scope) -> Step:
    return Step(
        *_DELETE_FILTER,
        {"logGroupName": definition.group, "filterName": definition.name},
        scope,
        f"Delete the metric filter {definition.name} of {definition.group}",
        Action.EDIT_LOGS,
        (definition.group,),
        expected=Expected(_filter_look(definition), _version(definition), None),
    )


def _filter_look(definition: MetricFilter) -> Look:
    params = {"logGroupName": definition.group, "filterNamePrefix": definition.name}
    return Look(*_FILTERS, params, FilterVersion(definition.group, definition.name))


@dataclass(frozen=True, slots=True)
class FilterVersion:
    """Reads one metric filter out of a DescribeMetricFilters answer."""

    group: str
    name: str

    def __call__(self, answer: Mapping[str, Any]) -> Document | None:
        found = (from_response({"logGroupName": self.group, **each}) for each in answer.get("metricFilters", ()))
        return _version(next((each for each in found if (each.group, each.name) == (self.group, self.name)), None))


def _version(definition: MetricFilter | None) -> Document | None:
    """What two versions are compared by: the request as our own reading of it writes it."""
    return None if definition is None else to_request(definition)


def _flat(definition: MetricFilter | None) -> Document | None:
    """The members that a person reads one by one."""
    if definition is None:
        return None
    request = to_request(definition)
    (transformation,) = request.pop("metricTransformations")
    return {**request, **transformation}


def _retention_step(group: LogGroup, days: int | None) -> Step:
    def step(old: int | None, new: int | None) -> Step:
        look = Look(*_GROUPS, {"logGroupNamePrefix": group.name}, RetentionVersion(group.name))
        return Step(
            *(_DELETE_RETENTION if new is None else _PUT_RETENTION),
            {"logGroupName": group.name, **({} if new is None else {"retentionInDays": new})},
            group.scope,
            f"Keep the lines of {group.name} {'for ever' if new is None else f'for {new} days'}",
            Action.EDIT_LOGS,
            (group.name,),
            expected=Expected(look, {"retentionInDays": old}, {"retentionInDays": new}),
        )

    shortens = days is not None and (group.retention_days is None or group.retention_days > days)
    lasting = f"What was older than {days} days by then is deleted." if shortens else ""
    return replace(step(group.retention_days, days), undo=step(days, group.retention_days), lasting=lasting)


@dataclass(frozen=True, slots=True)
class RetentionVersion:
    """Reads how long a group's lines are kept out of a DescribeLogGroups answer."""

    name: str

    def __call__(self, answer: Mapping[str, Any]) -> Document | None:
        found = (each for each in answer.get("logGroups", ()) if each.get("logGroupName") == self.name)
        group = next(found, None)
        return None if group is None else {"retentionInDays": group.get("retentionInDays")}
