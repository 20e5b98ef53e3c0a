"""Definitions: nothing is lost between request and definition, and what AWS refuses is refused beside its field."""

import json
from pathlib import Path
from typing import Any

import pytest
from botocore.validate import ParamValidator
from hypothesis import given

from alarms.definition import (
    CompositeAlarm,
    DefinitionErrors,
    LogAlarm,
    MetricAlarm,
    MetricMath,
    MissingData,
    PromQL,
    from_response,
    parse,
    to_request,
)
from alarms.shapes import input_shape
from tests.unit.alarms import strategies
from tests.unit.alarms.lines import DEFAULTS, alarm

RECORDED = Path("../shared/data/recorded_aws/cloudwatch/DescribeAlarms")


@given(strategies.requests)
def test_a_request_comes_back_without_loss(request: dict[str, Any]) -> None:
    made = parse(request)
    given_members = {name: value for name, value in request.items() if value != []}
    assert _sorted(to_request(made)) == _sorted(given_members)
    assert parse(to_request(made)) == made
    assert from_response(to_request(made)) == made


@given(strategies.requests)
def test_what_is_written_is_what_botocore_takes(request: dict[str, Any]) -> None:
    made = parse(request)
    operation = "PutCompositeAlarm" if isinstance(made, CompositeAlarm) else "PutMetricAlarm"
    report = ParamValidator().validate(to_request(made), input_shape(operation))
    assert not report.has_errors(), report.generate_report()


def _sorted(request: dict[str, Any]) -> str:
    """As JSON, numbers as floats, empty lists left out on all levels: dimensions of a metric may be given empty."""

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: plain(member) for name, member in value.items() if member != []}
        if isinstance(value, list):
            return [plain(member) for member in value]
        return float(value) if isinstance(value, int) and not isinstance(value, bool) else value

    return json.dumps(plain(request), sort_keys=True)


def fields(**members: Any) -> dict[str, str]:
    """What is refused of an alarm with these members."""
    try:
        alarm(**members)
    except DefinitionErrors as errors:
        return errors.fields
    return {}


MATH = {"MetricName": None, "Namespace": None, "Statistic": None, "Period": None}


