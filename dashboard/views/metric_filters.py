"""The form of a metric filter, checked as it is typed; and the metric filters of a group, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import pandas as pd

from access.changes import ChangePlan
from collectors.logs.groups import LogGroup
from collectors.logs.metric_filters import (
    MOST_DIMENSIONS,
    MetricFilter,
    from_response,
    selector_words,
    wrong,
)
from core.filter_pattern import FilterPattern, FilterPatternError, parse
from core.filter_pattern.values import number_in
from dashboard.log_state import LONGEST_GROUP, LONGEST_PATTERN
from dashboard.state import LONGEST_NAME, Params
from dashboard.wording import NO_VALUE, plain

NO_UNIT: Final = "None"
UNITS: Final = (NO_UNIT, "Count", "Milliseconds", "Seconds", "Bytes", "Percent", "Count/Second", "Bytes/Second")
"""The units that people use; a filter that has another keeps it."""
COUNTS: Final = "1"


@dataclass(frozen=True, slots=True)
class FilterDraft:
    """What a person filled in, as it was typed."""

    group: str
    """The log group."""
    pattern: str = ""
    """The filter pattern; it may be wrong."""
    name: str = ""
    """The filter's name."""
    namespace: str = ""
    """The metric's namespace."""
    metric: str = ""
    """The metric's name."""
    value: str = COUNTS
    """A number, or a field of the pattern."""
    default: str = ""
    """A number, or nothing."""
    unit: str = NO_UNIT
    """CloudWatch's word."""
    dimensions: tuple[str, ...] = ()
    """Fields of the pattern."""


@dataclass(frozen=True, slots=True)
class CheckedFilter:
    """A form, checked."""

    draft: FilterDraft
    """As it was typed."""
    definition: MetricFilter
    """What was filled in; it can be applied where `errors` is empty."""
    pattern: FilterPattern | None
    """The pattern as it is understood; None where it is wrong."""
    errors: Mapping[str, str]
    """What is wrong, a sentence a field; foreign text."""
    words: str
    """Which lines the pattern finds; empty where it is wrong. Foreign text."""
    fields: tuple[str, ...]
    """What value and dimensions can be taken from."""
    live: MetricFilter | None
    """The filter that has the name now."""
    missing: Mapping[str, str] = field(default_factory=dict)
    """Fields that are still empty and must not be, with what belongs there."""

    @property
    def ready(self) -> bool:
        """Whether AWS would take it, as far as is known here."""
        return not self.errors and not self.missing


def draft_of(live: MetricFilter) -> FilterDraft:
    """Give the form for changing a filter."""
    return FilterDraft(
        live.group, live.pattern, live.name, live.namespace, live.metric, live.value,
        "" if live.default is None else f"{live.default:g}", live.unit or NO_UNIT,
        tuple(selector for _, selector in live.dimensions),
    )  # fmt: skip


def suggested(group: str, pattern: str) -> FilterDraft:
    """Give a form that only needs a look: names after the group, counting what matches."""
    last = group.rstrip("/").rpartition("/")[2] or group
    return FilterDraft(group, pattern, f"{last}-matches", "Logs", f"{last}-matches", default="0")


NAMES: Final = ("filter", "name", "namespace", "metric", "value", "default", "unit", "dimension")
"""Names in the URL that belong to the form; group and pattern are shared by the pages about logs."""


def params(draft: FilterDraft) -> dict[str, str | list[str]]:
    """Give the URL's values of a form; what is the default is left out."""
    start = FilterDraft(draft.group)
    found: dict[str, str | list[str]] = {"filter": "new", "group": draft.group}
    for name in ("pattern", "name", "namespace", "metric", "value", "default", "unit"):
        if getattr(draft, name) != getattr(start, name):
            found[name] = getattr(draft, name)
    if draft.dimensions:
        found["dimension"] = list(draft.dimensions)
    return found


