"""What is written is read back as the same alarm, whatever its texts hold."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from alarms.as_code import load
from alarms.as_code.writing import (
    DYNAMIC_REFERENCE,
    CannotWriteError,
    as_boto3,
    as_cli,
    as_cloudformation,
    as_requests,
    as_terraform,
)
from alarms.definition import Alarm, parse, to_request
from tests.unit.alarms.strategies import requests

HOSTILE = [
    "a'; rm -rf / #",
    '"quoted" \\ back\\slash',
    "${var.secret} %{ if true } $${kept}",
    "line\nbreak\ttab\r",
    "<<EOT",
    "file:///etc/passwd",
    "\u202egnp.exe \x00\x1b[31m \U0001f525",
    "!Ref x",
    "yes",
    "1e3",
    "- [a]",
]


def alarm(**members: Any) -> Alarm:
    """An alarm on CPU with other members."""
    base = {
        "AlarmName": "cpu",
        "Namespace": "AWS/EC2",
        "MetricName": "CPUUtilization",
        "Statistic": "Average",
        "Period": 60,
        "EvaluationPeriods": 3,
        "Threshold": 80.0,
        "ComparisonOperator": "GreaterThanThreshold",
    }
    return parse(base | members)


def read_back(text: str, name: str, folder: Path) -> list[Alarm]:
    path = folder / name
    path.write_text(text, encoding="utf-8", newline="")
    loaded = load(path)
    assert [one.refusal for one in loaded if one.definition is None] == []
    return [one.definition for one in loaded if one.definition is not None]


@given(requests)
def test_requests_come_back(tmp_path_factory: pytest.TempPathFactory, request_: dict[str, Any]) -> None:
    definition = parse(request_)
    assert read_back(as_requests([definition]), "alarms.json", tmp_path_factory.mktemp("as")) == [definition]


@given(requests)
def test_cloudformation_comes_back(tmp_path_factory: pytest.TempPathFactory, request_: dict[str, Any]) -> None:
    definition = parse(request_)
    found = read_back(as_cloudformation([definition]), "template.yaml", tmp_path_factory.mktemp("as"))
    assert found == [_without_empty(definition)]


def _without_empty(definition: Alarm) -> Alarm:
    """A template's empty texts say nothing."""
    request = to_request(definition)
    return parse({name: value for name, value in request.items() if value != ""})


@given(requests)
def test_terraform_comes_back_but_for_what_it_says_it_left_out(
    tmp_path_factory: pytest.TempPathFactory, request_: dict[str, Any]
) -> None:
    definition = parse(request_)
    written = as_terraform([definition])
    (found,) = read_back(written.text, "main.tf", tmp_path_factory.mktemp("as"))
    lost = {"EvaluationWindow", "WarmUpConfiguration", "ActionConfiguration"} & request_.keys()
    assert {sentence.rsplit(" ", 1)[1].rstrip(".") for sentence in written.left_out} == lost
    expected = {n: v for n, v in to_request(_without_empty(definition)).items() if n not in lost}
    assert to_request(found) == expected


@pytest.mark.parametrize("words", HOSTILE)
def test_hostile_texts_are_texts_in_every_language(words: str, tmp_path: Path) -> None:
    name = "".join(each for each in f"n {words}" if ord(each) > 31)  # AWS takes no control characters there
    definition = alarm(AlarmName=name, AlarmDescription=words, Tags=[{"Key": "owner", "Value": words}])
    assert read_back(as_requests([definition]), "a.json", tmp_path) == [definition]
    assert read_back(as_cloudformation([definition]), "b.yaml", tmp_path) == [definition]
    assert read_back(as_terraform([definition]).text, "c.tf", tmp_path) == [definition]
    program, service, command, option, document = shlex.split(as_cli(definition))
    assert (program, service, command, option) == ("aws", "cloudwatch", "put-metric-alarm", "--cli-input-json")
    assert parse(json.loads(document)) == definition
    calls: list[dict[str, Any]] = []
    exec(as_boto3(definition).replace("import boto3", "boto3 = pretend"), {"pretend": _Pretend(calls)})  # noqa: S102
    assert [parse(call) for call in calls] == [definition]


class _Pretend:
    """Stands where boto3 would, and keeps what it is asked to do."""

    def __init__(self, calls: list[dict[str, Any]]) -> None:
        self._calls = calls

    def client(self, service: str) -> _Pretend:
        assert service == "cloudwatch"
        return self

    def put_metric_alarm(self, **params: Any) -> None:
        self._calls.append(params)


@given(st.text(max_size=40))
def test_no_language_shows_a_control_character(words: str) -> None:
    definition = alarm(AlarmDescription=words)
    for text in (
        as_requests([definition]),
        as_cli(definition),
        as_boto3(definition),
        as_cloudformation([definition]),
        as_terraform([definition]).text,
    ):
        assert [each for each in text if not each.isprintable() and each != "\n"] == []


def test_a_dynamic_reference_is_refused_in_cloudformation_and_nowhere_else() -> None:
    definition = alarm(AlarmDescription="{{resolve:ssm:/db/password}}")
    with pytest.raises(CannotWriteError, match="AWS CLI JSON"):
        as_cloudformation([definition])
    assert DYNAMIC_REFERENCE in as_requests([definition])


def test_alarms_with_alike_names_keep_apart() -> None:
    alarms = [alarm(AlarmName=name) for name in ("web cpu", "web-cpu", "Web  CPU", "7", "…")]
    resources = yaml.safe_load(as_cloudformation(alarms))["Resources"]
    assert list(resources) == ["WebCpu", "WebCpu2", "WebCPU3", "Alarm7", "Alarm"]
    assert [each["Properties"]["AlarmName"] for each in resources.values()] == [each.name for each in alarms]


def test_terraform_reads_as_people_write_it() -> None:
    text = as_terraform([alarm(Dimensions=[{"Name": "InstanceId", "Value": "i-1"}], AlarmActions=["arn:a"])]).text
    assert text == (
        'resource "aws_cloudwatch_metric_alarm" "cpu" {\n'
        '  alarm_name          = "cpu"\n'
        "  actions_enabled     = true\n"
        '  alarm_actions       = ["arn:a"]\n'
        '  comparison_operator = "GreaterThanThreshold"\n'
        "  evaluation_periods  = 3\n"
        '  metric_name         = "CPUUtilization"\n'
        '  namespace           = "AWS/EC2"\n'
        "  period              = 60\n"
        '  statistic           = "Average"\n'
        "  threshold           = 80.0\n"
        "  dimensions          = {\n"
        '    "InstanceId" = "i-1"\n'
        "  }\n"
        "}\n"
    )
