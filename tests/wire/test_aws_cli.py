"""The real aws CLI against the demo cloud; it speaks what it speaks, and pins its own botocore."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from tests.wire.clouds import AT, Cloud
from tests.wire.test_cloudwatch_alarms import alarm
from tests.wire.test_cloudwatch_metrics import SHOP, minutes, query, store

pytestmark = pytest.mark.wire

SPAN = ("--start-time", (AT - timedelta(hours=1)).isoformat(), "--end-time", AT.isoformat())


def as_json(value: Any) -> str:
    return json.dumps(value)


def test_get_metric_data_with_percentiles_and_pages(bare: Cloud) -> None:
    times = minutes(10)
    store(bare).put(SHOP, times, np.tile(np.arange(1.0, 101.0), (10, 1)))
    asked = [query(stat=stat, name=f"m{n}") for n, stat in enumerate(("p50", "p99", "Average"))]
    command = ("cloudwatch", "get-metric-data", *SPAN, "--metric-data-queries", as_json(asked))
    answer = bare.aws(*command)
    assert {r["Id"]: set(r["Values"]) for r in answer["MetricDataResults"]} == {
        "m0": {50.0},
        "m1": {99.0},
        "m2": {50.5},
    }
    paged = bare.aws(*command, "--page-size", "7")
    found = [v for r in paged["MetricDataResults"] if r["Id"] == "m0" for v in r["Values"]]
    assert len(found) == 10, "the CLI follows the pages by itself"


def test_501_queries_are_refused(bare: Cloud) -> None:
    asked = as_json([query(name=f"m{n}") for n in range(501)])
    with pytest.raises(RuntimeError, match=r"\(ValidationError\).*must not have a size greater than 500"):
        bare.aws("cloudwatch", "get-metric-data", *SPAN, "--metric-data-queries", asked)


def test_put_list_and_read_metrics(bare: Cloud) -> None:
    bare.aws(
        "cloudwatch",
        "put-metric-data",
        "--namespace=Shop",
        "--metric-name=Visitors",
        "--value=7",
        "--unit=Count",
        "--dimensions=Page=cart",
        f"--timestamp={(AT - timedelta(minutes=2)).isoformat()}",
    )
    assert bare.aws("cloudwatch", "list-metrics", "--namespace", "Shop")["Metrics"] == [], "listed after its delay"
    bare.advance(15 * 60)
    listed = bare.aws("cloudwatch", "list-metrics", "--namespace", "Shop")["Metrics"]
    assert listed == [
        {"Namespace": "Shop", "MetricName": "Visitors", "Dimensions": [{"Name": "Page", "Value": "cart"}]}
    ]
    command = (
        "get-metric-statistics",
        "--namespace=Shop",
        "--metric-name=Visitors",
        "--dimensions=Name=Page,Value=cart",
    )
    read = bare.aws("cloudwatch", *command, *SPAN, "--period=60", "--statistics", "Sum", "Maximum")
    assert [(p["Sum"], p["Maximum"], p["Unit"]) for p in read["Datapoints"]] == [(7.0, 7.0, "Count")]


def test_alarms(bare: Cloud) -> None:
    bare.aws("cloudwatch", "put-metric-alarm", "--cli-input-json", as_json(alarm()))
    bare.aws("cloudwatch", "put-composite-alarm", "--alarm-name=both", "--alarm-rule=ALARM(cpu-high)")
    described = bare.aws("cloudwatch", "describe-alarms", "--alarm-types", "MetricAlarm", "CompositeAlarm")
    assert [a["AlarmName"] for a in described["MetricAlarms"] + described["CompositeAlarms"]] == ["cpu-high", "both"]
    state = ("--alarm-name=cpu-high", "--state-value=ALARM", "--state-reason=drill")
    bare.aws("cloudwatch", "set-alarm-state", *state)
    history = bare.aws("cloudwatch", "describe-alarm-history", "--alarm-name", "cpu-high")["AlarmHistoryItems"]
    assert history[0]["HistorySummary"] == "Alarm updated from INSUFFICIENT_DATA to ALARM"


def test_who_am_i(bare: Cloud) -> None:
    assert bare.aws("sts", "get-caller-identity")["Account"] == "111111111111"


def test_the_world_is_answered_sensibly(cloud: Cloud) -> None:
    alarms = cloud.aws("cloudwatch", "describe-alarms", "--alarm-types", "MetricAlarm", "CompositeAlarm")
    assert "directory-cpu-high" in {a["AlarmName"] for a in alarms["MetricAlarms"]}
    assert alarms["CompositeAlarms"]
    group = cloud.aws("autoscaling", "describe-auto-scaling-groups")["AutoScalingGroups"][0]
    activities = cloud.aws("autoscaling", "describe-scaling-activities", "--max-items", "20")["Activities"]
    assert any("monitor alarm directory-cpu-high in state ALARM" in a["Cause"] for a in activities)
    assert {a["AutoScalingGroupName"] for a in activities} == {group["AutoScalingGroupName"]}
    arn = group["TargetGroupARNs"][0]
    health = cloud.aws("elbv2", "describe-target-health", "--target-group-arn", arn)["TargetHealthDescriptions"]
    assert {h["Target"]["Id"] for h in health} >= {i["InstanceId"] for i in group["Instances"]}
    assert {h["TargetHealth"]["State"] for h in health} <= {"initial", "healthy", "unhealthy", "draining"}


def test_the_world_s_percentiles_are_in_order(cloud: Cloud) -> None:
    named = ("--namespace", "AWS/ApplicationELB", "--metric-name", "TargetResponseTime")
    listed = cloud.aws("cloudwatch", "list-metrics", *named)
    metric = min(listed["Metrics"], key=lambda m: len(m["Dimensions"]))
    asked = [
        {"Id": f"m{n}", "MetricStat": {"Metric": metric, "Period": 300, "Stat": stat}}
        for n, stat in enumerate(("Minimum", "p50", "p90", "p99", "Maximum"))
    ]
    answer = cloud.aws("cloudwatch", "get-metric-data", *SPAN, "--metric-data-queries", as_json(asked))
    columns = [result["Values"] for result in answer["MetricDataResults"]]
    assert all(len(column) == 12 for column in columns)
    assert all(list(row) == sorted(row) for row in zip(*columns, strict=True))