def read_draft(found: Params) -> FilterDraft | None:
    """Give the form that a URL asks for; None where it asks for none. What it holds is typed text, and not trusted."""
    texts = {name: (values or ("",))[0][:LONGEST_PATTERN] for name, values in found.items()}
    group, pattern = texts.get("group", "")[:LONGEST_GROUP], texts.get("pattern", "")
    if not group or not (texts.get("filter") or pattern):
        return None
    if not texts.get("name"):
        return suggested(group, pattern)
    typed = {name: texts[name] for name in ("namespace", "metric", "value", "default", "unit") if name in texts}
    dimensions = tuple(each[:LONGEST_NAME] for each in found.get("dimension", ()))[: MOST_DIMENSIONS + 1]
    return FilterDraft(group, pattern, texts["name"], **typed, dimensions=dimensions)


STANDARD_ONLY: Final = "AWS takes metric filters on groups of the class Standard only; this one is {log_class}."


def refusal(group: LogGroup | None) -> str:
    """Say why a group can have no metric filter; empty where it can."""
    if group is None or group.can_be_searched:
        return ""
    return STANDARD_ONLY.format(log_class=group.log_class.capitalize().replace("_", " "))


def check(draft: FilterDraft, filters: Sequence[MetricFilter], group: LogGroup | None = None) -> CheckedFilter:
    """Check what was filled in; `filters` are the group's filters as they are now, `group` is None where unknown."""
    live = next((each for each in filters if each.name == draft.name), None)
    errors = {"group": refusal(group)} if refusal(group) else {}
    default = number_in(draft.default.strip()) if draft.default.strip() else None
    if draft.default.strip() and default is None:
        errors["default"] = f"{draft.default!r} is no number; leave it empty for no datapoint"
    names = {} if live is None else {selector: name for name, selector in live.dimensions}
    definition = MetricFilter(
        draft.group, draft.name.strip(), draft.pattern, draft.namespace.strip(), draft.metric.strip(),
        draft.value.strip(), None if default is None else float(default),
        "" if draft.unit == NO_UNIT else draft.unit,
        tuple((names.get(each) or selector_words(each), each) for each in draft.dimensions),
        {} if live is None else live.other,
    )  # fmt: skip
    pattern = parsed(draft.pattern)
    missing = {name: said for name, said in _NEEDED.items() if not getattr(draft, name).strip()}
    found = {
        name: said for name, said in {**wrong(definition, others=filters), **errors}.items() if name not in missing
    }
    return CheckedFilter(
        draft, definition, pattern, found, "" if pattern is None else pattern.words(),
        () if pattern is None else pattern.fields, live, missing,
    )  # fmt: skip


_NEEDED: Final = {
    "name": "A name for the filter.",
    "namespace": "Where the metric stands, such as Directory.",
    "metric": "What the metric is called, such as SlowRequests.",
}


def parsed(text: str) -> FilterPattern | None:
    """Give a pattern as it is understood; None where it is wrong."""
    try:
        return parse(text)
    except FilterPatternError:
        return None


def made_by(plan: ChangePlan) -> MetricFilter | None:
    """Give the filter that a plan makes; None for a plan of something else."""
    return next((from_response(step.params) for step in plan.steps if step.operation == "PutMetricFilter"), None)


@dataclass(frozen=True, slots=True, eq=False)
class FilterTable:
    """The metric filters of a group."""

    filters: tuple[MetricFilter, ...]
    """In the order of the table."""
    table: pd.DataFrame
    """Filter, Finds, Metric, Value, Dimensions, Pattern; foreign text."""
    words: tuple[str, ...] = field(default=())
    """What each finds, in a sentence."""


def table(filters: Sequence[MetricFilter]) -> FilterTable:
    """Give the metric filters of a group with what each finds."""
    words = tuple(_words(each) for each in filters)
    rows = [
        {
            "Filter": plain(each.name),
            "Finds": plain(said),
            "Metric": plain(f"{each.namespace} · {each.metric}"),
            "Value": plain(each.value) + ("" if each.default is None else f", else {each.default:g}"),
            "Dimensions": plain(", ".join(name for name, _ in each.dimensions)) or NO_VALUE,
            "Pattern": plain(each.pattern),
        }
        for each, said in zip(filters, words, strict=True)
    ]
    columns = ["Filter", "Finds", "Metric", "Value", "Dimensions", "Pattern"]
    return FilterTable(tuple(filters), pd.DataFrame(rows, columns=columns, dtype="str"), words)


def _words(definition: MetricFilter) -> str:
    pattern = parsed(definition.pattern)
    return "not understood here" if pattern is None else pattern.words()
