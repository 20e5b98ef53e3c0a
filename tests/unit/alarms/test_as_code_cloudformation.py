"""Templates: functions answered, what is open named, alarms left out by conditions."""

from __future__ import annotations

import json
from pathlib import Path
from textwrap import dedent

import pytest

from alarms.as_code import Loaded, SourceError, load
from alarms.definition import CompositeAlarm, MetricAlarm, MetricMath, SingleMetric

HEAD = """
AWSTemplateFormatVersion: 2010-09-09
Parameters:
  Stage: {Type: String, Default: dev}
  Limit: {Type: Number, Default: 80}
  Topic: {Type: String}
  Names: {Type: CommaDelimitedList, Default: "a, b"}
Mappings:
  Limits:
    dev: {cpu: 90}
    prod: {cpu: 70}
Conditions:
  IsProd: !Equals [!Ref Stage, prod]
  InEurope: !Equals [!Ref AWS::Region, eu-west-1]
Resources:
  Host: {Type: AWS::EC2::Instance}
"""

ALARM = {
    "MetricName": "CPUUtilization",
    "Namespace": "AWS/EC2",
    "Statistic": "Average",
    "Period": 60,
    "EvaluationPeriods": 3,
    "Threshold": 80,
    "ComparisonOperator": "GreaterThanThreshold",
}


def load_yaml(resources: str, folder: Path, **parameters: str) -> tuple[Loaded, ...]:
    path = folder / "template.yaml"
    path.write_text(HEAD + dedent(resources).replace("\n", "\n  "), encoding="utf-8")
    return load(path, parameters=parameters)


def one(members: str, folder: Path, **parameters: str) -> Loaded:
    """The alarm with ALARM's members, but for `members` in YAML."""
    own = {line.split(":")[0].strip() for line in members.strip().splitlines() if ":" in line}
    rest = "\n".join(f"    {name}: {value}" for name, value in ALARM.items() if name not in own)
    text = f"\nCpu:\n  Type: AWS::CloudWatch::Alarm\n  Properties:\n{rest}\n" + "\n".join(
        f"    {line}" for line in dedent(members).strip().splitlines()
    )
    (loaded,) = load_yaml(text, folder, **parameters)
    return loaded


def metric_alarm(loaded: Loaded) -> MetricAlarm:
    assert isinstance(loaded.definition, MetricAlarm), loaded.refusal
    return loaded.definition


@pytest.mark.parametrize(
    ("threshold", "expected"),
    [
        ("80", 80.0),
        ("'80.5'", 80.5),
        ("!Ref Limit", 80.0),
        ("{Ref: Limit}", 80.0),
        ("!FindInMap [Limits, !Ref Stage, cpu]", 90.0),
        ("{'Fn::FindInMap': [Limits, prod, cpu]}", 70.0),
        ("!FindInMap [Limits, other, cpu, {DefaultValue: 5}]", 5.0),
        ("!If [IsProd, 70, 95]", 95.0),
        ("!Select [1, [1, 2, 3]]", 2.0),
        ("!Select [0, !Split ['-', 7-8]]", 7.0),
        ("!Sub '${Limit}'", 80.0),
        ("!Join ['', [1, 2]]", 12.0),
        ("!If [InEurope, 1, 1]", None),
        ("!ImportValue limit", None),
        ("!GetAtt Host.Limit", None),
        ("{'Fn::Transform': {Name: Macro}}", None),
    ],
)
def test_a_number_from_a_function(threshold: str, expected: float | None, tmp_path: Path) -> None:
    loaded = one(f"Threshold: {threshold}", tmp_path)
    found = loaded.definition.threshold if isinstance(loaded.definition, MetricAlarm) else None
    assert found == expected
    assert (loaded.refusal == "") == (expected is not None)


def test_a_given_parameter_goes_before_its_default(tmp_path: Path) -> None:
    loaded = one("Threshold: !If [IsProd, !Ref Limit, 1]", tmp_path, Stage="prod", Limit="66")
    assert metric_alarm(loaded).threshold == 66


