"""A folder of alarms beside what is live."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from alarms.as_code import SourceError
from alarms.as_code.folder import Standing, compare, field_changes, read_folder
from alarms.as_code.writing import as_cloudformation, as_requests, as_terraform
from alarms.definition import Alarm, parse
from tests.unit.alarms.strategies import requests

CPU: dict[str, Any] = {
    "AlarmName": "cpu",
    "Namespace": "AWS/EC2",
    "MetricName": "CPUUtilization",
    "Statistic": "Average",
    "Period": 60,
    "EvaluationPeriods": 3,
    "Threshold": 80.0,
    "ComparisonOperator": "GreaterThanThreshold",
}


def alarm(**members: Any) -> Alarm:
    return parse(CPU | members)


def changed(before: Alarm, after: Alarm) -> list[tuple[str, object, object]]:
    return [(change.field, change.before, change.after) for change in field_changes(before, after)]


@given(requests)
def test_an_alarm_does_not_differ_from_itself(request_: dict[str, Any]) -> None:
    assert field_changes(parse(request_), parse(copy.deepcopy(request_))) == ()


@pytest.mark.parametrize(
    "members",
    [
        {"TreatMissingData": "missing"},
        {"DatapointsToAlarm": 3},
        {"ActionsEnabled": True},
        {"EvaluationWindow": {"SlidingWindow": {}}},
        {"AlarmDescription": ""},
        {"Dimensions": []},
        {"Threshold": 80},
    ],
)
def test_what_aws_fills_in_is_no_difference(members: dict[str, Any]) -> None:
    assert changed(alarm(), alarm(**members)) == []
    assert changed(alarm(**members), alarm()) == []


def test_order_that_means_nothing_is_no_difference() -> None:
    dimensions = [{"Name": "A", "Value": "1"}, {"Name": "B", "Value": "2"}]
    tags = [{"Key": "x", "Value": "1"}, {"Key": "y", "Value": "2"}]
    one = alarm(Dimensions=dimensions, AlarmActions=["arn:b", "arn:a"], Tags=tags)
    other = alarm(Dimensions=dimensions[::-1], AlarmActions=["arn:a", "arn:b"], Tags=tags[::-1])
    assert changed(one, other) == []


def test_a_difference_names_its_field_by_path() -> None:
    stat = {"Metric": {"Namespace": "Shop", "MetricName": "Visits"}, "Period": 60, "Stat": "Sum"}
    base = {name: CPU[name] for name in ("AlarmName", "EvaluationPeriods", "Threshold", "ComparisonOperator")}

    def math(statistic: str, **more: Any) -> Alarm:
        queries = [
            {"Id": "m1", "MetricStat": stat | {"Stat": statistic}, "ReturnData": False},
            {"Id": "e1", "Expression": "m1 * 2", "ReturnData": True},
        ]
        return parse(base | {"Metrics": queries} | more)

    assert changed(math("Sum"), math("Average", Threshold=9.0, Tags=[{"Key": "owner", "Value": "ops"}])) == [
        ("Tags[owner]", None, "ops"),
        ("Metrics[m1].MetricStat.Stat", "Sum", "Average"),
        ("Threshold", 80.0, 9.0),
    ]


def test_tags_that_only_aws_gives_are_no_difference() -> None:
    assert changed(alarm(Tags=[{"Key": "aws:cloudformation:stack-name", "Value": "web"}]), alarm()) == []


def test_new_changed_same_and_only_live() -> None:
    written = [alarm(AlarmName=name) for name in ("a", "b", "c")]
    live = [alarm(AlarmName="b", Threshold=70.0), alarm(AlarmName="c"), alarm(AlarmName="d")]
    assert [(each.name, each.standing) for each in compare(written, live)] == [
        ("a", Standing.NEW),
        ("b", Standing.CHANGED),
        ("c", Standing.SAME),
        ("d", Standing.UNMANAGED),
    ]


def test_every_language_in_one_folder(tmp_path: Path) -> None:
    (tmp_path / "stacks").mkdir()
    (tmp_path / "stacks" / "web.yaml").write_text(as_cloudformation([alarm(AlarmName="one")]))
    (tmp_path / "main.tf").write_text(as_terraform([alarm(AlarmName="two")]).text)
    (tmp_path / "cli.json").write_text(as_requests([alarm(AlarmName="three")]))
    (tmp_path / "package.json").write_text('{"name": "no alarms here"}')
    (tmp_path / "README.md").write_text("not read")
    found = read_folder(tmp_path)
    assert sorted(found.alarms) == ["one", "three", "two"]
    assert found.problems == ()


def test_what_cannot_be_used_is_named_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(as_requests([alarm()]))
    (tmp_path / "b.json").write_text(as_requests([alarm()]))
    (tmp_path / "c.json").write_text(json.dumps([CPU | {"AlarmName": "odd", "Period": 7}]))
    (tmp_path / "d.json").write_text("{")
    found = read_folder(tmp_path)
    twice, odd, broken = found.problems
    assert list(found.alarms) == ["cpu"]
    assert "b.json" in twice
    assert "a.json" in twice
    assert "odd: Period" in odd
    assert "d.json, line 1: not JSON" in broken


def test_a_folder_that_is_none_is_said(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="is no folder"):
        read_folder(tmp_path / "gone")
