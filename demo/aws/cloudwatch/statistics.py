"""GetMetricStatistics: one metric, several statistics, at most 1,440 datapoints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from moto.core.responses import ActionResult

from core.statistics import Statistic
from core.timespan import check_period, from_epoch
from demo.aws.cloudwatch.base import CloudWatchBase, invalid, invalid_together, metric_id, missing
from demo.aws.encoding import Prepared
from demo.metric_queries import anchor, read_metric

MAX_DATAPOINTS: Final = 1440
"""https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricStatistics.html"""
MAX_EXTENDED: Final = 10


class GetMetricStatistics(CloudWatchBase):
    def get_metric_statistics(self) -> ActionResult:
        given = self.params
        plain, extended = self._statistics()
        period = self._period()
        now, start = int(self.now.timestamp()), given["StartTime"].timestamp()
        first = anchor(start, period=period, now=now)
        end = -int(-given["EndTime"].timestamp() // 1)
        _check_datapoints(first, end, period)
        metric = metric_id(given)
        unit = given.get("Unit")
        datapoints: dict[int, dict[str, Any]] = {}
        for statistic in (*plain, *extended):
            series = read_metric(self.store, metric, statistic, start=first, end=end, period=period, now=now, unit=unit)
            for time, value in zip(series.times.tolist(), series.values.tolist(), strict=True):
                _add(datapoints.setdefault(time, {"Timestamp": from_epoch(time)}), statistic, value)
        kept_unit = self.store.unit(metric) or "None"
        points = [{**point, "Unit": kept_unit} for _, point in sorted(datapoints.items())]
        return Prepared({"Label": given["MetricName"], "Datapoints": points})

    def _statistics(self) -> tuple[Sequence[Statistic], Sequence[Statistic]]:
        plain = self.params.get("Statistics") or []
        extended = self.params.get("ExtendedStatistics") or []
        if not plain and not extended:
            missing("At least one of the parameters Statistics and ExtendedStatistics must be specified.")
        if plain and extended:
            invalid_together("The parameters Statistics and ExtendedStatistics are mutually exclusive.")
        parsed = []
        for text in extended:
            try:
                parsed.append(Statistic.parse(text))
            except ValueError:
                invalid(f"The value {text} for parameter ExtendedStatistics is not supported.")
        return [Statistic.parse(text) for text in plain], parsed

    def _period(self) -> int:
        period = int(self.params["Period"])
        try:
            check_period(period)
        except ValueError:
            invalid("The parameter Period must be 1, 5, 10, 20, 30, or a multiple of 60.")
        if self.params["StartTime"] >= self.params["EndTime"]:
            invalid_together("The parameter StartTime must be less than the parameter EndTime.")
        return period


def _check_datapoints(start: int, end: int, period: int) -> None:
    wanted = -(-(end - start) // period)
    if wanted > MAX_DATAPOINTS:
        invalid_together(
            f"You have requested up to {wanted:,} datapoints, which exceeds the limit of {MAX_DATAPOINTS:,}. "
            "You may reduce the datapoints requested by increasing Period, or decreasing the time range."
        )


def _add(point: dict[str, Any], statistic: Statistic, value: float) -> None:
    if statistic.is_extended:
        point.setdefault("ExtendedStatistics", {})[str(statistic)] = value
    else:
        point[str(statistic)] = value