def test_what_is_open_is_named_with_the_way_to_close_it(tmp_path: Path) -> None:
    loaded = one("Threshold: !Ref Topic", tmp_path)
    assert loaded.refusal == "Threshold is ${Topic}: parameter Topic has no default; give it with --set Topic=…"
    assert loaded.line == 27


def test_an_open_text_is_a_placeholder(tmp_path: Path) -> None:
    loaded = one(
        """
        AlarmName: !Sub '${AWS::StackName}-${Stage}-cpu'
        AlarmActions: [!Ref Topic, !Sub 'arn:${AWS::Partition}:sns:us-east-1:1:ops']
        Dimensions: [{Name: InstanceId, Value: !Ref Host}]
        """,
        tmp_path,
    )
    alarm = metric_alarm(loaded)
    assert alarm.name == "${AWS::StackName}-dev-cpu"
    assert alarm.actions.alarm == ("arn:${Topic}", "arn:${AWS::Partition}:sns:us-east-1:1:ops")
    assert isinstance(alarm.source, SingleMetric)
    assert alarm.source.metric.dimensions == (("InstanceId", "${Host}"),)
    assert len(loaded.notes) == 4


def test_without_a_name_an_alarm_is_called_by_its_logical_id(tmp_path: Path) -> None:
    assert one("Period: 60", tmp_path).name == "Cpu"


def test_no_value_leaves_a_member_out(tmp_path: Path) -> None:
    loaded = one("TreatMissingData: !If [IsProd, breaching, !Ref AWS::NoValue]", tmp_path)
    assert metric_alarm(loaded).treat_missing_data is None


def test_a_list_parameter_gives_a_list(tmp_path: Path) -> None:
    loaded = one("AlarmDescription: !Join ['+', !Ref Names]", tmp_path)
    assert metric_alarm(loaded).description == "a+b"


def test_a_condition_that_is_false_leaves_the_alarm_out(tmp_path: Path) -> None:
    text = "\nCpu:\n  Type: AWS::CloudWatch::Alarm\n  Condition: IsProd\n  Properties: {}"
    (loaded,) = load_yaml(text, tmp_path)
    assert (loaded.left_out, loaded.refusal) == (True, "condition IsProd is false with the parameters' values")


def test_a_condition_that_is_open_is_noted(tmp_path: Path) -> None:
    text = "\nCpu:\n  Type: AWS::CloudWatch::Alarm\n  Condition: InEurope\n  Properties: " + json.dumps(ALARM)
    (loaded,) = load_yaml(text, tmp_path)
    assert loaded.definition is not None
    assert loaded.notes == (
        "made only where condition InEurope holds: only a deployed stack knows it; give it with --set AWS::Region=…",
    )


def test_a_composite_alarm_knows_its_children_by_their_names(tmp_path: Path) -> None:
    text = """
    Cpu:
      Type: AWS::CloudWatch::Alarm
      Properties: {AlarmName: !Sub '${Stage}-cpu'}
    Both:
      Type: AWS::CloudWatch::CompositeAlarm
      Properties:
        AlarmRule: !Sub 'ALARM("${Cpu}") OR ALARM("${Cpu.Arn}")'
        ActionsSuppressor: !Ref Cpu
        ActionsSuppressorWaitPeriod: 60
        ActionsSuppressorExtensionPeriod: "120"
    """
    both = next(loaded for loaded in load_yaml(text, tmp_path) if loaded.address == "Both")
    assert isinstance(both.definition, CompositeAlarm), both.refusal
    arn = "arn:${AWS::Partition}:cloudwatch:${AWS::Region}:${AWS::AccountId}:alarm:dev-cpu"
    assert both.definition.rule == f'ALARM("dev-cpu") OR ALARM("{arn}")'
    assert (both.definition.suppressor, both.definition.suppressor_extension) == ("dev-cpu", 120)


