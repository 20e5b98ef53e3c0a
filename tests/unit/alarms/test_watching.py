"""What a metric-math alarm watches: its expression's series, and the band beside it."""

from typing import Any

import numpy as np
import pytest

from alarms.evaluation import StateValue, evaluate, evaluation_span
from alarms.notation import series
from alarms.watching import watched
from core.metric_math import MathError
from core.series import Series
from core.timespan import from_epoch
from tests.unit.alarms.lines import START, alarm

ABSENT: dict[str, Any] = dict.fromkeys(("MetricName", "Namespace", "Statistic", "Period"))
AT = from_epoch(START + 300)


def metric(name: str, **members: Any) -> dict[str, Any]:
    stat = {"Metric": {"Namespace": "App", "MetricName": name}, "Period": 60, "Stat": "Sum"}
    return {"Id": name, "MetricStat": stat, "ReturnData": False} | members


def test_an_expression_is_watched() -> None:
    rate = {"Id": "rate", "Expression": "errors / requests * 100"}
    made = alarm(**ABSENT | {"Metrics": [metric("errors"), metric("requests"), rate]})
    inputs = {
        "errors": series("0 1 1 1 1", period=60, start=START),
        "requests": series("10 10 10 _ 10", period=60, start=START),
    }
    found = watched(made, inputs, span=evaluation_span(made, at=AT))
    assert found.series.values.tolist() == [0, 10, 10, 10]
    assert evaluate(made, found.series, at=AT, previous=StateValue.OK).state is StateValue.ALARM


def test_a_band_is_learnt_from_history() -> None:
    band = {"Id": "ad1", "Expression": "ANOMALY_DETECTION_BAND(m1, 2)"}
    made = alarm(
        **ABSENT
        | {
            "Metrics": [metric("m1", ReturnData=True), band],
            "Threshold": None,
            "ThresholdMetricId": "ad1",
            "ComparisonOperator": "GreaterThanUpperThreshold",
        }
    )
    hours = np.arange(START - 3 * 86_400, START, 60)
    history = {"m1": Series(hours, (10.0 + hours // 60 % 3).astype(np.float64), 60)}
    inputs = {"m1": series("11 13 14 14 14", period=60, start=START)}
    found = watched(made, inputs, span=evaluation_span(made, at=AT), history=history)
    evaluation = evaluate(made, found.series, at=AT, previous=StateValue.OK, band=found.band)
    assert evaluation.state is StateValue.ALARM
    assert evaluation.reason.startswith("Thresholds Crossed: 3 datapoints [14.0 (23/11/26 10:04:00), 14.0 ")
    assert evaluation.reason_data["recentUpperThresholds"] == [pytest.approx(13.9652)] * 3


def test_several_series_are_too_many() -> None:
    made = alarm(**ABSENT | {"Metrics": [metric("m1"), metric("m2"), {"Id": "e1", "Expression": "METRICS() * 2"}]})
    inputs = {name: series("1", period=60, start=START) for name in ("m1", "m2")}
    with pytest.raises(MathError, match="e1, at character 1: the expression gives 2 series; an alarm watches one"):
        watched(made, inputs, span=evaluation_span(made, at=AT))


def test_a_single_metric_is_watched_as_it_is() -> None:
    only = series("1 2", period=60, start=START)
    span = evaluation_span(alarm(), at=AT)
    assert watched(alarm(), {"m1": only}, span=span).series is only
    assert len(watched(alarm(), {}, span=span).series) == 0


def test_what_aws_alone_evaluates_is_not_watched() -> None:
    query = {"Id": "q1", "Expression": 'SELECT MAX(x) FROM "y"', "Period": 60}
    made = alarm(**ABSENT | {"Metrics": [query]})
    with pytest.raises(ValueError, match="high-cpu is not evaluated here: Metrics Insights"):
        watched(made, {}, span=evaluation_span(made, at=AT))
