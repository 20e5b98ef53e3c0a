"""What is written as code is taken where it is meant to go: CloudFormation and the aws CLI."""

from __future__ import annotations

import os
import shlex
import subprocess
from typing import Any

import pytest
from cfnlint.api import lint

from alarms.as_code.writing import as_boto3, as_cli, as_cloudformation
from alarms.definition import Alarm, from_response, parse
from tests.wire.clouds import Cloud, aws_cli

pytestmark = pytest.mark.wire

STAT = {"Metric": {"Namespace": "Shop", "MetricName": "Visits"}, "Period": 60, "Stat": "Sum"}
PLAIN = {"EvaluationPeriods": 2, "Threshold": 5.0, "ComparisonOperator": "GreaterThanThreshold"}
SINGLE = {"Namespace": "AWS/EC2", "MetricName": "CPUUtilization", "Period": 60} | PLAIN
KINDS: dict[str, dict[str, Any]] = {
    "a single metric": SINGLE
    | {
        "Statistic": "Average",
        "Dimensions": [{"Name": "InstanceId", "Value": "i-1"}],
        "AlarmActions": ["arn:aws:sns:us-east-1:111111111111:ops"],
        "TreatMissingData": "notBreaching",
        "DatapointsToAlarm": 1,
        "Tags": [{"Key": "owner", "Value": 'it\'s "ours" $(whoami)'}],
    },
    "a percentile": SINGLE | {"ExtendedStatistic": "p99.9", "EvaluateLowSampleCountPercentile": "ignore"},
    "metric math": PLAIN
    | {
        "Metrics": [
            {"Id": "m1", "MetricStat": STAT, "ReturnData": False},
            {"Id": "e1", "Expression": "m1 * 100", "Label": "times", "ReturnData": True},
        ]
    },
    "an anomaly band": {
        "EvaluationPeriods": 3,
        "ThresholdMetricId": "band",
        "ComparisonOperator": "LessThanLowerOrGreaterThanUpperThreshold",
        "Metrics": [
            {"Id": "m1", "MetricStat": STAT, "ReturnData": True},
            {"Id": "band", "Expression": "ANOMALY_DETECTION_BAND(m1, 2)", "ReturnData": True},
        ],
    },
    "a window by the clock": SINGLE
    | {"Statistic": "Sum", "EvaluationWindow": {"WallClockWindow": {"Timezone": "Europe/Paris"}}},
    "a warm-up": SINGLE | {"Statistic": "Sum", "WarmUpConfiguration": {"WarmUpPeriodDurationInMinutes": 30}},
    "PromQL": {"EvaluationCriteria": {"PromQLCriteria": {"Query": "up == 0"}}, "EvaluationInterval": 60},
    "a composite": {"AlarmRule": 'ALARM("a single metric") AND NOT OK("a percentile")', "AlarmDescription": "both"},
}


def of_kind(kind: str) -> Alarm:
    return parse({"AlarmName": kind, "ActionsEnabled": True} | KINDS[kind])


def live(cloud: Cloud) -> dict[str, Alarm]:
    """Every alarm of a cloud by its name, with its tags, which DescribeAlarms leaves out."""
    client = cloud.client("cloudwatch")
    answer = client.describe_alarms(AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    found = {}
    for described in (*answer["MetricAlarms"], *answer["CompositeAlarms"]):
        tags = client.list_tags_for_resource(ResourceARN=described["AlarmArn"])["Tags"]
        found[described["AlarmName"]] = from_response(described | {"Tags": tags})
    return found


NOT_IN_THE_CLI = {"a composite", "a warm-up"}
"""A composite needs its children first; the newest aws CLI of the registry has no warm-up yet, boto3 has."""


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in NOT_IN_THE_CLI])
def test_the_command_line_makes_the_alarm(kind: str, bare: Cloud) -> None:
    _, *arguments = shlex.split(as_cli(of_kind(kind)))
    bare.aws(*arguments)
    assert live(bare) == {kind: of_kind(kind)}


def test_a_shell_runs_the_command_as_it_is_shown(bare: Cloud) -> None:
    command = as_cli(of_kind("a single metric"))
    environ = {
        "PATH": f"{os.path.dirname(aws_cli())}:{os.environ['PATH']}",  # noqa: PTH120 - a PATH is text
        "AWS_ACCESS_KEY_ID": "AKIATESTTESTTESTTEST",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": bare.url,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    subprocess.run(command, shell=True, check=True, env=environ, timeout=60)  # noqa: S602 - that is what is tested
    assert live(bare) == {"a single metric": of_kind("a single metric")}


@pytest.mark.parametrize("kind", KINDS)
def test_boto3_makes_the_alarm(kind: str, bare: Cloud) -> None:
    for child in ("a single metric", "a percentile") if kind == "a composite" else ():
        _run(as_boto3(of_kind(child)), bare)
    _run(as_boto3(of_kind(kind)), bare)
    assert live(bare)[kind] == of_kind(kind)


def _run(code: str, cloud: Cloud) -> None:
    exec(code.replace("import boto3\n", ""), {"boto3": cloud})  # noqa: S102 - our own code, over loopback


def test_cloudformations_own_schemas_accept_the_template() -> None:
    assert _found(as_cloudformation(map(of_kind, KINDS))) == []


def test_the_schemas_refuse_what_is_wrong() -> None:
    template = as_cloudformation([of_kind("a single metric")]).replace("MetricName:", "MetricNames:")
    assert _found(template) != []


def _found(template: str) -> list[str]:
    """What cfn-lint, which carries AWS's schemas of every resource, has against a template."""
    return [match.message for match in lint(template, regions=["us-east-1"])]