def test_metric_math_and_bands(tmp_path: Path) -> None:
    text = """
    Band:
      Type: AWS::CloudWatch::Alarm
      Properties:
        EvaluationPeriods: 2
        ComparisonOperator: GreaterThanUpperThreshold
        ThresholdMetricId: ad1
        Metrics:
          - Id: m1
            MetricStat:
              Metric: {Namespace: AWS/EC2, MetricName: CPUUtilization}
              Period: "300"
              Stat: Average
          - Id: ad1
            Expression: !Sub 'ANOMALY_DETECTION_BAND(m1, ${Limit})'
    """
    (loaded,) = load_yaml(text, tmp_path)
    alarm = metric_alarm(loaded)
    assert isinstance(alarm.source, MetricMath)
    assert (alarm.period, alarm.source.queries[1].expression) == (300, "ANOMALY_DETECTION_BAND(m1, 80)")


def test_json_and_sam(tmp_path: Path) -> None:
    path = tmp_path / "template.json"
    properties = ALARM | {"Threshold": {"Ref": "Limit"}, "Period": "60"}
    template = {
        "Transform": "AWS::Serverless-2016-10-31",
        "Parameters": {"Limit": {"Type": "Number", "Default": 5}},
        "Resources": {"Cpu": {"Type": "AWS::CloudWatch::Alarm", "Properties": properties}},
    }
    path.write_text(json.dumps(template, indent=1), encoding="utf-8")
    (loaded,) = load(path)
    assert (metric_alarm(loaded).threshold, loaded.line) == (5, 10)


@pytest.mark.parametrize(
    ("threshold", "reason"),
    [
        ("!Sub [a]", "Fn::Sub takes a text, or a list of a text and an object with its names"),
        ("!If [Nowhere, 1, 2]", "condition 'Nowhere' is not in Conditions"),
        ("!Join [',']", "Fn::Join takes a separator and a list"),
        ("!Select [9, [1]]", "Fn::Select finds no entry 9"),
        ("eighty", "Threshold: 'eighty' is not a finite number"),
        ("[1]", "Threshold: [1] is not a finite number"),
        ("1e999", "Threshold: inf is not a finite number"),
    ],
)
def test_what_cloudformation_would_not_take_is_refused(threshold: str, reason: str, tmp_path: Path) -> None:
    assert one(f"Threshold: {threshold}", tmp_path).refusal == reason


def test_conditions_that_ask_for_each_other_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "loop.yaml"
    path.write_text(
        "Conditions: {A: !Not [Condition: B], B: !Not [Condition: A]}\n"
        "Resources: {Cpu: {Type: AWS::CloudWatch::Alarm, Condition: A, Properties: {}}}",
        encoding="utf-8",
    )
    assert [loaded.refusal for loaded in load(path)] == ["condition 'A' asks for itself"]


def test_an_unknown_tag_is_refused_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="is no CloudFormation function") as caught:
        one("Threshold: !!python/object/apply:os.system [id]", tmp_path)
    assert caught.value.line == 27


LOOP = """
'Fn::ForEach::Hosts':
  - Host
  - {list}
  - 'Cpu&{{Host}}':
      Type: AWS::CloudWatch::Alarm
      Properties:
        AlarmName: !Sub 'cpu-${{Host}}-${{Stage}}'
        MetricName: CPUUtilization
        Namespace: AWS/EC2
        Dimensions: [{{Name: InstanceId, Value: !Ref Host}}]
        Statistic: Average
        Period: 60
        EvaluationPeriods: 1
        Threshold: 5
        ComparisonOperator: GreaterThanThreshold
"""


def test_a_loop_is_written_out(tmp_path: Path) -> None:
    loaded = load_yaml(LOOP.format(list="[web-1, !Ref Stage]"), tmp_path)
    assert [(alarm.address, alarm.name) for alarm in loaded] == [
        ("Cpuweb1", "cpu-web-1-dev"),
        ("Cpudev", "cpu-dev-dev"),
    ]
    assert str(metric_alarm(loaded[0]).metrics[0]) == "AWS/EC2 CPUUtilization {InstanceId=web-1}"


def test_a_loop_over_what_is_open_is_refused(tmp_path: Path) -> None:
    (loaded,) = load_yaml(LOOP.format(list="!Ref Topic"), tmp_path)
    assert (loaded.address, loaded.line) == ("Fn::ForEach::Hosts", 18)
    assert loaded.refusal.startswith("Fn::ForEach goes over ${Topic}: parameter Topic has no default")
