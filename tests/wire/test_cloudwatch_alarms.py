"""Alarms over the wire: put, described, evaluated on time, their history, mute rules."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from core.series import MetricId
from tests.wire.clouds import AT, Cloud
from tests.wire.test_cloudwatch_metrics import PROTOCOLS, refused, store

pytestmark = pytest.mark.wire

CPU = MetricId("AWS/EC2", "CPUUtilization", (("AutoScalingGroupName", "directory"),))
TOPIC = "arn:aws:sns:us-east-1:111111111111:ops"


def alarm(name: str = "cpu-high", **change: Any) -> dict[str, Any]:
    return {
        "AlarmName": name,
        "Namespace": CPU.namespace,
        "MetricName": CPU.name,
        "Dimensions": [{"Name": key, "Value": value} for key, value in CPU.dimensions],
        "Statistic": "Average",
        "Period": 60,
        "EvaluationPeriods": 1,
        "Threshold": 70.0,
        "ComparisonOperator": "GreaterThanThreshold",
        **change,
    }


def feed(cloud: Cloud, *values: float) -> None:
    """Give the minutes from AT on these values."""
    start = int(AT.timestamp())
    store(cloud).put(CPU, np.arange(start, start + 60 * len(values), 60), np.array(values))


def states(client: Any) -> dict[str, str]:
    answer = client.describe_alarms(AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    return {a["AlarmName"]: a["StateValue"] for a in answer["MetricAlarms"] + answer["CompositeAlarms"]}


def summaries(client: Any, name: str, **wanted: Any) -> list[str]:
    items = client.describe_alarm_history(AlarmName=name, ScanBy="TimestampAscending", **wanted)["AlarmHistoryItems"]
    return [item["HistorySummary"] for item in items]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_new_alarm_has_no_data_yet_and_is_described_as_it_was_put(bare: Cloud, protocol: str) -> None:
    client = bare.client("cloudwatch", protocol=protocol)
    put = alarm(
        AlarmDescription="<script>alert(1)</script> & more",
        AlarmActions=[TOPIC],
        TreatMissingData="notBreaching",
        DatapointsToAlarm=1,
        Unit="Percent",
    )
    client.put_metric_alarm(**put, Tags=[{"Key": "team", "Value": "ops"}])
    described = client.describe_alarms()["MetricAlarms"][0]
    assert {name: described[name] for name in put} == put
    assert described["StateValue"] == "INSUFFICIENT_DATA"
    assert described["StateReason"] == "Unchecked: Initial alarm creation"
    assert described["AlarmArn"] == "arn:aws:cloudwatch:us-east-1:111111111111:alarm:cpu-high"
    assert described["ActionsEnabled"] is True
    assert described["OKActions"] == described["InsufficientDataActions"] == []
    assert described["StateUpdatedTimestamp"] == described["AlarmConfigurationUpdatedTimestamp"] == AT
    assert client.list_tags_for_resource(ResourceARN=described["AlarmArn"])["Tags"] == [{"Key": "team", "Value": "ops"}]


def test_an_alarm_fires_when_the_breaching_minute_has_been_published_and_recovers(bare: Cloud) -> None:
    client = bare.client("cloudwatch")
    client.put_metric_alarm(**alarm())
    feed(bare, 20.0, 90.0, 30.0)
    seen = []
    for _ in range(5):
        bare.advance(60)
        seen.append(states(client)["cpu-high"])
    assert seen == ["INSUFFICIENT_DATA", "OK", "ALARM", "OK", "OK"]
    assert summaries(client, "cpu-high") == [
        'Alarm "cpu-high" created',
        "Alarm updated from INSUFFICIENT_DATA to OK",
        "Alarm updated from OK to ALARM",
        "Alarm updated from ALARM to OK",
    ]


def test_the_state_says_why_in_aws_s_words(bare: Cloud) -> None:
    client = bare.client("cloudwatch")
    client.put_metric_alarm(**alarm())
    feed(bare, 90.5)
    bare.advance(75)
    described = client.describe_alarms()["MetricAlarms"][0]
    assert described["StateReason"] == (
        "Threshold Crossed: 1 datapoint [90.5 (23/11/26 10:00:00)] was greater than the threshold (70.0)."
    )
    data = json.loads(described["StateReasonData"])
    assert data["version"] == "1.0"
    assert data["recentDatapoints"] == [90.5]
    assert data["threshold"] == 70.0
    item = client.describe_alarm_history(HistoryItemType="StateUpdate")["AlarmHistoryItems"][0]
    history = json.loads(item["HistoryData"])
    assert history["version"] == "1.0"
    assert history["oldState"]["stateValue"] == "INSUFFICIENT_DATA"
    assert history["oldState"]["stateReason"] == "Insufficient Data: 1 datapoint was unknown."
    assert history["newState"]["stateValue"] == "ALARM"
    assert history["newState"]["stateReason"] == described["StateReason"]
    assert history["newState"]["stateReasonData"] == data
    assert item["AlarmType"] == "MetricAlarm"


def test_putting_an_alarm_again_keeps_its_state(bare: Cloud) -> None:
    client = bare.client("cloudwatch")
    client.put_metric_alarm(**alarm())
    feed(bare, 90.0)
    bare.advance(75)
    client.put_metric_alarm(**alarm(Threshold=95.0))
    described = client.describe_alarms()["MetricAlarms"][0]
    assert (described["StateValue"], described["Threshold"]) == ("ALARM", 95.0)
    assert summaries(client, "cpu-high", HistoryItemType="ConfigurationUpdate") == [
        'Alarm "cpu-high" created',
        'Alarm "cpu-high" updated',
    ]


def test_high_resolution_alarms_are_evaluated_every_ten_seconds(bare: Cloud) -> None:
    client = bare.client("cloudwatch")
    client.put_metric_alarm(**alarm(Period=10, EvaluationPeriods=1))
    start = int(AT.timestamp())
    store(bare).put(CPU, np.array([start, start + 10]), np.array([10.0, 99.0]), resolution=1)
    seen = []
    for _ in range(3):
        bare.advance(10)
        seen.append(states(client)["cpu-high"])
    assert seen[:2] == ["OK", "ALARM"]


def test_an_alarm_on_an_expression(bare: Cloud) -> None:
    client = bare.client("cloudwatch")
    metric = {"Namespace": CPU.namespace, "MetricName": CPU.name, "Dimensions": alarm()["Dimensions"]}
    client.put_metric_alarm(
        AlarmName="math",
        Metrics=[
            {
                "Id": "m1",
                "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Maximum"},
                "ReturnData": False,
            },
            {"Id": "e1", "Expression": "m1 * 2", "Label": "double"},
        ],
        EvaluationPeriods=1,
        Threshold=100.0,
        ComparisonOperator="GreaterThanThreshold",
    )
    feed(bare, 40.0, 51.0)
    bare.advance(75)
    assert states(client)["math"] == "OK"
    bare.advance(60)
    assert states(client)["math"] == "ALARM"
    assert client.describe_alarms()["MetricAlarms"][0]["Metrics"][1]["Expression"] == "m1 * 2"


def test_a_composite_alarm_follows_its_children(bare: Cloud) -> None:
    client = bare.client("cloudwatch")
    client.put_metric_alarm(**alarm("hot"))
    client.put_metric_alarm(**alarm("cold", ComparisonOperator="LessThanThreshold", Threshold=5.0))
    client.put_composite_alarm(AlarmName="either", AlarmRule="ALARM(hot) OR ALARM(cold)", AlarmActions=[TOPIC])
    client.put_composite_alarm(AlarmName="above", AlarmRule='ALARM("either") AND NOT ALARM(cold)')
    feed(bare, 90.0, 50.0)
    bare.advance(75)
    assert states(client) == {"hot": "ALARM", "cold": "OK", "either": "ALARM", "above": "ALARM"}
    bare.advance(60)
    assert states(client) == {"hot": "OK", "cold": "OK", "either": "OK", "above": "OK"}
    children = client.describe_alarms(ChildrenOfAlarmName="either")
    assert [a["AlarmName"] for a in children["MetricAlarms"]] == ["cold", "hot"]
    parents = client.describe_alarms(ParentsOfAlarmName="hot")["CompositeAlarms"]
    assert parents == [{"AlarmName": "either", "AlarmArn": parents[0]["AlarmArn"]}]
    assert client.describe_alarms()["CompositeAlarms"] == [], "without AlarmTypes only metric alarms are described"
    code, message = refused(client.delete_alarms, AlarmNames=["hot"])
    assert code == "ValidationError"
    assert "composite" in message


def test_describe_alarms_takes_all_its_filters_together_and_pages(bare: Cloud) -> None:
    client = bare.client("cloudwatch")
    for n in range(7):
        client.put_metric_alarm(**alarm(f"web-{n}", AlarmActions=[TOPIC] if n % 2 else []))
    client.put_metric_alarm(**alarm("db-1", AlarmActions=[TOPIC]))
    for name in ("web-1", "web-2", "db-1"):
        client.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="by hand")

    def names(**wanted: Any) -> list[str]:
        pages = client.get_paginator("describe_alarms").paginate(**wanted)
        return [a["AlarmName"] for page in pages for a in page["MetricAlarms"]]

    assert names(AlarmNamePrefix="web-", StateValue="ALARM", ActionPrefix="arn:aws:sns") == ["web-1"]
    assert names(AlarmNames=["web-3", "db-1", "none"]) == ["db-1", "web-3"]
    assert names(StateValue="ALARM") == ["db-1", "web-1", "web-2"]
    first = client.describe_alarms(MaxRecords=3)
    assert len(first["MetricAlarms"]) == 3
    second = client.describe_alarms(MaxRecords=3, NextToken=first["NextToken"])
    third = client.describe_alarms(MaxRecords=3, NextToken=second["NextToken"])
    assert [len(second["MetricAlarms"]), len(third["MetricAlarms"])] == [3, 2]
    assert "NextToken" not in third
    assert refused(client.describe_alarms, AlarmNames=["a"], AlarmNamePrefix="b")[0] == "ValidationError"
    assert refused(client.describe_alarms, NextToken="x")[0] == "InvalidNextToken"


def test_alarms_of_a_metric_are_those_with_its_exact_dimensions_and_statistic(bare: Cloud) -> None:
    client = bare.client("cloudwatch")
    client.put_metric_alarm(**alarm("average"))
    client.put_metric_alarm(**alarm("maximum", Statistic="Maximum"))
    client.put_metric_alarm(**alarm("all", Dimensions=[]))
    asked = {"Namespace": CPU.namespace, "MetricName": CPU.name, "Dimensions": alarm()["Dimensions"]}

    def names(**more: Any) -> list[str]:
        return [a["AlarmName"] for a in client.describe_alarms_for_metric(**asked, **more)["MetricAlarms"]]

    assert names() == ["average", "maximum"]
    assert names(Statistic="Maximum") == ["maximum"]
    assert names(Period=300) == []


def test_a_state_set_by_hand_lasts_until_the_next_evaluation(bare: Cloud) -> None:
    client = bare.client("cloudwatch")
    client.put_metric_alarm(**alarm())
    feed(bare, 20.0, 20.0, 20.0)
    bare.advance(75)
    client.set_alarm_state(
        AlarmName="cpu-high", StateValue="ALARM", StateReason="drill", StateReasonData=json.dumps({"why": "drill"})
    )
    described = client.describe_alarms()["MetricAlarms"][0]
    assert (described["StateValue"], described["StateReason"]) == ("ALARM", "drill")
    assert json.loads(described["StateReasonData"]) == {"why": "drill"}
    bare.advance(60)
    assert states(client)["cpu-high"] == "OK"
    refusal = {"AlarmName": "cpu-high", "StateValue": "OK", "StateReason": "x", "StateReasonData": "{"}
    assert refused(client.set_alarm_state, **refusal)[0] == "InvalidFormat"


def test_actions_can_be_switched_off_and_on(bare: Cloud) -> None:
    client = bare.client("cloudwatch")
    client.put_metric_alarm(**alarm(AlarmActions=[TOPIC]))
    client.disable_alarm_actions(AlarmNames=["cpu-high"])
    assert client.describe_alarms()["MetricAlarms"][0]["ActionsEnabled"] is False
    client.enable_alarm_actions(AlarmNames=["cpu-high"])
    assert client.describe_alarms()["MetricAlarms"][0]["ActionsEnabled"] is True


def test_a_deleted_alarm_is_gone_and_its_history_stays(bare: Cloud) -> None:
    client = bare.client("cloudwatch")
    client.put_metric_alarm(**alarm())
    client.delete_alarms(AlarmNames=["cpu-high", "never-was"])
    assert states(client) == {}
    assert summaries(client, "cpu-high") == ['Alarm "cpu-high" created', 'Alarm "cpu-high" deleted']


def test_history_is_filtered_and_paged(bare: Cloud) -> None:
    client = bare.client("cloudwatch")
    client.put_metric_alarm(**alarm())
    for n in range(5):
        bare.advance(1)
        state = "ALARM" if n % 2 == 0 else "OK"
        client.set_alarm_state(AlarmName="cpu-high", StateValue=state, StateReason=f"drill {n}")
    pages = client.get_paginator("describe_alarm_history").paginate(
        AlarmName="cpu-high", HistoryItemType="StateUpdate", PaginationConfig={"PageSize": 2}
    )
    times = [[item["Timestamp"] for item in page["AlarmHistoryItems"]] for page in pages]
    assert [len(page) for page in times] == [2, 2, 1]
    flat = [time for page in times for time in page]
    assert flat == sorted(flat, reverse=True)
    span = {"StartDate": AT + timedelta(seconds=2), "EndDate": AT + timedelta(seconds=3)}
    assert len(client.describe_alarm_history(**span)["AlarmHistoryItems"]) == 2


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"Period": 45}, "multiple of 60"),
        ({"Statistic": None}, "Statistic"),
        ({"EvaluationPeriods": 1441}, "EvaluationPeriods"),
        ({"DatapointsToAlarm": 2}, "DatapointsToAlarm"),
        ({"TreatMissingData": "sometimes"}, "TreatMissingData"),
        ({"AlarmActions": [TOPIC] * 6}, "length less than or equal to 5"),
        ({"ComparisonOperator": "Above"}, "enum value set"),
        ({"AlarmName": "x" * 256}, "length less than or equal to 255"),
    ],
)
def test_put_metric_alarm_refuses(bare: Cloud, change: dict[str, Any], words: str) -> None:
    client = bare.client("cloudwatch")
    asked = {name: value for name, value in alarm(**change).items() if value is not None}
    code, message = refused(client.put_metric_alarm, **asked)
    assert code == "ValidationError"
    assert words in message
    assert states(client) == {}


def test_tags_of_an_alarm(bare: Cloud) -> None:
    client = bare.client("cloudwatch")
    client.put_metric_alarm(**alarm(), Tags=[{"Key": "team", "Value": "ops"}])
    arn = client.describe_alarms()["MetricAlarms"][0]["AlarmArn"]
    client.tag_resource(ResourceARN=arn, Tags=[{"Key": "env", "Value": "prod"}, {"Key": "team", "Value": "web"}])
    client.untag_resource(ResourceARN=arn, TagKeys=["env"])
    assert client.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "team", "Value": "web"}]
    assert refused(client.list_tags_for_resource, ResourceARN=arn + "x")[0] == "ResourceNotFoundException"


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_mute_rules_are_kept_listed_and_become_active(bare: Cloud, protocol: str) -> None:
    client = bare.client("cloudwatch", protocol=protocol)
    client.put_metric_alarm(**alarm())
    schedule = {"Expression": "cron(30 10 * * MON)", "Duration": "PT1H", "Timezone": "UTC"}
    client.put_alarm_mute_rule(
        Name="deploys", Rule={"Schedule": schedule}, MuteTargets={"AlarmNames": ["cpu-high"]}, Description="weekly"
    )
    rule = client.get_alarm_mute_rule(AlarmMuteRuleName="deploys")
    assert rule["Rule"]["Schedule"] == schedule
    assert (rule["Status"], rule["MuteType"]) == ("SCHEDULED", "RECURRING")
    bare.advance(1800)
    listed = client.list_alarm_mute_rules(AlarmName="cpu-high", Statuses=["ACTIVE"])["AlarmMuteRuleSummaries"]
    assert [summary["AlarmMuteRuleArn"].rsplit(":", 1)[1] for summary in listed] == ["deploys"]
    bare.advance(3600)
    assert client.get_alarm_mute_rule(AlarmMuteRuleName="deploys")["Status"] == "SCHEDULED"
    client.delete_alarm_mute_rule(AlarmMuteRuleName="deploys")
    assert refused(client.get_alarm_mute_rule, AlarmMuteRuleName="deploys")[0] == "ResourceNotFoundException"
    bad = {"Expression": "every day", "Duration": "PT1H"}
    assert refused(client.put_alarm_mute_rule, Name="bad", Rule={"Schedule": bad})[0] == "ValidationError"


def test_a_muted_alarm_changes_state_and_runs_nothing(bare: Cloud) -> None:
    client = bare.client("cloudwatch")
    client.put_metric_alarm(**alarm(AlarmActions=[TOPIC]))
    once = {"Expression": "at(2026-11-23T10:00)", "Duration": "PT10M"}
    client.put_alarm_mute_rule(Name="now", Rule={"Schedule": once}, MuteTargets={"AlarmNames": ["cpu-high"]})
    feed(bare, 90.0)
    bare.advance(75)
    assert states(client)["cpu-high"] == "ALARM"
    assert summaries(client, "cpu-high", HistoryItemType="Action") == ["Actions muted by alarm mute rule: now"]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_dashboards_are_moto_s_in_every_protocol(bare: Cloud, protocol: str) -> None:
    client = bare.client("cloudwatch", protocol=protocol, region="eu-west-3")
    body = json.dumps({"widgets": []})
    client.put_dashboard(DashboardName="wall", DashboardBody=body)
    assert client.get_dashboard(DashboardName="wall")["DashboardBody"] == body
    assert [d["DashboardName"] for d in client.list_dashboards()["DashboardEntries"]] == ["wall"]
    client.delete_dashboards(DashboardNames=["wall"])
    assert client.list_dashboards()["DashboardEntries"] == []
    assert refused(client.get_dashboard, DashboardName="wall")[0] == "ResourceNotFound"


def test_a_suppressor_holds_a_composite_alarm_s_actions(bare: Cloud) -> None:
    client = bare.client("cloudwatch")
    deploying = MetricId("Shop", "Deploying")
    named = {"Namespace": "Shop", "MetricName": "Deploying", "Dimensions": []}
    client.put_metric_alarm(**alarm("deploying", **named, Threshold=0.5))
    client.put_metric_alarm(**alarm("hot"))
    client.put_composite_alarm(
        AlarmName="page-me",
        AlarmRule="ALARM(hot)",
        AlarmActions=[TOPIC],
        ActionsSuppressor="deploying",
        ActionsSuppressorWaitPeriod=90,
        ActionsSuppressorExtensionPeriod=60,
    )
    feed(bare, *[90.0] * 10)
    start = int(AT.timestamp())
    store(bare).put(deploying, np.arange(start, start + 600, 60), np.array([0.0, 1.0, 1.0, *[0.0] * 7]))

    def held() -> tuple[str, str, int]:
        found = client.describe_alarms(AlarmTypes=["CompositeAlarm"])["CompositeAlarms"][0]
        actions = client.describe_alarm_history(AlarmName="page-me", HistoryItemType="Action")["AlarmHistoryItems"]
        return (found["StateValue"], found.get("ActionsSuppressedBy", "-"), len(actions))

    bare.advance(60)
    seen = [held()]
    for _ in range(9):
        bare.advance(30)
        seen.append(held())
    quiet = ("OK", "-", 0)
    waits, alarms = ("ALARM", "WaitPeriod", 0), ("ALARM", "Alarm", 0)
    extends, ran = ("ALARM", "ExtensionPeriod", 0), ("ALARM", "-", 1)
    #               1:00   1:30   2:00   2:30    3:00    3:30    4:00    4:30     5:00     5:30
    assert seen == [quiet, waits, waits, alarms, alarms, alarms, alarms, extends, extends, ran]


def test_an_anomaly_alarm_fires_outside_its_band(bare: Cloud) -> None:
    client = bare.client("cloudwatch")
    metric = {"Namespace": CPU.namespace, "MetricName": CPU.name, "Dimensions": alarm()["Dimensions"]}
    client.put_metric_alarm(
        AlarmName="odd",
        Metrics=[
            {"Id": "m1", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Average"}},
            {"Id": "band", "Expression": "ANOMALY_DETECTION_BAND(m1, 3)"},
        ],
        ThresholdMetricId="band",
        EvaluationPeriods=1,
        ComparisonOperator="LessThanLowerOrGreaterThanUpperThreshold",
    )
    past = np.arange(int(AT.timestamp()) - 14 * 86_400, int(AT.timestamp()), 60)
    store(bare).put(CPU, past, 40.0 + 5.0 * np.random.default_rng(1).standard_normal(past.size))
    feed(bare, 41.0, 95.0)
    bare.advance(75)
    assert states(client)["odd"] == "OK"
    bare.advance(60)
    assert states(client)["odd"] == "ALARM"