def query(**members: Any) -> dict[str, Any]:
    metric = {"Namespace": "AWS/EC2", "MetricName": "CPUUtilization"}
    return {"Id": "m1", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Average"}} | members


REFUSED: list[tuple[dict[str, Any], dict[str, str]]] = [
    ({"Period": 45}, {"Period": "45 s is not accepted; use 10, 20, 30 or a multiple of 60"}),
    ({"Statistic": "p99"}, {"Statistic": "'p99' is not accepted; use SampleCount, Average, Sum, Minimum, Maximum"}),
    ({"Statistic": None}, {"Statistic": "give either Statistic or ExtendedStatistic"}),
    ({"ExtendedStatistic": "p99"}, {"Statistic": "give either Statistic or ExtendedStatistic"}),
    (
        {"Statistic": None, "ExtendedStatistic": "Sum"},
        {"ExtendedStatistic": "Sum is a plain statistic; give it as Statistic"},
    ),
    ({"Threshold": None}, {"Threshold": "Threshold is required"}),
    ({"Threshold": float("nan")}, {"Threshold": "nan is not a finite number"}),
    ({"ComparisonOperator": None}, {"ComparisonOperator": "ComparisonOperator is required"}),
    ({"EvaluationPeriods": None}, {"EvaluationPeriods": "EvaluationPeriods is required"}),
    ({"EvaluationPeriods": 0}, {"EvaluationPeriods": "0 is outside 1 and more"}),
    (
        {"DatapointsToAlarm": 4},
        {"DatapointsToAlarm": "4 datapoints of 3 periods can never breach; give at most 3"},
    ),
    (
        {"TreatMissingData": "none"},
        {"TreatMissingData": "'none' is not accepted; use missing, ignore, breaching, notBreaching"},
    ),
    (
        {"EvaluateLowSampleCountPercentile": "ignore"},
        {"EvaluateLowSampleCountPercentile": "only alarms on a percentile such as p99 can treat few samples apart"},
    ),
    (
        {"AlarmActions": ["ops"]},
        {"AlarmActions[0]": "'ops' is not an ARN; give one such as arn:aws:sns:us-east-1:111111111111:ops"},
    ),
    ({"AlarmActions": ["arn:aws:sns:::x"] * 6}, {"AlarmActions": "6 entries given; 0 to 5 are accepted"}),
    ({"AlarmName": "two\nlines"}, {"AlarmName": "control characters are not accepted in a name"}),
    ({"AlarmName": "x" * 256}, {"AlarmName": "256 characters given; 1 to 255 are accepted"}),
    (
        {"EvaluationInterval": 60},
        {"EvaluationInterval": "EvaluationInterval belongs to alarms with EvaluationCriteria only"},
    ),
    (
        {"EvaluationWindow": {"WallClockWindow": {"Timezone": "Mars/Olympus"}}},
        {
            "EvaluationWindow.WallClockWindow.Timezone": (
                "'Mars/Olympus' is no time zone; use a name such as Europe/Vienna or an offset such as +05:30"
            )
        },
    ),
    (
        {"EvaluationWindow": {"WallClockWindow": {}}, "Period": 120},
        {"EvaluationWindow": "a wall-clock window cannot have a period of 120 s; use 60, 300, 3600, 86400, 604800"},
    ),
    (
        {"EvaluationWindow": {"WallClockWindow": {}, "SlidingWindow": {}}},
        {"EvaluationWindow": "give exactly one of WallClockWindow or SlidingWindow"},
    ),
    ({"ThresholdMetricId": "ad1", "ComparisonOperator": "GreaterThanUpperThreshold"},
     {"Threshold": "GreaterThanUpperThreshold compares with a band; leave Threshold out",
      "ThresholdMetricId":
          "GreaterThanUpperThreshold needs the id of an ANOMALY_DETECTION_BAND expression in Metrics"}),
    (MATH | {"Metrics": [query(), query(Id="m2")]},
     {"Metrics": "exactly one entry is watched (ReturnData true); here 2 are"}),
    (MATH | {"Metrics": [query(), query(ReturnData=False)]},
     {"Metrics[1].Id": "'m1' is used twice; ids are unique"}),
    (MATH | {"Metrics": [query(Id="M1")]},
     {"Metrics[0].Id": "'M1' must start with a lower-case letter and hold letters, digits and underscores"}),
    (MATH | {"Metrics": [query(ReturnData=False), {"Id": "e1", "Expression": "m1 +"}]},
     {"Metrics[1].Expression": "at character 5: the text ends where one of these is expected: (, + or -, [, "
      "a function such as SUM(, a metric id such as m1, a number, a text in quotes, a word such as REPEAT"}),
    (MATH | {"Metrics": [query(ReturnData=False), {"Id": "e1", "Expression": "m1 + m9"}]},
     {"Metrics[1].Expression": "at character 6: m9 is no id in Metrics; known are e1, m1"}),
    (MATH | {"Metrics": [query(ReturnData=False), {"Id": "e1", "Expression": "SUMM(m1)"}]},
     {"Metrics[1].Expression": "at character 1: SUMM is no function; did you mean SUM?"}),
    (MATH | {"Metrics": [query(ReturnData=False), {"Id": "e1", "Expression": "SUM(SEARCH('CPU', 'Average', 60))"}]},
     {"Metrics[1].Expression": "an alarm watches one series, so it cannot SEARCH; name the metric"}),
    ({"Colour": "red"}, {"Colour": "Colour is not known here; known are"}),
]  # fmt: skip


@pytest.mark.parametrize(("members", "expected"), REFUSED)
def test_what_aws_refuses_is_refused_beside_its_field(members: dict[str, Any], expected: dict[str, str]) -> None:
    found = fields(**members)
    assert {field: sentence[: len(expected.get(field, sentence))] for field, sentence in found.items()} == expected


@pytest.mark.parametrize(
    ("period", "periods", "accepted"),
    [(60, 1440, True), (60, 1441, False), (3540, 25, False), (3600, 168, True), (3600, 169, False), (10, 8640, True)],
)
def test_the_longest_window_is_a_day_and_a_week_from_an_hour_on(*, period: int, periods: int, accepted: bool) -> None:
    assert (fields(Period=period, EvaluationPeriods=periods) == {}) is accepted


@pytest.mark.parametrize(("metrics", "accepted"), [(9, True), (10, True), (11, False)])
def test_ten_metrics_fit_into_one_alarm(*, metrics: int, accepted: bool) -> None:
    queries = [query(Id=f"m{place}", ReturnData=False) for place in range(metrics)]
    found = fields(**MATH, Metrics=[*queries, {"Id": "e1", "Expression": "SUM(METRICS())"}])
    assert (found == {}) is accepted


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("ALARM(", "at character 7: the text ends where one of these is expected: "),
        ("ALARM(a) ALARM(b)", "at character 10: 'A' where one of these is expected: AND, OR, the end"),
        ("MAYBE(a)", "at character 1: 'M' where one of these is expected: "),
    ],
)
def test_a_rule_that_cannot_be_read_says_where(rule: str, expected: str) -> None:
    with pytest.raises(DefinitionErrors) as caught:
        parse({"AlarmName": "all", "AlarmRule": rule})
    assert caught.value.fields["AlarmRule"].startswith(expected)


