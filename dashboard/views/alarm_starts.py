"""Where a form begins: with an alarm that exists, a copy of it, a metric, or nothing; and how one kind becomes another.

Reading an alarm into the form loses nothing: what the fields of one kind cannot say is tried with the next, and at last
shown as the request itself.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from alarms.definition import to_request
from alarms.kinds import Alarm, CompositeAlarm, MetricAlarm, MetricMath, SingleMetric
from alarms.requirements import BAND_COMPARISONS
from collectors import catalog
from core.metric_math import DataQuery
from core.series import MetricId
from dashboard.state import LONGEST_NAME, LONGEST_VALUE, MetricChoice, Params, read_choice
from dashboard.views.alarm_draft import Draft, Kind, QueryDraft
from dashboard.views.alarm_form import BAND_ID, METRIC_ID, check
from dashboard.views.draft_text import DraftError

_BAND: Final = re.compile(r"ANOMALY_DETECTION_BAND\(m1, ([^()]+)\)")


def draft_of(alarm: Alarm) -> Draft:
    """Give the form of an alarm: the first kind whose fields say all of it, at last the request itself."""
    for read in (_read_metric, _read_band, _read_math, _read_composite):
        draft = read(alarm)
        if draft is not None and check(draft).alarm == alarm:
            return draft
    return Draft(kind=Kind.REQUEST, name=alarm.name, document=pretty(to_request(alarm)))


def pretty(params: Mapping[str, Any]) -> str:
    """Write request parameters as the JSON that the AWS CLI takes."""
    return json.dumps(params, indent=2, ensure_ascii=False)


def edited(alarm: Alarm) -> Draft:
    """Give the form for changing an alarm; it remembers what was live when it was opened."""
    request = json.dumps(to_request(alarm), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return replace(draft_of(alarm), live=request)


def rewritten(draft: Draft, alarm: Alarm) -> Draft:
    """Give the form of a changed alarm; what is no part of an alarm stays as it was in `draft`."""
    return replace(draft_of(alarm), live=draft.live, incidents=draft.incidents, days=draft.days)


def copied(alarm: Alarm, *, taken: frozenset[str] = frozenset()) -> Draft:
    """Give the form for an alarm like this one, under a name that is still free."""
    draft = draft_of(alarm)
    names = (f"{alarm.name} copy{'' if number == 1 else f' {number}'}" for number in range(1, len(taken) + 3))
    name = next(name for name in names if name not in taken)
    if draft.kind is Kind.REQUEST:
        return replace(draft, name=name, document=pretty(to_request(alarm) | {"AlarmName": name}))
    return replace(draft, name=name)


def of_metric(choice: MetricChoice, *, period: int | None = None) -> Draft:
    """Give the form for an alarm on a metric, with the statistic it was chosen with and the period it reports in."""
    family = catalog.family_of(choice.metric)
    return with_metric(
        Draft(statistic=choice.statistic, period=str(period or family.period), n="3", name=suggested_name(choice)),
        choice.metric,
    )


def suggested_name(choice: MetricChoice) -> str:
    """Give a name that says what is watched."""
    values = [value.rpartition("/")[2] for _, value in choice.metric.dimensions]
    return "-".join((*values[:1], choice.metric.name, choice.statistic))[:255]


def with_metric(draft: Draft, metric: MetricId) -> Draft:
    """Give the form with another metric; everything else stays."""
    return replace(draft, namespace=metric.namespace, metric=metric.name, dimensions=dimension_lines(metric))


def metric_of(draft: Draft | QueryDraft) -> MetricId | None:
    """Give the metric that the form names, where it names one."""
    if not draft.namespace or not draft.metric:
        return None
    pairs = [line.partition("=") for line in draft.dimensions.split("\n") if line]
    if any(not (name and equals and value) for name, equals, value in pairs):
        return None
    return MetricId(draft.namespace, draft.metric, tuple((name, value) for name, _, value in pairs))


def dimension_lines(metric: MetricId) -> str:
    return "\n".join(f"{name}={value}" for name, value in metric.dimensions)


def with_kind(draft: Draft, kind: Kind) -> Draft:
    """Give the form for another kind of alarm. What was filled in stays, and comes along where it means the same."""
    if kind is Kind.MATH and not draft.queries:
        metric = QueryDraft(
            METRIC_ID, draft.namespace, draft.metric, draft.dimensions, draft.statistic, draft.period, draft.unit
        )
        expression = QueryDraft("e1", statistic="", period="", expression=METRIC_ID, watched=True)
        return replace(draft, kind=kind, queries=(metric, expression))
    if kind is Kind.REQUEST and not draft.document:
        return replace(draft, kind=kind, document=pretty(check(draft).params))
    return replace(draft, kind=kind)


def _read_metric(alarm: Alarm) -> Draft | None:
    if not isinstance(alarm, MetricAlarm) or not isinstance(alarm.source, SingleMetric):
        return None
    source = alarm.source
    draft = replace(
        _evaluated(alarm), kind=Kind.METRIC, statistic=str(source.statistic), period=str(source.period),
        unit=source.unit or "",
    )  # fmt: skip
    return with_metric(draft, source.metric)


def _read_band(alarm: Alarm) -> Draft | None:
    if not isinstance(alarm, MetricAlarm) or not isinstance(alarm.source, MetricMath):
        return None
    queries = {query.id: query for query in alarm.source.queries}
    metric, band = queries.get(METRIC_ID), queries.get(BAND_ID)
    match = _BAND.fullmatch(band.expression or "") if band is not None else None
    if len(queries) != 2 or match is None or metric is None or metric.metric is None:
        return None
    draft = replace(
        _evaluated(alarm), kind=Kind.BAND, statistic=metric.statistic or "", period=str(metric.period or ""),
        unit=metric.unit or "", width=match[1],
    )  # fmt: skip
    return with_metric(draft, metric.metric)


def _read_math(alarm: Alarm) -> Draft | None:
    if not isinstance(alarm, MetricAlarm) or not isinstance(alarm.source, MetricMath):
        return None
    queries = tuple(_query_draft(query) for query in alarm.source.queries)
    return replace(_evaluated(alarm), kind=Kind.MATH, queries=queries, threshold_id=alarm.threshold_metric_id or "")


def _query_draft(query: DataQuery) -> QueryDraft:
    metric = query.metric
    return QueryDraft(
        id=query.id,
        namespace="" if metric is None else metric.namespace,
        metric="" if metric is None else metric.name,
        dimensions="" if metric is None else dimension_lines(metric),
        statistic=query.statistic or "",
        period="" if query.period is None else str(query.period),
        unit=query.unit or "",
        expression=query.expression,
        label=query.label or "",
        watched=query.return_data,
        account_id=query.account_id or "",
    )


def _read_composite(alarm: Alarm) -> Draft | None:
    if not isinstance(alarm, CompositeAlarm):
        return None
    return replace(
        _described(alarm),
        kind=Kind.COMPOSITE,
        rule=alarm.rule,
        suppressor=alarm.suppressor or "",
        suppressor_wait=_number(alarm.suppressor_wait),
        suppressor_extension=_number(alarm.suppressor_extension),
    )


def _evaluated(alarm: MetricAlarm) -> Draft:
    comparison = None if alarm.comparison is None else str(alarm.comparison)
    band = comparison in BAND_COMPARISONS
    window, warm_up = alarm.window, alarm.warm_up
    draft = replace(
        _described(alarm),
        threshold=threshold_text(alarm.threshold),
        m=_number(alarm.datapoints_to_alarm),
        n=_number(alarm.evaluation_periods),
        missing=str(alarm.treat_missing_data or ""),
        low_samples=alarm.low_samples or "",
        window="" if window is None else "clock" if window.wall_clock else "sliding",
        timezone="" if window is None else window.timezone or "",
        warm_up="" if warm_up is None else str(warm_up.minutes),
        warm_up_whole="" if warm_up is None or warm_up.only_after is None else "yes" if warm_up.only_after else "no",
    )
    if comparison is None:
        return draft
    return replace(draft, band_comparison=comparison) if band else replace(draft, comparison=comparison)


def _described(alarm: MetricAlarm | CompositeAlarm) -> Draft:
    request = to_request(alarm)
    kept = {name: request[name] for name in ("ActionConfiguration",) if name in request}
    return Draft(
        name=alarm.name,
        description=alarm.description,
        actions_enabled=alarm.actions.enabled,
        ok_actions=alarm.actions.ok,
        alarm_actions=alarm.actions.alarm,
        insufficient_actions=alarm.actions.insufficient_data,
        tags=alarm.tags,
        rest=json.dumps(kept, sort_keys=True) if kept else "",
    )


def _number(value: int | None) -> str:
    return "" if value is None else str(value)


def threshold_text(value: float | None) -> str:
    """Write a threshold as a person would.

    >>> threshold_text(70.0), threshold_text(0.25), threshold_text(None)
    ('70', '0.25', '')
    """
    return "" if value is None else repr(value).removesuffix(".0")


def _threshold(params: Params) -> str:
    """Give the threshold that a link names; what is no number is left out, for the form asks for one anyway."""
    text = next(iter(params.get("threshold") or ()), "")[:LONGEST_NAME]
    try:
        value = float(text)
    except ValueError:
        return ""
    return threshold_text(value) if math.isfinite(value) else ""


def started(params: Params, find: Callable[[str], Alarm], *, taken: Callable[[], frozenset[str]]) -> Draft | None:
    """Give the form that a link asks for: on a metric, of an alarm to change, or of a copy; None where it names none.

    `find` gives an alarm by its name, `taken` the names that there are. Raises DraftError for a link that is not
    understood; what `find` raises passes.
    """
    for text in list(params.get("metric") or ())[:1]:
        try:
            return replace(of_metric(read_choice(text[:LONGEST_VALUE])), threshold=_threshold(params))
        except ValueError as error:
            raise DraftError(str(error)) from error
    for name in list(params.get("alarm") or ())[:1]:
        return edited(find(name[:LONGEST_NAME]))
    for name in list(params.get("copy") or ())[:1]:
        return copied(find(name[:LONGEST_NAME]), taken=taken())
    return None
