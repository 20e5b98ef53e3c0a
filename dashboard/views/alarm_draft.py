"""A draft of an alarm: every field as it was typed, right or wrong, and its way into a link and back.

A draft is what a form holds, not what an alarm is: a threshold may be `7o`. `dashboard.views.alarm_form` makes request
parameters of it, and says what is wrong beside which field. What a link holds is not trusted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from dashboard.views import draft_text
from dashboard.views.draft_text import DraftError, Reader, many, pairs, text, texts


class Kind(StrEnum):
    """What the form asks for."""

    METRIC = "metric"
    MATH = "math"
    BAND = "band"
    COMPOSITE = "composite"
    REQUEST = "request"
    """The request itself, as JSON: for alarms that have no fields here, such as PromQL and log alarms."""


@dataclass(frozen=True, slots=True)
class QueryDraft:
    """One line of a metric-math alarm: a metric, or an expression where `expression` is not None.

    `id`, `label` and `account_id` are MetricDataQuery's; `namespace`, `metric`, `statistic`, `unit` its MetricStat's.
    """

    id: str = ""
    namespace: str = ""
    metric: str = ""
    dimensions: str = ""
    """One `Name=Value` a line."""
    statistic: str = "Average"
    period: str = "60"
    """Seconds; of an expression empty, but where it needs its own."""
    unit: str = ""
    expression: str | None = None
    label: str = ""
    watched: bool = False
    """Its values are compared with the threshold, or are the band (`ReturnData`)."""
    account_id: str = ""


@dataclass(frozen=True, slots=True)
class MarkedIncident:
    """A span in which the alarm should page, marked on the chart: `start` and `end` as instants stand in links."""

    start: str
    end: str


@dataclass(frozen=True, slots=True)
class Draft:
    """The form. Numbers are as typed; an empty text was not given.

    `kind` decides which of the fields are asked for; the others keep what they hold. AWS's members under house names:
    `name`, `description`, `namespace`, `metric`, `statistic`, `period` (seconds), `unit`, `comparison`, `threshold`,
    `n` (evaluation periods), `missing` (TreatMissingData), `low_samples`, `timezone`, `rule`, `actions_enabled`,
    `ok_actions`, `alarm_actions`, `insufficient_actions`, `tags`; of a composite `suppressor`, and in seconds
    `suppressor_wait` and `suppressor_extension`; of a band `band_comparison`; of metric math `queries`. `incidents` are
    marked on the chart. `topic_protocol`, `policy_name`, `policy_kind`, `policy_target` and `policy_metric` are AWS's.
    """

    kind: Kind = Kind.METRIC
    name: str = ""
    description: str | None = None
    namespace: str = ""
    metric: str = ""
    dimensions: str = ""
    """One `Name=Value` a line."""
    statistic: str = "Average"
    period: str = "60"
    unit: str = ""
    comparison: str = "GreaterThanThreshold"
    threshold: str = ""
    width: str = "2"
    """Standard deviations between what is usual and the edge of the band."""
    band_comparison: str = "LessThanLowerOrGreaterThanUpperThreshold"
    m: str = ""
    """Datapoints that must breach; empty: all of the evaluated ones."""
    n: str = "1"
    missing: str = ""
    low_samples: str = ""
    window: str = ""
    """`sliding`, `clock` or not given, which slides."""
    timezone: str = ""
    warm_up: str = ""
    """Minutes."""
    warm_up_whole: str = ""
    """`yes`, `no` or not given: whether the whole warm-up is waited for, even where data come earlier."""
    queries: tuple[QueryDraft, ...] = ()
    threshold_id: str = ""
    """Of metric math against a band: the id of the band."""
    rule: str = ""
    suppressor: str = ""
    suppressor_wait: str = ""
    suppressor_extension: str = ""
    actions_enabled: bool = True
    ok_actions: tuple[str, ...] = ()
    alarm_actions: tuple[str, ...] = ()
    insufficient_actions: tuple[str, ...] = ()
    tags: tuple[tuple[str, str], ...] = ()
    document: str = ""
    """The request as JSON, where that is the form."""
    rest: str = ""
    """Members of the request that have no field here, as JSON: kept, never dropped."""
    live: str = ""
    """The request of the alarm that is edited, as it was when this draft began, as JSON; empty for a new one."""
    incidents: tuple[MarkedIncident, ...] = ()
    topic_name: str = ""
    """Of a topic that is about to be made; it and what follows are no part of the alarm."""
    topic_protocol: str = "email"
    topic_endpoint: str = ""
    """Who is to be told: an address, a URL or an ARN."""
    policy_group: str = ""
    """Of a scaling policy that is about to be made."""
    policy_name: str = ""
    policy_kind: str = "StepScaling"
    policy_unit: str = "ChangeInCapacity"
    """AWS's adjustment type."""
    policy_change: str = "1"
    """How many instances a simple policy adds, or takes away below 0."""
    policy_steps: str = "0 to 10: +1\n10 and more: +2"
    """One step a line, counted from the threshold."""
    policy_target: str = "50"
    policy_metric: str = "ASGAverageCPUUtilization"
    days: str = ""
    """Days that are replayed; empty for two weeks."""


def document(draft: Draft) -> str:
    """Write a draft as JSON; what is as in an empty form is left out."""
    return draft_text.written(draft)


def read_document(found: str) -> Draft:
    """Read what `document` wrote; raises DraftError for what no form could have written."""
    return draft_text.read(Draft, found, _READERS)


def _kind(held: object) -> Kind:
    if held not in list(Kind):
        raise DraftError(f"{str(held)[:40]!r} is no kind of alarm; known are {', '.join(Kind)}")
    return Kind(str(held))


def _text_or_none(held: object) -> str | None:
    return None if held is None else text(held)


_READERS: Final[Mapping[str, Reader]] = {
    "kind": _kind,
    "expression": _text_or_none,
    "description": _text_or_none,
    "queries": lambda held: tuple(draft_text.part(QueryDraft, each, _READERS) for each in many(held)),
    "incidents": lambda held: tuple(MarkedIncident(*each) for each in pairs(held)),
    "tags": pairs,
    "ok_actions": texts,
    "alarm_actions": texts,
    "insufficient_actions": texts,
}
