"""Metric filters of log groups: what one is, which there are, and what AWS says of lines held against a pattern."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Final

import botocore.session
from botocore.model import StructureShape

from cloud.clients import Clients
from cloud.faults import CloudError
from collectors.paging import pages
from collectors.snapshots import Snapshots
from collectors.store import Store
from core.filter_pattern import FilterPattern, FilterPatternError, PatternKind, parse
from core.filter_pattern.json_selectors import read_selector
from core.log_lines import EPOCH
from core.reading import Fault, Reading, Scope
from core.shapes import Problem, problems

KEPT_FOR: Final = timedelta(minutes=5)
"""Filters change when somebody changes them; ours."""
MOST_DIMENSIONS: Final = 3
MOST_IN_GROUP: Final = 100
MOST_REGEXES_IN_GROUP: Final = 5
"""Source of the three: PutMetricFilter in botocore's model of logs."""
MOST_PAIRS_AN_HOUR: Final = 1_000
"""Name/value pairs an hour from which on AWS may switch a filter off. Source: the same."""
MOST_MESSAGES: Final = 50
"""Lines in one TestMetricFilter. Source: the same, `TestEventMessages`."""
LONGEST_MESSAGE: Final = 10_000
"""Characters of a line that is sent to be tested, so that fifty of them are a small request; ours."""
_OPTIONAL: Final = ("applyOnTransformedLogs", "fieldSelectionCriteria", "emitSystemFieldDimensions")
_NUMBER: Final = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class MetricFilter:
    """A pattern whose matches become datapoints of a metric."""

    group: str
    name: str
    pattern: str
    namespace: str
    metric: str
    value: str = "1"
    """A number, or the property or field that it is taken from: `$.ms`, `$size`."""
    default: float | None = None
    """The value while lines come and none matches; None: no datapoint."""
    unit: str = ""
    """CloudWatch's word; empty for none."""
    dimensions: tuple[tuple[str, str], ...] = ()
    """Name and selector of each; every value found is a metric of its own, and charged as one."""
    other: Mapping[str, Any] = field(default_factory=dict)
    """Members that no form of ours has; they stay as they are."""
    created: datetime | None = field(default=None, compare=False)


def to_request(definition: MetricFilter) -> dict[str, Any]:
    """Give the parameters of PutMetricFilter."""
    transformation: dict[str, Any] = {
        "metricNamespace": definition.namespace,
        "metricName": definition.metric,
        "metricValue": definition.value,
    }
    if definition.default is not None:
        transformation["defaultValue"] = definition.default
    if definition.unit:
        transformation["unit"] = definition.unit
    if definition.dimensions:
        transformation["dimensions"] = dict(definition.dimensions)
    return {
        "logGroupName": definition.group,
        "filterName": definition.name,
        "filterPattern": definition.pattern,
        "metricTransformations": [transformation],
        **definition.other,
    }


def from_response(document: Mapping[str, Any]) -> MetricFilter:
    """Read an entry of DescribeMetricFilters."""
    transformation: Mapping[str, Any] = next(iter(document.get("metricTransformations") or ()), {})
    created = document.get("creationTime")
    default = transformation.get("defaultValue")
    return MetricFilter(
        str(document["logGroupName"]),
        str(document["filterName"]),
        str(document.get("filterPattern") or ""),
        str(transformation.get("metricNamespace", "")),
        str(transformation.get("metricName", "")),
        str(transformation.get("metricValue", "")),
        None if default is None else float(default),
        "" if transformation.get("unit") in {None, "None"} else str(transformation["unit"]),
        tuple((str(name), str(selector)) for name, selector in (transformation.get("dimensions") or {}).items()),
        {name: document[name] for name in _OPTIONAL if document.get(name)},
        EPOCH + timedelta(milliseconds=created) if isinstance(created, int) else None,
    )


def wrong(definition: MetricFilter, *, others: Sequence[MetricFilter] = ()) -> dict[str, str]:
    """Give what AWS would refuse, a sentence a field: name, pattern, namespace, metric, value, default, dimensions.

    `others` are the group's filters as they are now.
    """
    found: dict[str, str] = {}
    for path, sentence in (*_misshapen(definition), *_wrong(definition, others)):
        found.setdefault(path, sentence)
    return found


def _misshapen(definition: MetricFilter) -> Iterator[Problem]:
    for path, sentence in problems(to_request(definition), _input_shape()):
        place = path.rpartition(".")[2]
        yield _FIELDS.get(place, "dimensions" if "dimensions" in path else place), sentence


_FIELDS: Final[Mapping[str, str]] = {
    "logGroupName": "group",
    "filterName": "name",
    "filterPattern": "pattern",
    "metricNamespace": "namespace",
    "metricName": "metric",
    "metricValue": "value",
    "defaultValue": "default",
    "unit": "unit",
}


@cache
def _input_shape() -> StructureShape:
    model = botocore.session.Session().get_service_model("logs")
    shape = model.operation_model("PutMetricFilter").input_shape
    if not isinstance(shape, StructureShape):
        raise TypeError("PutMetricFilter takes no structure")
    return shape