def test_a_suppressor_needs_both_its_periods() -> None:
    with pytest.raises(DefinitionErrors) as caught:
        parse(
            {
                "AlarmName": "all",
                "AlarmRule": "TRUE",
                "ActionsSuppressor": "deploying",
                "ActionsSuppressorWaitPeriod": -1,
            }
        )
    assert caught.value.fields == {
        "ActionsSuppressorWaitPeriod": "-1 s is negative; give 0 or more",
        "ActionsSuppressorExtensionPeriod": (
            "ActionsSuppressor and ActionsSuppressorExtensionPeriod are given together or not at all"
        ),
    }


def test_what_cannot_be_evaluated_here_says_so() -> None:
    insights = alarm(**MATH, Metrics=[{"Id": "q1", "Expression": 'SELECT MAX(x) FROM "y"', "Period": 60}])
    promql = parse(
        {"AlarmName": "p", "EvaluationCriteria": {"PromQLCriteria": {"Query": "up"}}, "EvaluationInterval": 60}
    )
    assert isinstance(promql, MetricAlarm)
    assert isinstance(promql.source, PromQL)
    assert [made.evaluable.allowed for made in (alarm(), insights, promql)] == [True, False, False]
    assert insights.evaluable.reason == "Metrics Insights queries run on AWS's servers only"


def test_a_log_alarm_is_carried_whole() -> None:
    request = {
        "AlarmName": "errors-in-log",
        "ScheduledQueryConfiguration": {"QueryString": "fields @message", "LogGroupIdentifiers": ["app"]},
        "QueryResultsToEvaluate": 3,
        "QueryResultsToAlarm": 2,
        "Threshold": 1.0,
        "ComparisonOperator": "GreaterThanThreshold",
    }
    described = from_response(request)
    assert isinstance(described, LogAlarm)
    assert to_request(described) == request
    assert not described.evaluable.allowed


def test_derived_members_follow_aws_defaults() -> None:
    plain = alarm()
    assert (plain.n, plain.m, plain.missing_data, plain.sliding, plain.period) == (3, 3, MissingData.MISSING, True, 60)
    table = alarm(Namespace="AWS/DynamoDB", TreatMissingData="breaching")
    assert (table.treat_missing_data, table.missing_data) == (MissingData.BREACHING, MissingData.IGNORE)
    assert to_request(table)["TreatMissingData"] == "breaching"


def test_the_period_of_math_is_that_of_its_metrics_unless_it_has_its_own() -> None:
    slow = query(ReturnData=False)
    slow["MetricStat"]["Period"] = 300
    fast = query(Id="m2", ReturnData=False)
    made = alarm(**MATH, Metrics=[slow, fast, {"Id": "e1", "Expression": "m1 + m2"}])
    own = alarm(**MATH, Metrics=[slow, fast, {"Id": "e1", "Expression": "m1 + m2", "Period": 900}])
    assert isinstance(made.source, MetricMath)
    assert [query.id for query in made.source.metrics] == ["m1", "m2"]
    assert (made.period, own.period) == (300, 900)


def test_every_recorded_alarm_is_read() -> None:
    if not RECORDED.exists():
        pytest.skip(f"{RECORDED} is not here; it holds answers of AWS that are not ours to copy")
    names = []
    for path in sorted(RECORDED.glob("*.json")):
        answer = json.loads(path.read_text())["data"]
        for described in answer.get("MetricAlarms", []) + answer.get("CompositeAlarms", []):
            made = from_response(described)
            assert from_response(to_request(made)) == made
            names.append(made.name)
    assert names


def test_defaults_of_the_tests_are_an_alarm() -> None:
    assert to_request(alarm()) == DEFAULTS | {"ActionsEnabled": True, "Threshold": 5.0}


def test_a_number_that_no_integer_of_aws_holds_is_refused() -> None:
    suppressed = {"AlarmName": "a", "AlarmRule": "ALARM(x)", "ActionsSuppressor": "x"}
    for seconds, held in ((2**31 - 1, True), (2**31, False)):
        members = {**suppressed, "ActionsSuppressorWaitPeriod": seconds, "ActionsSuppressorExtensionPeriod": 1}
        if held:
            parse(members)
            continue
        with pytest.raises(DefinitionErrors) as refused:
            parse(members)
        assert refused.value.fields == {
            "ActionsSuppressorWaitPeriod": "2147483648 is outside -2147483647 to 2147483647"
        }
