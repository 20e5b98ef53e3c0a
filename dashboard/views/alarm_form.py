"""The alarm form: draft → request parameters → definition, or errors beside their fields.

There is one judge of what an alarm may be, `alarms.definition.parse`; here texts become numbers, and each of its
sentences finds the field that it belongs to. `dashboard.views.alarm_starts` goes the other way.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from alarms.definition import DefinitionErrors, parse
from alarms.kinds import Alarm
from core.statistics import PLAIN
from dashboard.views.alarm_draft import Draft, Kind, QueryDraft

Params = dict[str, Any]

METRIC_ID: Final = "m1"
BAND_ID: Final = "ad1"
"""The ids that the form gives a metric and its band."""


@dataclass(frozen=True, slots=True)
class Checked:
    """A draft with what it asks for, and what is still wrong with it."""

    draft: Draft
    """As it was typed."""
    params: Params
    """The request, as far as it can be said."""
    alarm: Alarm | None
    """The definition, where nothing is wrong."""
    errors: Mapping[str, str]
    """Field of the form → one sentence; `""` for the whole. May quote what was typed: foreign text."""
    missing: Mapping[str, str] = field(default_factory=dict)
    """Fields that are still empty and must not be, with what belongs there."""

    @property
    def ready(self) -> bool:
        return self.alarm is not None


def check(draft: Draft) -> Checked:
    """Read a draft into a definition, or say what is wrong beside which field."""
    asked = _Asked()
    params = _PARAMS[draft.kind](draft, asked)
    if asked.errors or asked.missing:
        # What can already be said of the rest is said, too.
        errors = {place: sentence for place, sentence in _judged(draft, params).items() if place not in asked.missing}
        return Checked(draft, params, None, errors | asked.errors, asked.missing)
    try:
        return Checked(draft, params, parse(params), {})
    except DefinitionErrors as error:
        return Checked(draft, params, None, _placed(draft, error.fields))


def _judged(draft: Draft, params: Params) -> dict[str, str]:
    """The sentences about members that were given; that others are absent is said elsewhere."""
    try:
        parse(params)
    except DefinitionErrors as error:
        return _placed(draft, {path: said for path, said in error.fields.items() if "required" not in said})
    return {}


@dataclass(slots=True)
class _Asked:
    """What the form itself found while it turned texts into values: fields with `errors`, fields that are `missing`."""

    errors: dict[str, str] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)

    def need(self, place: str, text: str, what: str) -> str | None:
        """Give a text that must be there."""
        if not text:
            self.missing[place] = what
        return text or None

    def whole(self, place: str, text: str) -> int | None:
        """Read a whole number; an empty text is none."""
        clean = text.strip()
        if not clean:
            return None
        if not re.fullmatch(r"[+-]?[0-9]{1,12}", clean):
            self.errors[place] = f"{text!r} is no whole number; write digits only, such as 5"
            return None
        return int(clean)

    def number(self, place: str, text: str) -> float | None:
        clean = text.strip()
        if not clean:
            return None
        try:
            # Python would read 1_000, which is no number to anybody else.
            return float(clean.replace("_", "?"))
        except ValueError:
            self.errors[place] = f"{text!r} is no number; write one such as 70 or 0.25, with a point and no unit"
            return None


def _metric_params(draft: Draft, asked: _Asked) -> Params:
    return (
        _common(draft, asked) | _metric(draft, asked, "")
        | _statistic(draft.statistic, asked)
        | {"Period": _period(asked, "period", draft.period), "Unit": draft.unit or None}
        | _threshold(draft, asked)
        | _evaluation(draft, asked)
    )  # fmt: skip


def _band_params(draft: Draft, asked: _Asked) -> Params:
    stat = {
        "Metric": _metric(draft, asked, ""),
        "Period": _period(asked, "period", draft.period),
        "Stat": asked.need("statistic", draft.statistic, "Choose a statistic."),
    }
    width = draft.width.strip()
    asked.need("width", width, "Say how wide the band is, such as 2.")
    if width and (asked.number("width", width) or 0) <= 0:
        asked.errors.setdefault("width", f"{draft.width!r} is no width; give a number above 0, such as 2")
    band = {"Id": BAND_ID, "Expression": f"ANOMALY_DETECTION_BAND({METRIC_ID}, {width})", "ReturnData": True}
    metric = {"Id": METRIC_ID, "MetricStat": stat | ({"Unit": draft.unit} if draft.unit else {}), "ReturnData": True}
    return (
        _common(draft, asked)
        | {"Metrics": [metric, band], "ThresholdMetricId": BAND_ID, "ComparisonOperator": draft.band_comparison}
        | _evaluation(draft, asked)
    )


def _math_params(draft: Draft, asked: _Asked) -> Params:
    if not draft.queries:
        asked.missing["queries"] = "Add a metric, then an expression that uses it."
    queries = [_query(query, asked, f"queries.{place}") for place, query in enumerate(draft.queries)]
    against_band = draft.band_comparison if draft.threshold_id else None
    compared = (
        {"ThresholdMetricId": draft.threshold_id, "ComparisonOperator": against_band}
        if against_band
        else _threshold(draft, asked)
    )
    return _common(draft, asked) | {"Metrics": queries} | compared | _evaluation(draft, asked)


def _query(query: QueryDraft, asked: _Asked, place: str) -> Params:
    period = asked.whole(f"{place}.period", query.period)
    entry: Params = {
        "Id": asked.need(f"{place}.id", query.id, "Give it an id, such as m1."),
        "Label": query.label or None,
        "ReturnData": query.watched,
        "AccountId": query.account_id or None,
    }
    if query.expression is not None:
        asked.need(f"{place}.expression", query.expression, "Write an expression, such as m1 / m2 * 100.")
        return _given(entry | {"Expression": query.expression, "Period": period})
    if period is None and f"{place}.period" not in asked.errors:
        asked.missing[f"{place}.period"] = "Choose a period."
    stat = {
        "Metric": _given(_metric(query, asked, f"{place}.")),
        "Period": period,
        "Stat": asked.need(f"{place}.statistic", query.statistic, "Choose a statistic."),
        "Unit": query.unit or None,
    }
    return _given(entry | {"MetricStat": _given(stat)})


def _composite_params(draft: Draft, asked: _Asked) -> Params:
    return _common(draft, asked) | {
        "AlarmRule": asked.need("rule", draft.rule, "Pick the alarms that it looks at, or write the rule."),
        "ActionsSuppressor": draft.suppressor or None,
        "ActionsSuppressorWaitPeriod": asked.whole("suppressor_wait", draft.suppressor_wait),
        "ActionsSuppressorExtensionPeriod": asked.whole("suppressor_extension", draft.suppressor_extension),
    }


def _request_params(draft: Draft, asked: _Asked) -> Params:
    if not asked.need("document", draft.document.strip(), "Write the request as JSON, as the AWS CLI takes it."):
        return {}
    try:
        found = json.loads(draft.document)
    except json.JSONDecodeError as error:
        asked.errors["document"] = f"line {error.lineno}, character {error.colno}: {error.msg}"
        return {}
    except (ValueError, RecursionError) as error:
        asked.errors["document"] = f"this is no JSON that can be read: {error}"
        return {}
    if not isinstance(found, dict):
        asked.errors["document"] = "give one JSON object with AlarmName and the other members of the request"
        return {}
    return found


_PARAMS: Final[Mapping[Kind, Callable[[Draft, _Asked], Params]]] = {
    Kind.METRIC: lambda draft, asked: _given(_metric_params(draft, asked)),
    Kind.BAND: lambda draft, asked: _given(_band_params(draft, asked)),
    Kind.MATH: lambda draft, asked: _given(_math_params(draft, asked)),
    Kind.COMPOSITE: lambda draft, asked: _given(_composite_params(draft, asked)),
    Kind.REQUEST: _request_params,
}


def _common(draft: Draft, asked: _Asked) -> Params:
    kept = json.loads(draft.rest) if _is_object(draft.rest) else {}
    return kept | {
        "AlarmName": asked.need("name", draft.name, "Give it a name."),
        "AlarmDescription": draft.description,
        "ActionsEnabled": draft.actions_enabled,
        "OKActions": list(draft.ok_actions),
        "AlarmActions": list(draft.alarm_actions),
        "InsufficientDataActions": list(draft.insufficient_actions),
        "Tags": [{"Key": key, "Value": value} for key, value in draft.tags],
    }


def _is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False


def _metric(of: Draft | QueryDraft, asked: _Asked, place: str) -> Params:
    if not of.namespace or not of.metric:
        asked.missing[f"{place}metric"] = "Choose a metric."
    pairs = []
    for line in of.dimensions.split("\n"):
        name, equals, value = line.partition("=")
        if equals and name and value:
            pairs.append({"Name": name, "Value": value})
        elif line:
            asked.errors[f"{place}metric"] = f"{line!r} is no dimension; write Name=Value, one a line"
    return _given({"Namespace": of.namespace or None, "MetricName": of.metric or None, "Dimensions": pairs})


def _statistic(text: str, asked: _Asked) -> Params:
    if not asked.need("statistic", text, "Choose a statistic."):
        return {}
    return {"Statistic" if text in set(PLAIN) else "ExtendedStatistic": text}


def _period(asked: _Asked, place: str, text: str) -> int | None:
    asked.need(place, text.strip(), "Choose a period.")
    return asked.whole(place, text)


def _threshold(draft: Draft, asked: _Asked) -> Params:
    asked.need("threshold", draft.threshold.strip(), "Give the value that must not be crossed.")
    return {"ComparisonOperator": draft.comparison, "Threshold": asked.number("threshold", draft.threshold)}


def _evaluation(draft: Draft, asked: _Asked) -> Params:
    asked.need("n", draft.n.strip(), "Say how many periods are looked at.")
    windows: Mapping[str, Params] = {
        "sliding": {"SlidingWindow": {}},
        "clock": {"WallClockWindow": {"Timezone": draft.timezone} if draft.timezone else {}},
    }
    return {
        "EvaluationPeriods": asked.whole("n", draft.n),
        "DatapointsToAlarm": asked.whole("m", draft.m),
        "TreatMissingData": draft.missing or None,
        "EvaluateLowSampleCountPercentile": draft.low_samples or None,
        "EvaluationWindow": windows.get(draft.window),
        "WarmUpConfiguration": _warm_up(draft, asked),
    }


def _warm_up(draft: Draft, asked: _Asked) -> Params | None:
    minutes = asked.whole("warm_up", draft.warm_up)
    if minutes is None:
        return None
    whole = {"yes": True, "no": False}.get(draft.warm_up_whole)
    return _given({"WarmUpPeriodDurationInMinutes": minutes, "OnlyStartEvaluatingAfterWarmUpPeriodEnds": whole})


def _given(params: Params) -> Params:
    """Leave out what was not given: None and empty lists."""
    return {name: value for name, value in params.items() if value is not None and value != []}


_PLACES: Final = (
    (r"AlarmName", "name"),
    (r"AlarmDescription", "description"),
    (r"MetricName|Namespace|Dimensions\b.*", "metric"),
    (r"(Extended)?Statistic", "statistic"),
    (r"Period", "period"),
    (r"Unit", "unit"),
    (r"Threshold", "threshold"),
    (r"ThresholdMetricId", "threshold_id"),
    (r"ComparisonOperator", "comparison"),
    (r"EvaluationPeriods", "n"),
    (r"DatapointsToAlarm", "m"),
    (r"TreatMissingData", "missing"),
    (r"EvaluateLowSampleCountPercentile", "low_samples"),
    (r"EvaluationWindow\b.*", "window"),
    (r"WarmUpConfiguration\b.*", "warm_up"),
    (r"AlarmRule", "rule"),
    (r"ActionsSuppressor", "suppressor"),
    (r"ActionsSuppressorWaitPeriod", "suppressor_wait"),
    (r"ActionsSuppressorExtensionPeriod", "suppressor_extension"),
    (r"OKActions\b.*", "ok_actions"),
    (r"AlarmActions\b.*", "alarm_actions"),
    (r"InsufficientDataActions\b.*", "insufficient_actions"),
    (r"Tags\b.*", "tags"),
    (r"Metrics", "queries"),
)
"""AWS's field path → the form's field."""
_IN_QUERY: Final = (
    (r"Id", "id"),
    (r"MetricStat\.Metric\b.*", "metric"),
    (r"MetricStat\.Stat", "statistic"),
    (r"(MetricStat\.)?Period", "period"),
    (r"MetricStat\.Unit", "unit"),
    (r"Expression", "expression"),
    (r"Label", "label"),
    (r"AccountId", "account_id"),
)


def _placed(draft: Draft, errors: Mapping[str, str]) -> dict[str, str]:
    """Give AWS's field paths the names of the form's fields; of two sentences for one field the first stays."""
    found: dict[str, str] = {}
    for path, sentence in errors.items():
        found.setdefault(place_of(draft.kind, path), sentence)
    return found


def place_of(kind: Kind, path: str) -> str:
    """Give the form's field for a path of the request.

    >>> place_of(Kind.METRIC, "Threshold"), place_of(Kind.MATH, "Metrics[1].Expression")
    ('threshold', 'queries.1.expression')
    """
    if kind is Kind.REQUEST:
        return "document"
    query = re.fullmatch(r"Metrics\[(\d+)\]\.?(.*)", path)
    if query is None:
        return _matched(_PLACES, path)
    inner = _matched(_IN_QUERY, query[2])
    if kind is Kind.BAND:
        return "width" if query[1] == "1" else inner or "metric"
    return f"queries.{query[1]}.{inner or 'id'}"


def _matched(table: tuple[tuple[str, str], ...], path: str) -> str:
    return next((place for pattern, place in table if re.fullmatch(pattern, path)), "")


def live_alarm(draft: Draft) -> Alarm | None:
    """Give the alarm as it was when this draft began, or None for a new one."""
    if not _is_object(draft.live):
        return None
    try:
        return parse(json.loads(draft.live))
    except DefinitionErrors:
        return None


def field_errors(checked: Checked, place: str) -> Iterator[str]:
    """Give what is wrong with a field, and with the parts of it."""
    for where, sentence in checked.errors.items():
        if where == place or where.startswith(f"{place}."):
            yield sentence