def _wrong(definition: MetricFilter, others: Sequence[MetricFilter]) -> Iterator[Problem]:
    for label, text in (("name", definition.name), ("namespace", definition.namespace), ("metric", definition.metric)):
        refused = sorted(set(text) & set(":*" if label == "name" else ":*$"))
        if not text.strip():
            yield label, "this is needed"
        elif refused:
            yield label, f"{text!r} is not accepted: leave out {' and '.join(refused)}"
    if definition.namespace.startswith("AWS/"):
        yield "namespace", "AWS keeps namespaces that begin with AWS/ for itself; give one of your own"
    try:
        pattern = parse(definition.pattern)
    except FilterPatternError as error:
        yield "pattern", str(error)
        return
    yield from _wrong_values(definition, pattern)
    yield from _over_quota(definition, pattern, others)


def _wrong_values(definition: MetricFilter, pattern: FilterPattern) -> Iterator[Problem]:
    if not _NUMBER.fullmatch(definition.value) and not _is_selector(definition.value, pattern):
        yield "value", f"{definition.value!r} is no number{_selectors(pattern)}"
    if definition.default is not None and not math.isfinite(definition.default):
        yield "default", "give a number, such as 0"
    if len(definition.dimensions) > MOST_DIMENSIONS:
        yield "dimensions", f"a filter has at most {MOST_DIMENSIONS} dimensions"
    for name, selector in definition.dimensions:
        if not name or not _is_selector(selector, pattern):
            yield "dimensions", f"{selector!r} is nothing to take a dimension from{_selectors(pattern)}"
    if definition.dimensions and definition.default is not None:
        yield "default", "AWS takes no default value where there are dimensions"


def _is_selector(text: str, pattern: FilterPattern) -> bool:
    """Whether a value can be taken from there; AWS wants JSON's properties to stand in the pattern."""
    return text in pattern.fields


def _selectors(pattern: FilterPattern) -> str:
    if pattern.fields:
        return f"; the pattern has {', '.join(pattern.fields)}"
    if pattern.kind in {PatternKind.JSON, PatternKind.FIELDS}:
        return "; the pattern names no field that it could be taken from"
    return "; only patterns of JSON properties or of fields have values to take"


def _over_quota(definition: MetricFilter, pattern: FilterPattern, others: Sequence[MetricFilter]) -> Iterator[Problem]:
    beside = [each for each in others if each.name != definition.name]
    if len(beside) >= MOST_IN_GROUP:
        yield "name", f"the group has {len(beside)} metric filters, and AWS takes at most {MOST_IN_GROUP}"
    with_regex = sum(_has_regex(each.pattern) for each in beside)
    if with_regex >= MOST_REGEXES_IN_GROUP and _has_regex(pattern.rendered()):
        yield (
            "pattern",
            f"{with_regex} filters of the group have regular expressions; AWS takes at most {MOST_REGEXES_IN_GROUP}",
        )


def _has_regex(text: str) -> bool:
    try:
        return parse(text).has_regex
    except FilterPatternError:
        return False


# -- reading ----------------------------------------------------------------------------------------------------------


def snapshots(store: Store) -> Snapshots[tuple[MetricFilter, ...]]:
    """Give the shared readings of filters, by group."""
    return Snapshots(store, "metric filters", Reading[tuple[MetricFilter, ...]])


def read(clients: Clients, scope: Scope, group: str, *, now: datetime) -> Reading[tuple[MetricFilter, ...]]:
    """Give the filters of a group by name; of every group where it is empty."""
    faults: list[Fault] = []
    where = {"logGroupName": group} if group else {}
    found = [
        from_response(document)
        for page in pages(clients, scope, "logs", "DescribeMetricFilters", faults, **where)
        for document in page.get("metricFilters", ())
    ]
    return Reading(tuple(sorted(found, key=lambda each: (each.group, each.name))), now, tuple(faults))


@dataclass(frozen=True, slots=True)
class Judged:
    """What AWS says of lines: those that match, each with the values taken from it."""

    matches: Mapping[str, Mapping[str, str]]
    """By the line; a line that is not in it does not match."""


def judge(clients: Clients, scope: Scope, pattern: str, messages: Sequence[str], *, now: datetime) -> Reading[Judged]:
    """Ask AWS which of at most fifty lines a pattern finds; free. Empty lines cannot be asked about."""
    asked = [message for message in messages if message][:MOST_MESSAGES]
    if not asked:
        return Reading(Judged({}), now)
    params = {"filterPattern": pattern, "logEventMessages": asked}
    try:
        answer = clients.read(scope, "logs", "TestMetricFilter", params)
    except CloudError as error:
        return Reading(Judged({}), now, (error.to_fault(scope, "logs:TestMetricFilter"),))
    return Reading(Judged(dict(_judged(asked, answer))), now)


def _judged(asked: Sequence[str], answer: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Read the answer by its lines: where an answer leaves them out, by the number, which begins at 1."""
    for match in answer.get("matches", ()):
        place = int(match.get("eventNumber", 0)) - 1
        message = match.get("eventMessage") or (asked[place] if 0 <= place < len(asked) else "")
        values = match.get("extractedValues") or {}
        yield str(message), {str(name): str(value) for name, value in values.items()}


def selector_words(selector: str) -> str:
    """Give a dimension's name for what it is taken from.

    >>> selector_words("$.user.id"), selector_words("$status_code"), selector_words("$.a[0]")
    ('id', 'status_code', 'a_0')
    """
    way = read_selector(selector)
    if way is None:
        return selector.removeprefix("$")
    names = [str(step) for step in way.steps]
    return names[-1] if not names[-1].isdigit() or len(names) < 2 else f"{names[-2]}_{names[-1]}"
