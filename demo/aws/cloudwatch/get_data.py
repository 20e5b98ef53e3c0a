"""GetMetricData: many metrics and expressions in one call, in pages."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from moto.core.responses import ActionResult

from core.metric_math import DataQuery, MathError
from core.series import Series
from core.statistics import Statistic
from core.timespan import check_period
from demo.aws.cloudwatch.base import CloudWatchBase, malformed, metric_id, read_token, write_token
from demo.aws.encoding import Numbers, Prepared, Stamps
from demo.metric_labels import default_labels, filled
from demo.metric_queries import Reader
from demo.usage import metrics_of

MAX_QUERIES: Final = 500
MAX_DATAPOINTS: Final = 100_800
"""https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html"""
ID: Final = re.compile(r"[a-z][a-zA-Z0-9_]*")


@dataclass(frozen=True, slots=True)
class Result:
    """One series of the answer."""

    id: str
    label: str
    series: Series
    forbidden: bool = False


class GetMetricData(CloudWatchBase):
    def get_metric_data(self) -> ActionResult:
        given = self.params
        queries = _queries(given["MetricDataQueries"])
        if given["StartTime"] >= given["EndTime"]:
            malformed("The parameter StartTime must be less than the parameter EndTime.")
        size = int(given.get("MaxDatapoints") or MAX_DATAPOINTS)
        if not 1 <= size <= MAX_DATAPOINTS:
            malformed(f"The parameter MaxDatapoints must be between 1 and {MAX_DATAPOINTS}.")
        billed = metrics_of(given["MetricDataQueries"])
        self._ground.bills.taps.add(self.scope, ("AmazonCloudWatch", "CW:GMD-Metrics"), billed, at=self.now)
        token = read_token(given["NextToken"]) if given.get("NextToken") else {}
        now = int(token.get("now", self.now.timestamp()))
        results = self._results(queries, now)
        newest_first = given.get("ScanBy", "TimestampDescending") == "TimestampDescending"
        skip = int(token.get("skip", 0))
        shown, whole = _page(results, skip, size, newest_first=newest_first)
        following = None if whole else write_token({"skip": skip + size, "now": now})
        return Prepared({"MetricDataResults": shown, "NextToken": following, "Messages": []})

    def _results(self, queries: Sequence[DataQuery], now: int) -> list[Result]:
        """Answer what this account may read; another account's metrics are forbidden, as none is linked."""
        own = [q for q in queries if q.account_id in {None, self.scope.account}]
        start, end = self.params["StartTime"].timestamp(), self.params["EndTime"].timestamp()
        reader = Reader(self.store, start=start, end=end, now=now)
        try:
            found = reader.answer(own)
        except MathError as error:
            malformed(f"Error in expression '{error.query or ''}': {error.message}")
        labels = default_labels(queries)
        results = []
        for query in queries:
            if not query.return_data:
                continue
            if query not in own:
                results.append(Result(query.id, labels[query.id], Series.empty(60), forbidden=True))
            results += [
                Result(query.id, self._label(query, series, labels[query.id]), series)
                for series in found.get(query.id, ())
            ]
        return results

    def _label(self, query: DataQuery, series: Series, default: str) -> str:
        usual = series.label or default if query.metric is None else default
        if query.label is None:
            return usual
        return filled(query.label, series, query, scope=self.scope, default=usual)


def _queries(given: Sequence[Mapping[str, Any]]) -> list[DataQuery]:
    if len(given) > MAX_QUERIES:
        malformed(f"The collection MetricDataQueries must not have a size greater than {MAX_QUERIES}.")
    ids = [query["Id"] for query in given]
    for n, name in enumerate(ids, 1):
        if not ID.fullmatch(name):
            path = f"MetricDataQueries.member.{n}.Id"
            malformed(f"The value {name} for parameter {path} is not matching the expected pattern ^{ID.pattern}$.")
    if len(set(ids)) < len(ids):
        malformed("The values for parameter Id in MetricDataQueries are not unique.")
    return [_query(query, f"MetricDataQueries.member.{n}") for n, query in enumerate(given, 1)]


def _query(given: Mapping[str, Any], path: str) -> DataQuery:
    stat, expression = given.get("MetricStat"), given.get("Expression")
    if stat is None and expression is None:
        malformed(f"The parameter {path}.MetricStat is required.\n")
    if stat is not None and expression is not None:
        malformed(f"The parameters {path}.MetricStat and {path}.Expression are mutually exclusive.")
    if expression is not None and expression.lstrip().upper().startswith("SELECT"):
        malformed("The demo cloud does not answer Metrics Insights queries.")
    if stat is None:
        period = given.get("Period")
        _check_period(period, f"{path}.Period")
        return _shared(given, period=period, expression=expression)
    _check_period(stat["Period"], f"{path}.MetricStat.Period")
    _check_statistic(stat["Stat"], f"{path}.MetricStat.Stat")
    for name in ("Namespace", "MetricName"):
        if not stat["Metric"].get(name):
            malformed(f"The parameter {path}.MetricStat.Metric.{name} is required.")
    return _shared(
        given, period=stat["Period"], metric=metric_id(stat["Metric"]), statistic=stat["Stat"], unit=stat.get("Unit")
    )


def _shared(given: Mapping[str, Any], **rest: Any) -> DataQuery:
    return DataQuery(
        id=given["Id"],
        label=given.get("Label"),
        return_data=given.get("ReturnData", True),
        account_id=given.get("AccountId"),
        **rest,
    )


def _check_period(period: int | None, path: str) -> None:
    if period is None:
        return
    try:
        check_period(period)
    except ValueError:
        malformed(f"The parameter {path} must be 1, 5, 10, 20, 30, or a multiple of 60.")


def _check_statistic(text: str, path: str) -> None:
    try:
        Statistic.parse(text)
    except ValueError:
        malformed(f"The value {text} for parameter {path} is not supported.")


def _page(results: Sequence[Result], skip: int, size: int, *, newest_first: bool) -> tuple[list[dict[str, Any]], bool]:
    """Give the results with the datapoints numbered skip … skip + size, and whether those are the last.

    The first page names every result; a later one those that it holds datapoints of.
    """
    shown: list[dict[str, Any]] = []
    before = 0
    for result in results:
        low, high = max(skip - before, 0), min(skip + size - before, len(result.series))
        if low < high or (skip == 0 and not len(result.series)):
            shown.append(_document(result, low, high, newest_first=newest_first))
        before += len(result.series)
    return shown, skip + size >= before


def _document(result: Result, low: int, high: int, *, newest_first: bool) -> dict[str, Any]:
    step = -1 if newest_first else 1
    times, values = result.series.times[::step][low:high], result.series.values[::step][low:high]
    status = "Forbidden" if result.forbidden else "PartialData" if high < len(result.series) else "Complete"
    messages = [{"Code": "Forbidden", "Value": "This account is not linked to the metric's."}]
    return {
        "Id": result.id,
        "Label": result.label,
        "Timestamps": Stamps(times),
        "Values": Numbers(values),
        "StatusCode": status,
        "Messages": messages if result.forbidden else None,
    }
