"""How GetMetricData names its results: default labels, and `${…}` in labels that were given."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from core.metric_math import DataQuery
from core.reading import Scope
from core.series import MetricId, Series
from core.timespan import from_epoch

DYNAMIC = re.compile(r"\$\{(?P<name>[A-Z]+)(?:\(\s*['\"](?P<of>[^'\"]+)['\"]\s*\))?\}")
"""https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/graph-dynamic-labels.html"""

SUMMARIES: Mapping[str, Callable[[Series], float]] = {
    "AVG": lambda series: float(series.values.mean()),
    "MIN": lambda series: float(series.values.min()),
    "MAX": lambda series: float(series.values.max()),
    "SUM": lambda series: float(series.values.sum()),
    "FIRST": lambda series: float(series.values[0]),
    "LAST": lambda series: float(series.values[-1]),
}


def default_labels(queries: Sequence[DataQuery]) -> dict[str, str]:
    """Give each query's label where the request gives none: what tells its metric from the others'; else its id."""
    metrics = {query.id: _parts(query.metric, query) for query in queries if query.metric is not None}
    differing = _differing(list(metrics.values()))
    labels = {}
    for query in queries:
        parts = metrics.get(query.id)
        if parts is None:
            labels[query.id] = query.id
        else:
            labels[query.id] = " ".join(parts[name] for name in differing if name in parts) or parts["MetricName"]
    return labels


def metric_labels(metrics: Sequence[MetricId]) -> list[str]:
    """Give what tells each of these metrics from the others, such as those that a SEARCH found."""
    parts = [_metric_parts(metric) for metric in metrics]
    differing = _differing(parts)
    return [" ".join(p[name] for name in differing if name in p) or p["MetricName"] for p in parts]


def filled(label: str, series: Series, query: DataQuery, *, scope: Scope, default: str) -> str:
    """Fill a label's `${…}` from the series and its metric; what is not known stays as it is written."""

    def value(match: re.Match[str]) -> str:
        name, of = match["name"], match["of"]
        if name == "LABEL":
            return default
        if name == "PROP" and of:
            return _property(of, query, scope) or match[0]
        if name in SUMMARIES:
            return _number(SUMMARIES[name](series)) if len(series) else "--"
        return _moment(name, series) or match[0]

    return DYNAMIC.sub(value, label)


def _parts(metric: MetricId, query: DataQuery) -> dict[str, str]:
    return _metric_parts(metric) | {"Stat": query.statistic or "", "Period": str(query.period)}


def _metric_parts(metric: MetricId) -> dict[str, str]:
    dimensions = {f"Dim.{name}": value for name, value in metric.dimensions}
    return dimensions | {"Namespace": metric.namespace, "MetricName": metric.name}


def _differing(parts: Sequence[Mapping[str, str]]) -> list[str]:
    names = dict.fromkeys(name for part in parts for name in part)
    found = [name for name in names if len({part.get(name) for part in parts}) > 1]
    dimensions = [name for name in found if name.startswith("Dim.")]
    rest = [name for name in ("MetricName", "Stat", "Period", "Namespace") if name in found]
    if rest and not dimensions and "MetricName" not in rest:
        return ["MetricName", *rest]
    return [*dimensions, *rest]


def _property(name: str, query: DataQuery, scope: Scope) -> str | None:
    known = {"Region": scope.region, "AccountId": scope.account, "Stat": query.statistic, "Period": query.period}
    if name in known:
        return None if known[name] is None else str(known[name])
    return None if query.metric is None else _metric_parts(query.metric).get(name)


def _moment(name: str, series: Series) -> str | None:
    places = {"FIRSTTIME": 0, "LASTTIME": -1}
    at = {"MINTIME": "argmin", "MAXTIME": "argmax"}
    if not (name.endswith("TIME") and len(series)):
        return None
    place = places.get(name.replace("_", ""))
    if place is None and name in at:
        place = int(getattr(series.values, at[name])())
    return None if place is None else f"{from_epoch(int(series.times[place])):%Y-%m-%d %H:%M} UTC"


def _number(value: float) -> str:
    return f"{value:.3f}".rstrip("0").rstrip(".")
