"""AWS CLI JSON, and files that mean harm: limits, and every mistake with its line."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alarms.as_code import Loaded, SourceError, load
from alarms.as_code.sources import MAX_BYTES, MAX_DEPTH, parse_json, parse_yaml
from alarms.definition import CompositeAlarm, LogAlarm, MetricAlarm, to_request

ALARM: dict[str, Any] = {
    "AlarmName": "high-cpu",
    "MetricName": "CPUUtilization",
    "Namespace": "AWS/EC2",
    "Statistic": "Average",
    "Period": 60,
    "EvaluationPeriods": 3,
    "Threshold": 80.0,
    "ComparisonOperator": "GreaterThanThreshold",
}
DESCRIBED = ALARM | {
    "AlarmArn": "arn:aws:cloudwatch:us-east-1:111111111111:alarm:high-cpu",
    "AlarmConfigurationUpdatedTimestamp": "2026-11-23T10:00:00.000000+00:00",
    "ActionsEnabled": True,
    "OKActions": [],
    "AlarmActions": ["arn:aws:sns:us-east-1:111111111111:ops"],
    "InsufficientDataActions": [],
    "StateValue": "OK",
    "StateReason": "Unchecked: Initial alarm creation",
    "Dimensions": [{"Name": "InstanceId", "Value": "i-1"}],
    "StateTransitionedTimestamp": "2026-11-23T10:00:00.000000+00:00",
}


def write(document: Any, folder: Path, name: str = "alarms.json") -> Path:
    path = folder / name
    path.write_text(document if isinstance(document, str) else json.dumps(document, indent=1), encoding="utf-8")
    return path


def load_text(document: Any, folder: Path, name: str = "alarms.json") -> tuple[Loaded, ...]:
    return load(write(document, folder, name))


@pytest.mark.parametrize("shape", [lambda alarm: alarm, lambda alarm: [alarm], lambda alarm: {"MetricAlarms": [alarm]}])
@pytest.mark.parametrize("alarm", [ALARM, DESCRIBED], ids=["request", "described"])
def test_an_alarm_in_aws_members(shape: Any, alarm: dict[str, Any], tmp_path: Path) -> None:
    (loaded,) = load_text(shape(alarm), tmp_path)
    assert isinstance(loaded.definition, MetricAlarm), loaded.refusal
    assert loaded.name == "high-cpu"
    assert to_request(loaded.definition)["Threshold"] == 80


def test_describe_alarms_holds_three_kinds(tmp_path: Path) -> None:
    query = {"QueryString": "fields @message", "LogGroupIdentifiers": ["g"], "ScheduleExpression": "rate(5 minutes)"}
    document = {
        "CompositeAlarms": [{"AlarmName": "both", "AlarmRule": "ALARM(a)", "StateValue": "OK"}],
        "MetricAlarms": [DESCRIBED],
        "LogAlarms": [{"AlarmName": "logs", "ScheduledQueryConfiguration": query}],
    }
    loaded = load_text(document, tmp_path)
    assert [alarm.name for alarm in loaded] == ["high-cpu", "both", "logs"]
    assert isinstance(loaded[1].definition, CompositeAlarm)
    assert isinstance(loaded[2].definition, LogAlarm) or loaded[2].refusal


def test_yaml_output_of_the_cli_loads_as_well(tmp_path: Path) -> None:
    text = "MetricAlarms:\n" + "\n".join(
        f"{'- ' if place == 0 else '  '}{name}: {json.dumps(value)}"
        for place, (name, value) in enumerate(ALARM.items())
    )
    (loaded,) = load_text(text, tmp_path, "alarms.yaml")
    assert (loaded.refusal, loaded.line) == ("", 2)


def test_every_wrong_member_is_told_and_the_first_ones_line(tmp_path: Path) -> None:
    wrong = ALARM | {"Period": 61, "Treshold": 5}
    (loaded,) = load_text({"MetricAlarms": [ALARM, wrong]}, tmp_path)[1:]
    assert "Period: 61 s is not accepted" in loaded.refusal
    assert "Treshold is not known here" in loaded.refusal
    lines = (tmp_path / "alarms.json").read_text(encoding="utf-8").splitlines()
    assert "Treshold" in lines[loaded.line - 1] or "Period" in lines[loaded.line - 1]


@pytest.mark.parametrize("name", [None, "", 5])
def test_an_alarm_without_a_name_is_refused(name: Any, tmp_path: Path) -> None:
    (loaded,) = load_text([ALARM | {"AlarmName": name}], tmp_path)
    assert (loaded.refusal == "") == (name == 5)


@pytest.mark.parametrize(
    ("text", "reason", "line"),
    [
        ("", "no alarms are read from this", 1),
        ("[]", "no alarms are read from this", 1),
        ('{"a": 1}', "no alarms are read from this", 1),
        ("just text", "no alarms are read from this", 1),
        ('{"AlarmName": "a",\n "AlarmName": "b"}', "'AlarmName' stands twice", 1),
        ('{"a": 1,\n}', "not JSON: ", 2),
        ('{"a":\n NaN}', "not JSON: NaN is no JSON number", 1),
        ("a: 1\na: 2\n", "'a' stands twice", 2),
        ("a: [1\nb: 2\n", "not YAML: ", 2),
        ("a: !Ref\n  b: c\n? [1]\n: 2\n", "a key that is no text", 3),
        ("a: 1\n---\nb: 2\n", "not YAML: ", 2),
        ("a: \x07", "not YAML: ", 1),
    ],
)
def test_a_file_that_cannot_be_read_says_why_and_where(text: str, reason: str, line: int, tmp_path: Path) -> None:
    with pytest.raises(SourceError) as caught:
        load_text(text, tmp_path, "alarms.txt")
    assert caught.value.reason.startswith(reason)
    assert caught.value.line == line


def test_a_file_that_is_not_there_or_no_text(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="cannot be read: No such file"):
        load(tmp_path / "none.json")
    with pytest.raises(SourceError, match="cannot be read: Is a directory"):
        load(tmp_path)
    (tmp_path / "binary.json").write_bytes(b"{\n\xff}")
    with pytest.raises(SourceError, match="no UTF-8") as caught:
        load(tmp_path / "binary.json")
    assert caught.value.line == 2


@pytest.mark.parametrize(("name", "kind"), [("a.yaml", "YAML"), ("a.tf", "HCL"), ("a.json", "JSON")])
def test_a_file_that_is_too_large_is_not_read(name: str, kind: str, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=f"larger than {MAX_BYTES[kind]:,} bytes"):
        load_text("{" + " " * MAX_BYTES[kind], tmp_path, name)


BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 10)}]\n" for level in range(1, 12)
)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (BOMB, "values, its aliases written out"),
        ("a: &a [*a]\n", "an alias that holds itself"),
        ("a: " + "[" * 5000, "within each other"),
        ("a: " + "{a: " * 5000, "within each other"),
        ("[" * 100_000, "within each other"),
        ('{"a":' * 5000, "within each other"),
        ("- " * 5000, "within each other"),
    ],
)
def test_a_bomb_is_refused_quickly(text: str, reason: str, tmp_path: Path) -> None:
    began = time.perf_counter()
    with pytest.raises(SourceError, match=reason):
        load_text(text, tmp_path, "bomb.yaml" if "a" in text[:2] else "bomb.json")
    assert time.perf_counter() - began < 10


def template(resources: str) -> str:
    return f"Resources:\n  Cpu:\n    Type: AWS::CloudWatch::Alarm\n    Properties: {{AlarmName: !Ref A0}}\n{resources}"


def test_names_that_double_each_other_end_in_a_refusal(tmp_path: Path) -> None:
    twice = [f"!Sub '${{A{level + 1}}}${{A{level + 1}}}'" for level in range(60)]
    chain = "".join(
        f"  A{level}: {{Type: AWS::CloudWatch::Alarm, Properties: {{AlarmName: {name}}}}}\n"
        for level, name in enumerate(twice)
    )
    loaded = load_text(template(chain), tmp_path, "t.yaml")
    assert "a text grows longer than 20,000 characters" in loaded[0].refusal


def test_conditions_that_fan_out_are_decided_once_each(tmp_path: Path) -> None:
    conditions = "".join(f"  C{level}: !And [{', '.join([f'Condition: C{level + 1}'] * 9)}]\n" for level in range(40))
    text = f"Conditions:\n{conditions}  C40: !Equals [a, a]\n" + template("").replace(
        "    Properties", "    Condition: C0\n    Properties"
    )
    (loaded,) = load_text(text, tmp_path, "t.yaml")
    assert not loaded.left_out


def test_loops_within_loops_end(tmp_path: Path) -> None:
    body = "X: {Type: AWS::CloudWatch::Alarm}"
    for level in range(12):
        body = f"'Fn::ForEach::L{level}': [L{level}, [{', '.join('abcdefghij')}], {{{body}}}]"
    (loaded,) = load_text(f"Resources: {{{body}}}", tmp_path, "t.yaml")
    assert loaded.refusal == "Fn::ForEach makes more than 500 resources"


HCL = 'resource "aws_cloudwatch_metric_alarm" "a" {{\n  threshold = {}\n}}\n'


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("x = " + "(" * 3000 + "1" + ")" * 3000, "brackets within each other"),
        ('x = "' + "${" * 3000, "not Terraform's language|brackets within each other"),
        ("x = <<EOT\n" * 2000, "not Terraform's language"),
        ('x = "unclosed', "not Terraform's language"),
    ],
)
def test_hcl_that_cannot_be_read(text: str, reason: str, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=reason):
        load_text(text, tmp_path, "a.tf")


@pytest.mark.parametrize(
    ("threshold", "extra", "reason"),
    [
        ("1" + " + 1" * 3000, "", "too deeply"),
        ("length(flatten([for a in range(2000): [for b in range(2000): a]]))", "", "steps"),
        ("length(local.a0)", "locals", "holds more than|longer than"),
        ("length(range(99999999))", "", "longer than"),
        ("10" + " * 10" * 400, "", "too large|too deeply|no value"),
    ],
)
def test_hcl_that_would_not_end_is_refused(threshold: str, extra: str, reason: str, tmp_path: Path) -> None:
    chain = "".join(f"  a{level} = [local.a{level + 1}, local.a{level + 1}]\n" for level in range(40))
    text = HCL.format(threshold) + (f"locals {{\n{chain}  a40 = [1]\n}}\n" if extra else "")
    began = time.perf_counter()
    (loaded,) = load_text(text, tmp_path, "a.tf")
    assert loaded.definition is None
    assert any(word in loaded.refusal for word in reason.split("|")), loaded.refusal
    assert time.perf_counter() - began < 10


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=12,
)


@given(JSON)
def test_json_is_read_as_the_standard_parser_reads_it(document: Any) -> None:
    for indent in (None, 1):
        assert parse_json(json.dumps(document, indent=indent)) == document


@given(document=JSON, member=st.sampled_from([*ALARM, "Metrics", "Dimensions", "AlarmActions", "Tags"]))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_value_in_any_member_loads_or_is_refused(document: Any, member: str, tmp_path: Path) -> None:
    alarm = {**ALARM, member: document}
    resource = {"Type": "AWS::CloudWatch::Alarm", "Properties": alarm}
    for whole in ([alarm], {"Resources": {"Cpu": resource}}):
        (loaded,) = load_text(whole, tmp_path)
        assert (loaded.definition is None) == bool(loaded.refusal)


@given(text=st.text(max_size=80))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=150)
def test_any_text_loads_or_is_refused(text: str, tmp_path: Path) -> None:
    for name in ("a.yaml", "a.json", "a.tf", "a.tf.json"):
        with suppress(SourceError):
            load_text(text.replace("\r", ""), tmp_path, name)


def test_yaml_scalars_are_plain() -> None:
    assert parse_yaml("{a: 2010-09-09, b: 0x10, c: yes, d: ~, e: 1.5, f: '1'}") == {
        "a": "2010-09-09",
        "b": 16,
        "c": True,
        "d": None,
        "e": 1.5,
        "f": "1",
    }
    assert parse_yaml("a: &x {b: 1, c: 2}\nd: {<<: *x, c: 3}") == {"a": {"b": 1, "c": 2}, "d": {"b": 1, "c": 3}}
    assert MAX_DEPTH >= 50
