"""CloudWatch Logs: metric filters, and trying a pattern on lines."""

from __future__ import annotations

from typing import Any, Final

from core.filter_pattern import FilterPattern, FilterPatternError, PatternKind, parse
from demo.aws.errors import AwsError
from demo.aws.log_frame import LogFrame, answer, invalid
from demo.logs.filters import MOST, MOST_DIMENSIONS, MetricFilter

PAGE: Final = 50
EXTRAS: Final = ("applyOnTransformedLogs", "fieldSelectionCriteria", "emitSystemFieldDimensions")


class LogFilters(LogFrame):
    """PutMetricFilter, DescribeMetricFilters, DeleteMetricFilter, TestMetricFilter."""

    def put_metric_filter(self) -> Any:
        """Make a filter, or change the one of this name; it counts what comes in from now on."""
        kept = self.named(self.params["logGroupName"])
        self.refuse_class(kept, "PutMetricFilter")
        pattern = pattern_of(self.params["filterPattern"])
        transformation = self.params["metricTransformations"][0]
        _check(transformation, pattern)
        name = self.params["filterName"]
        there = self.book.filters(kept.name)
        if len(there) >= MOST and name not in {each.name for each in there}:
            raise AwsError("LimitExceededException", "Resource limit exceeded.")
        made = MetricFilter(
            name=name,
            pattern=pattern,
            namespace=transformation["metricNamespace"],
            metric=transformation["metricName"],
            value=transformation["metricValue"],
            created=self.now,
            default=transformation.get("defaultValue"),
            dimensions=dict(transformation.get("dimensions") or {}),
            unit=transformation.get("unit"),
            kept={extra: self.params[extra] for extra in EXTRAS if extra in self.params},
        )
        self.book.keep_filter(kept.name, made)
        return answer()

    def describe_metric_filters(self) -> Any:
        """Give the filters of a group, of all groups, or of a metric, in pages."""
        metric, namespace = self.params.get("metricName"), self.params.get("metricNamespace")
        if (metric is None) != (namespace is None):
            raise invalid("metricName and metricNamespace must be specified together.")
        group = self.params.get("logGroupName")
        names = [self.named(group).name] if group else sorted(self.groups)
        prefix = self.params.get("filterNamePrefix") or ""
        found = [
            _described(name, each)
            for name in names
            for each in self.book.filters(name)
            if each.name.startswith(prefix) and (metric is None or (each.metric, each.namespace) == (metric, namespace))
        ]
        filters, more = self.paged(found, about=f"filters {group} {prefix} {metric} {namespace}", most=PAGE)
        return answer(metricFilters=filters, **more)

    def delete_metric_filter(self) -> Any:
        """Drop a filter; its metric stays as long as metrics are kept."""
        kept = self.named(self.params["logGroupName"])
        if not self.book.drop_filter(kept.name, self.params["filterName"]):
            raise AwsError("ResourceNotFoundException", "The specified metric filter does not exist.")
        return answer()

    def test_metric_filter(self) -> Any:
        """Say which of the given messages match, and what would be taken from them."""
        pattern = pattern_of(self.params["filterPattern"])
        matches = [
            {"eventNumber": number, "eventMessage": message, "extractedValues": dict(pattern.extract(message))}
            for number, message in enumerate(self.params["logEventMessages"], start=1)
            if pattern.matches(message)
        ]
        return answer(matches=matches)


def pattern_of(text: str) -> FilterPattern:
    """Read a filter pattern; refuse what is none."""
    try:
        return parse(text)
    except FilterPatternError as error:
        raise invalid("Invalid filter pattern") from error


def _check(transformation: dict[str, Any], pattern: FilterPattern) -> None:
    dimensions = transformation.get("dimensions") or {}
    if dimensions and transformation.get("defaultValue") is not None:
        raise invalid("Invalid metric transformation: dimensions and default value are mutually exclusive properties.")
    if len(dimensions) > MOST_DIMENSIONS:
        raise invalid(
            f"Invalid metric transformation: at most {MOST_DIMENSIONS} dimensions can be assigned to a metric."
        )
    ways = [*dimensions.values(), *([transformation["metricValue"]] if _is_way(transformation["metricValue"]) else [])]
    selects = pattern.kind in {PatternKind.JSON, PatternKind.FIELDS}
    if not _is_way(transformation["metricValue"]) and not _is_number(transformation["metricValue"]):
        raise invalid(
            "Invalid metric transformation: metricValue must be a number or a selector of the filter pattern."
        )
    if ways and not selects:
        raise invalid("Invalid metric transformation: selectors need a JSON or space-delimited filter pattern.")
    if any(not _is_way(way) for way in ways):
        raise invalid("Invalid metric transformation: dimension values must be selectors of the filter pattern.")


def _is_way(text: str) -> bool:
    return text.startswith("$")


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _described(group: str, each: MetricFilter) -> dict[str, Any]:
    optional = {
        "defaultValue": each.default,
        "dimensions": dict(each.dimensions) or None,
        "unit": each.unit,
    }
    return {
        "filterName": each.name,
        "filterPattern": each.pattern.text,
        "metricTransformations": [
            {
                "metricName": each.metric,
                "metricNamespace": each.namespace,
                "metricValue": each.value,
                **{name: value for name, value in optional.items() if value is not None},
            }
        ],
        "creationTime": int(each.created.timestamp() * 1000),
        "logGroupName": group,
        **each.kept,
    }
