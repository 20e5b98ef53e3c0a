"""What the alarm form offers to choose from, in words: periods, statistics, units, actions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from alarms.actions import OPS_ITEM_SEVERITIES, Ec2Action, can_act_on_instance, describe, ec2_arn, ops_item_arn
from alarms.kinds import Alarm
from alarms.shapes import cloudwatch
from collectors import catalog
from core.reading import Scope
from core.series import MetricId
from dashboard.views.alarm_draft import Kind
from dashboard.views.explorer import suggested_statistics
from dashboard.views.workbench_words import period_text
from dashboard.wording import plain

KINDS: Final[Mapping[str, str]] = {
    Kind.METRIC: "Metric",
    Kind.MATH: "Metric math",
    Kind.BAND: "Anomaly band",
    Kind.COMPOSITE: "Composite",
    Kind.REQUEST: "As JSON",
}
PERIODS: Final = (10, 20, 30, 60, 300, 900, 3600, 21_600, 86_400)
COMPARISONS: Final[Mapping[str, str]] = {
    "GreaterThanThreshold": "Above (>)",
    "GreaterThanOrEqualToThreshold": "At or above (≥)",
    "LessThanThreshold": "Below (<)",
    "LessThanOrEqualToThreshold": "At or below (≤)",
}
BAND_COMPARISONS: Final[Mapping[str, str]] = {
    "LessThanLowerOrGreaterThanUpperThreshold": "Outside the band",
    "GreaterThanUpperThreshold": "Above the band",
    "LessThanLowerThreshold": "Below the band",
}
MISSING: Final[Mapping[str, str]] = {
    "": "Missing (as AWS does by itself)",
    "missing": "Missing",
    "ignore": "Ignore",
    "breaching": "Breaching",
    "notBreaching": "Not breaching",
}
WINDOWS: Final[Mapping[str, str]] = {
    "": "Slides with every evaluation (as AWS does by itself)",
    "sliding": "Slides with every evaluation",
    "clock": "Whole periods of the clock",
}
LOW_SAMPLES: Final[Mapping[str, str]] = {
    "": "Evaluate (as AWS does by itself)",
    "evaluate": "Evaluate periods with few samples",
    "ignore": "Keep the state in periods with few samples",
}
WARM_UPS: Final[Mapping[str, str]] = {
    "": "Until there are data enough (as AWS does by itself)",
    "no": "Until there are data enough",
    "yes": "For the whole warm-up",
}
MOST_OFFERED: Final = 1_000
"""Metrics in one list; more are narrowed by words first."""


def periods() -> dict[str, str]:
    """Give the periods to offer; any other that AWS takes may be typed in seconds."""
    return {str(seconds): period_text(seconds) for seconds in PERIODS}


def statistics(metric: MetricId | None) -> dict[str, str]:
    """Give the statistics to offer, those that mean most for the metric first; any other may be typed."""
    if metric is None:
        return {name: name for name in ("Average", "Sum", "Minimum", "Maximum", "SampleCount", "p90", "p99")}
    return {name: name for name in suggested_statistics(metric)}


def units() -> dict[str, str]:
    """Give AWS's units, and none, which is nearly always right."""
    known = cloudwatch().shape_for("StandardUnit").metadata.get("enum", [])
    return {"": "Any (leave it so)"} | {unit: unit for unit in known}


def metric_names(known: Iterable[MetricId], chosen: MetricId | None, words: str = "") -> dict[MetricId, str]:
    """Give the metrics that hold every word, with the chosen one among them, and what each is called."""
    wanted = words.casefold().split()
    found = [metric for metric in known if all(word in str(metric).casefold() for word in wanted)]
    shown = sorted(found)[:MOST_OFFERED]
    if chosen is not None and chosen not in shown:
        shown.insert(0, chosen)
    return {metric: metric_name(metric) for metric in shown}


def metric_name(metric: MetricId) -> str:
    """Name a metric so that its own words come first: name, dimensions, namespace. Foreign text."""
    where = ", ".join(f"{name} {value}" for name, value in metric.dimensions)
    return plain(" · ".join(part for part in (metric.name, where, metric.namespace) if part))


def unit_name(metric: MetricId | None, statistic: str) -> str:
    """Give the unit of a threshold for its label, in small letters; empty where none is known."""
    unit = None if metric is None else catalog.unit_of(metric, statistic)
    return "" if unit in {None, "None", "Count"} else str(unit).casefold()


def action_label(arn: str) -> str:
    """Say what an action does, to choose it by; foreign text.

    >>> action_label("arn:aws:sns:us-east-1:111111111111:ops")
    'Notifies the topic ops'
    """
    words = plain(describe(arn).words)
    return words[:1].upper() + words[1:]


def built_in_actions(alarm: Alarm | None, scope: Scope) -> dict[str, str]:
    """Give the actions that need no resource of their own: what the alarm may do to its instance, and OpsItems."""
    found = [
        ec2_arn(action, scope.region)
        for action in Ec2Action
        if alarm is not None and can_act_on_instance(alarm, action).allowed
    ]
    found += [ops_item_arn(severity, scope) for severity in OPS_ITEM_SEVERITIES]
    return {arn: action_label(arn) for arn in found}


def caret(text: str, sentence: str) -> str:
    """Give the text with a mark under the character that a sentence names; empty where it names none.

    >>> print(caret("m1 + * 2", "at character 6: …"))
    m1 + * 2
         ^
    """
    match = re.search(r"at character (\d+)", sentence)
    if match is None:
        return ""
    before = int(match[1]) - 1
    line_start = text.rfind("\n", 0, before) + 1
    line_end = text.find("\n", before)
    line = text[line_start : line_end if line_end >= 0 else len(text)]
    return f"{plain(line.expandtabs(1))}\n{' ' * (before - line_start)}^"
