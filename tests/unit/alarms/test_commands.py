"""python -m alarms: check, test and evaluate, as a shell sees them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from alarms import checking, inquiry

ROOT = Path(__file__).parents[3]
ALARM: dict[str, Any] = {
    "AlarmName": "cpu",
    "MetricName": "CPUUtilization",
    "Namespace": "AWS/EC2",
    "Statistic": "Average",
    "Period": 60,
    "EvaluationPeriods": 3,
    "DatapointsToAlarm": 2,
    "Threshold": 80,
    "ComparisonOperator": "GreaterThanThreshold",
}


def alarms(*arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "alarms", *arguments]
    return subprocess.run(command, cwd=ROOT, input=given, capture_output=True, text=True, check=False, timeout=60)


def points(*values: float | None) -> list[list[Any]]:
    return [[f"2026-11-23T10:0{place}:00Z", value] for place, value in enumerate(values)]


def question(*values: float | None, **members: Any) -> dict[str, Any]:
    at = f"2026-11-23T10:0{len(values)}:00Z"
    return {"alarm": ALARM, "points": points(*values), "at": at, "previous_state": "OK"} | members


def test_evaluate_reads_one_document_and_prints_one() -> None:
    done = alarms("evaluate", "--json", given=json.dumps(question(1, 90, None, 91)))
    assert (done.returncode, done.stderr) == (0, "")
    answer = json.loads(done.stdout)
    assert list(answer) == ["state", "reason", "reason_data"]
    assert answer["state"] == "ALARM"
    assert answer["reason"].startswith("Threshold Crossed: 2 out of the last 3 datapoints [91.0 (23/11/26 10:03:00)")
    assert answer["reason_data"]["threshold"] == 80


def test_evaluate_says_what_is_wrong_on_standard_error() -> None:
    done = alarms("evaluate", "--json", given='{"alarm": {}}')
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: alarm: ")
    assert alarms("evaluate", "--json", given="{").returncode == 2


def test_check_and_test_have_exit_codes(tmp_path: Path) -> None:
    good, bad, suite = tmp_path / "good.json", tmp_path / "bad.json", tmp_path / "suite.yaml"
    good.write_text(json.dumps([ALARM], indent=1), encoding="utf-8")
    bad.write_text(json.dumps([ALARM | {"Period": 61}], indent=1), encoding="utf-8")
    suite.write_text('alarms: good.json\ntests: [{series: {m1: "90 90"}, expect: {cpu: "? ALARM"}}]', encoding="utf-8")
    assert alarms("check", str(good)).returncode == 0
    refused = alarms("check", str(good), str(bad))
    assert refused.returncode == 1
    assert "line 2: loaded cpu" in refused.stdout
    assert "line 7: refused cpu: Period: 61 s is not accepted" in refused.stdout
    assert refused.stdout.endswith("1 loaded, 1 refused\n")
    assert alarms("check", str(tmp_path / "none")).returncode == 2
    tested = alarms("test", str(suite))
    assert (tested.returncode, tested.stdout) == (0, "ok    test 1\n\n1 passed, 0 failed\n")


def test_set_gives_parameters(tmp_path: Path) -> None:
    module = tmp_path / "main.tf"
    members = "\n".join(
        f"  {name} = {value}"
        for name, value in {
            "metric_name": '"A"',
            "namespace": '"N"',
            "statistic": '"Sum"',
            "period": "60",
            "evaluation_periods": "1",
            "threshold": "var.limit",
            "comparison_operator": '"LessThanThreshold"',
        }.items()
    )
    module.write_text(f'resource "aws_cloudwatch_metric_alarm" "a" {{\n{members}\n}}\n', encoding="utf-8")
    assert alarms("check", str(module)).returncode == 1
    assert alarms("check", "--set", "limit=5", str(module)).returncode == 0
    assert "is no NAME=VALUE" in alarms("check", "--set", "limit", str(module)).stderr


def test_names_cannot_steer_the_terminal(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps([ALARM | {"AlarmName": "\x1b[31mred", "Period": 61}]), encoding="utf-8")
    assert "\x1b" not in alarms("check", str(path)).stdout


def test_a_report_tells_what_is_left_out_and_what_is_open(tmp_path: Path) -> None:
    text = """
Conditions: {Never: !Equals [a, b]}
Resources:
  Off: {Type: AWS::CloudWatch::Alarm, Condition: Never, Properties: {}}
  On:
    Type: AWS::CloudWatch::CompositeAlarm
    Properties: {AlarmRule: ALARM(a), AlarmActions: [!ImportValue topic]}
"""
    path = tmp_path / "t.yaml"
    path.write_text(text, encoding="utf-8")
    lines = checking.report([checking.check(path)]).splitlines()[1:]
    assert lines == [
        "  line 4: left out Off: condition Never is false with the parameters' values",
        "  line 6: loaded On",
        "    open: AlarmActions[0] is ${Fn::ImportValue topic}: another stack exports it",
        "",
        "1 loaded, 0 refused, 1 left out",
    ]


@pytest.mark.parametrize(("given", "state"), [(None, "OK"), (3, "INSUFFICIENT_DATA"), (4, "OK")])
def test_the_evaluation_range_can_be_given(given: int | None, state: str) -> None:
    found = inquiry.answer(question(1, None, None, None, evaluation_range=given))
    assert found["state"] == state


def test_without_a_previous_state_an_alarm_is_new() -> None:
    ignoring = ALARM | {"TreatMissingData": "ignore"}
    asked = {"alarm": ignoring, "points": [], "at": "2026-11-23T10:00:00Z"}
    assert inquiry.answer(asked)["state"] == "INSUFFICIENT_DATA"
    assert inquiry.answer(asked | {"previous_state": "ALARM"})["state"] == "ALARM"


def test_points_come_in_any_order() -> None:
    asked = question(1, 90, 91)
    assert inquiry.answer(asked | {"points": asked["points"][::-1]}) == inquiry.answer(asked)


def test_a_band_can_be_given() -> None:
    metrics = [
        {"Id": "m1", "MetricStat": {"Metric": {"Namespace": "N", "MetricName": "A"}, "Period": 60, "Stat": "Sum"}},
        {"Id": "ad1", "Expression": "ANOMALY_DETECTION_BAND(m1, 2)"},
    ]
    alarm = {
        "AlarmName": "band",
        "EvaluationPeriods": 1,
        "ComparisonOperator": "GreaterThanUpperThreshold",
        "ThresholdMetricId": "ad1",
        "Metrics": metrics,
    }
    asked = question(5, alarm=alarm, band=[["2026-11-23T10:00:00Z", 1, 4]])
    assert inquiry.answer(asked)["state"] == "ALARM"
    assert inquiry.answer(asked | {"band": [["2026-11-23T10:00:00Z", 1, 5]]})["state"] == "OK"


@pytest.mark.parametrize(
    ("members", "error"),
    [
        ({"alarm": 5}, "alarm holds the parameters of PutMetricAlarm"),
        ({"alarm": {"AlarmName": "c", "AlarmRule": "ALARM(a)"}}, "alarm: c is evaluated on no datapoints"),
        ({"points": None}, "points is a list of rows of a time and 1 value"),
        ({"points": [5]}, r"points\[0\] is no list of 2 entries"),
        ({"points": [[5, 5]]}, r"points\[0\]: '5' is not an instant"),
        ({"points": points("9")}, r"points\[0\]: '9' is neither a number that CloudWatch takes nor null"),  # type: ignore[arg-type]
        ({"points": points(float("inf"))}, "neither a number"),
        ({"points": points(*[True])}, "neither a number"),
        ({"at": None}, "at: 'None' is not an instant"),
        ({"previous_state": "FINE"}, "previous_state: 'FINE' is not accepted; use OK, ALARM, INSUFFICIENT_DATA"),
        ({"previous_state": []}, "previous_state"),
        ({"evaluation_range": 2}, r"evaluation_range: 2 is no number of periods from 3 \(EvaluationPeriods\) on"),
        ({"evaluation_range": True}, "evaluation_range"),
        ({"range": 2}, "'range' is not known; known are alarm, points"),
        ({"band": 2}, "band is a list of rows of a time and 2 values"),
    ],
)
def test_a_question_that_cannot_be_answered(members: dict[str, Any], error: str) -> None:
    with pytest.raises(inquiry.InquiryError, match=error):
        inquiry.answer(question(1) | members)


def test_a_question_is_an_object() -> None:
    with pytest.raises(inquiry.InquiryError, match="give one JSON object"):
        inquiry.answer([])
