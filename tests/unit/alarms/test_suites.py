"""Suites: what feeds an alarm, what is sent, and how a person is told what went wrong."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from alarms import suites
from alarms.suites import SuiteResult

CPU = """
alarms:
  - {AlarmName: cpu, Namespace: AWS/EC2, MetricName: CPUUtilization, Statistic: Average, Period: 60,
     Dimensions: [{Name: InstanceId, Value: i-1}, {Name: Zone, Value: a}],
     EvaluationPeriods: 2, Threshold: 80, ComparisonOperator: GreaterThanThreshold%s}
"""


def run(text: str, folder: Path) -> SuiteResult:
    path = folder / "suite.yaml"
    path.write_text(dedent(text), encoding="utf-8")
    return suites.run(path)


def cpu(case: str, folder: Path, more: str = "") -> SuiteResult:
    """Run one case about the alarm `cpu`: above 80 for two of two minutes."""
    lines = "".join(f"    {line}\n" for line in dedent(case).strip().splitlines())
    return run(CPU % more + "tests:\n  - name: one\n" + lines, folder)


def passes(result: SuiteResult) -> bool:
    assert result.exit_code == 0, suites.text([result])
    return True


@pytest.mark.parametrize(
    "key",
    [
        "m1",
        "cpu",
        "'AWS/EC2 CPUUtilization {InstanceId=i-1, Zone=a}'",
        "'AWS/EC2   CPUUtilization {Zone = a,InstanceId=i-1}'",
        "'AWS/EC2 CPUUtilization {InstanceId=i-1, Zone=a} Average'",
    ],
)
def test_a_key_is_an_id_a_name_or_coordinates(key: str, tmp_path: Path) -> None:
    assert passes(cpu(f'series: {{{key}: "81 81 80"}}\nexpect: {{cpu: "? ALARM ok"}}', tmp_path))


@pytest.mark.parametrize(
    ("series", "error"),
    [
        ("{}", "series has 0 periods; give 1 to 20,000"),
        ("{x: '1 1'}", "cpu needs a series for AWS/EC2 CPUUtilization {InstanceId=i-1, Zone=a}; given are x"),
        ("{'AWS/EC2 CPUUtilization {InstanceId=i-1}': '1 1'}", "cpu needs a series for"),
        ("{'AWS/EC2 CPUUtilization {InstanceId=i-1, Zone=a} p99': '1 1'}", "cpu needs a series for"),
        ("{m1: '1 1', m2: '1 1'}", "m2 feeds no alarm of this case"),
        ("{m1: '1 1', m2: '1'}", "m2 has 1 words where the longest line has 2"),
        ("{m1: '1 1 1'}", "cpu has 2 words where the longest line has 3"),
        ("{m1: '1 one'}", "series, m1: 'one' is no value"),
        ("{m1: {lower: '1 1'}}", "a band has two lines, lower and upper"),
        ("[1, 2]", "series is an object"),
    ],
)
def test_a_line_that_does_not_fit_is_an_error(series: str, error: str, tmp_path: Path) -> None:
    result = cpu(f'series: {series}\nexpect: {{cpu: "ok ok"}}', tmp_path)
    assert result.exit_code == 2
    assert error in suites.text([result])


@pytest.mark.parametrize(
    ("case", "error"),
    [
        ("expct: {}", "'expct' is not known in a test; known are name, period, start"),
        ("series: {m1: 1}", "expect gives a line of states for each alarm under test"),
        ("period: soon\nseries: {m1: 1}\nexpect: {cpu: ok}", "'soon' is no duration; write 90s, 4m, 1h30m or 2d"),
        ("period: 7\nseries: {m1: 1}\nexpect: {cpu: ok}", "period 7 s is not accepted"),
        ("period: 2m\nseries: {m1: 1}\nexpect: {cpu: ok}", "cpu has periods of 60 s, which words of 120 s do not fill"),
        ("start: noon\nseries: {m1: 1}\nexpect: {cpu: ok}", "'noon' is not an instant"),
        ("start: 2026-01-01T00:00:01\nseries: {m1: 1}\nexpect: {cpu: ok}", "give a whole minute"),
        ("series: {m1: 1}\nexpect: {mem: ok}", "there is no alarm 'mem'; known are cpu"),
        ("series: {m1: 1}\nexpect: {cpu: fine}", "expect, cpu: 'fine' is no state"),
        ("initial: ok ok\nseries: {m1: 1}\nexpect: {cpu: ok}", "initial is one state, or one for each alarm"),
        ("series: {m1: 1}\nexpect: {cpu: ok}\nnotifications: {at: 1}", "notifications is a list"),
        ("series: {m1: 1}\nexpect: {cpu: ok}\nnotifications: [{at: 1}]", "a notification has at, alarm and state"),
    ],
)
def test_a_mistake_in_a_case_is_told(case: str, error: str, tmp_path: Path) -> None:
    result = cpu(case, tmp_path)
    assert result.exit_code == 2
    assert error in suites.text([result])


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("[]", "line 1: a suite is an object with alarms and tests"),
        ("alarms: []\ntests: []", "line 2: tests is a list of cases"),
        ("alarms: none.json\ntests: [{}]", "line 1: none.json, line 1: cannot be read: No such file"),
        ("tests: [{}]", "alarms names a file of alarms, or holds definitions"),
        ("alarms: {a: 1}\ntests: [{}]", "inline alarms have AWS's members"),
        ("alarms: [", "not YAML"),
    ],
)
def test_a_mistake_in_a_suite_is_told(text: str, error: str, tmp_path: Path) -> None:
    assert error in suites.text([run(text, tmp_path)])


def test_a_refused_alarm_says_why_when_it_is_tested(tmp_path: Path) -> None:
    result = cpu("series: {m1: 1}\nexpect: {cpu: ok}", tmp_path, ", Period: 61".replace("Period", "DatapointsToAlarm"))
    assert "cpu was refused" in suites.text([result])
    assert "61 datapoints of 2 periods can never breach" in suites.text([result])


def test_the_state_before_the_first_word(tmp_path: Path) -> None:
    assert passes(cpu('series: {m1: "_ _"}\nexpect: {cpu: "? ?"}', tmp_path))
    more = ", TreatMissingData: ignore"
    assert passes(cpu('series: {m1: "_ _"}\nexpect: {cpu: "ok ok"}\ninitial: ok', tmp_path, more))
    assert passes(cpu('series: {m1: "_ _"}\nexpect: {cpu: "ALARMx2"}\ninitial: {cpu: ALARM}', tmp_path, more))


def test_a_longer_period_takes_its_statistic_over_the_words(tmp_path: Path) -> None:
    longer = CPU.replace("Period: 60", "Period: 180").replace("EvaluationPeriods: 2", "EvaluationPeriods: 1") % ""
    for statistic, states in (
        ("Average", "okx3 ALARM"),
        ("Maximum", "ok ALARMx3"),
        ("Minimum", "okx4"),
        ("Sum", "ok ALARMx3"),
    ):
        text = longer.replace("Average", statistic) + (
            f'tests:\n  - series: {{m1: "10 90 80 85"}}\n    expect: {{cpu: "{states}"}}\n'
        )
        assert passes(run(text, tmp_path))


def test_high_resolution(tmp_path: Path) -> None:
    text = CPU.replace("Period: 60", "Period: 10") % ""
    text += 'tests:\n  - period: 10s\n    series: {m1: "81 81 80"}\n    expect: {cpu: "? ALARM ok"}\n'
    text += "    notifications: [{at: 10s, alarm: cpu, state: ALARM}]\n"
    assert passes(run(text, tmp_path))


def test_a_wall_clock_day_in_a_zone(tmp_path: Path) -> None:
    text = CPU.replace("Period: 60", "Period: 86400").replace("EvaluationPeriods: 2", "EvaluationPeriods: 1") % (
        ", EvaluationWindow: {WallClockWindow: {Timezone: '+02:00'}}"
    )
    text += (
        "tests:\n  - period: 1h\n    start: 2026-01-05T20:00:00Z\n"
        '    series: {m1: "90 90 1x4"}\n    expect: {cpu: "? ALARMx5"}\n'
    )
    assert passes(run(text, tmp_path))


SENT = 'series: {m1: "81 81 80 81 81"}\nexpect: {cpu: "? ALARM ok ok ALARM"}\nnotifications: '
ON_ALARM = ", AlarmActions: ['arn:aws:sns:us-east-1:1:a']"
ON_OK = ", OKActions: ['arn:aws:sns:us-east-1:1:a']"
TWICE = "[{at: 1m, alarm: cpu, state: ALARM}, {at: 4m, alarm: cpu, state: ALARM}]"
ONCE = "[{at: 1m, alarm: cpu, state: ALARM}]"
OK_ONCE = "[{at: 2m, alarm: cpu, state: OK}]"


@pytest.mark.parametrize(
    ("more", "notifications", "exit_code"),
    [
        (ON_ALARM, TWICE, 0),
        (ON_ALARM, ONCE, 1),
        (ON_ALARM, OK_ONCE, 1),
        (ON_ALARM, "[]", 1),
        (ON_OK, OK_ONCE, 0),
        (ON_OK, TWICE, 1),
        (ON_OK, "[]", 1),
        (ON_OK + ON_ALARM, TWICE, 0),
        (ON_OK + ON_ALARM, OK_ONCE, 0),
        (", ActionsEnabled: false" + ON_ALARM, "[]", 0),
        (", ActionsEnabled: false" + ON_ALARM, TWICE, 1),
        ("", TWICE, 0),
        ("", OK_ONCE, 0),
        ("", "[]", 1),
        ("", "[{at: 60, alarm: cpu, state: ALARM}, {at: 4m, alarm: cpu, state: alarm}]", 0),
    ],
)
def test_what_is_sent(more: str, notifications: str, exit_code: int, tmp_path: Path) -> None:
    result = cpu(SENT + notifications, tmp_path, more)
    assert result.exit_code == exit_code, suites.text([result])


def test_a_message_that_is_missing_or_not_expected_is_told(tmp_path: Path) -> None:
    result = cpu(SENT + "[{at: 3m, alarm: cpu, state: ALARM}, {at: 4m, alarm: cpu, state: ALARM}]", tmp_path)
    assert result.cases[0].differences == ("notifications\n  not sent:     3m cpu ALARM\n  not expected: 1m cpu ALARM",)


COMPOSITE = """
alarms:
  - {AlarmName: a, Namespace: N, MetricName: A, Statistic: Sum, Period: 60, EvaluationPeriods: 1, Threshold: 0,
     ComparisonOperator: GreaterThanThreshold}
  - {AlarmName: b, Namespace: N, MetricName: B, Statistic: Sum, Period: 60, EvaluationPeriods: 1, Threshold: 0,
     ComparisonOperator: GreaterThanThreshold}
  - {AlarmName: both, AlarmRule: 'ALARM(a) AND ALARM("arn:aws:cloudwatch:us-east-1:111111111111:alarm:b")'}
  - {AlarmName: top, AlarmRule: NOT ALARM(both)}
  - {AlarmName: ring, AlarmRule: ALARM(gnir)}
  - {AlarmName: gnir, AlarmRule: ALARM(ring)}
tests:
"""


def test_composites_of_composites(tmp_path: Path) -> None:
    case = '  - {series: {N A: "1 0 1", N B: "0 1 1"}, expect: {top: "ALARM ALARM ok", both: "ok ok ALARM"}}\n'
    assert passes(run(COMPOSITE + case, tmp_path))


def test_m1_feeds_every_alarm_on_a_single_metric(tmp_path: Path) -> None:
    assert passes(run(COMPOSITE + '  - {series: {m1: "1 0"}, expect: {both: "ALARM ok"}}\n', tmp_path))


def test_a_ring_of_composites_is_an_error(tmp_path: Path) -> None:
    result = run(COMPOSITE + '  - {states: {}, series: {m1: "1 0"}, expect: {ring: "ok ok"}}\n', tmp_path)
    assert "composite alarms look at each other: ring → gnir → ring" in suites.text([result])


def test_a_composite_whose_child_is_nowhere(tmp_path: Path) -> None:
    text = "alarms: {AlarmName: c, AlarmRule: ALARM(x)}\ntests: [{states: {y: ok}, expect: {c: ok}}]"
    assert "there is no alarm 'x'; known are c" in suites.text([run(text, tmp_path)])


BAND = """
alarms:
  AlarmName: band
  EvaluationPeriods: 1
  ComparisonOperator: LessThanLowerOrGreaterThanUpperThreshold
  ThresholdMetricId: ad1
  Metrics:
    - {Id: m1, MetricStat: {Metric: {Namespace: N, MetricName: A}, Period: 60, Stat: Average}}
    - {Id: ad1, Expression: 'ANOMALY_DETECTION_BAND(m1, 2)'}
tests:
"""


def test_a_band_that_is_given(tmp_path: Path) -> None:
    case = """\
  - series: {m1: "5 4.9 10 10.1", ad1: {upper: "10x4", lower: "5x4"}}
    expect: {band: "ok ALARM ok ALARM"}
"""
    assert passes(run(BAND + case, tmp_path))


def test_a_band_that_is_learnt_from_the_words_so_far(tmp_path: Path) -> None:
    case = '  - {series: {m1: "10 12 11 10 12 11 99 11"}, expect: {band: "okx6 ALARM ok"}}\n'
    assert passes(run(BAND + case, tmp_path))


def test_few_samples_leave_a_percentile_alarm_as_it_is(tmp_path: Path) -> None:
    text = """
    alarms: {AlarmName: slow, Namespace: N, MetricName: L, ExtendedStatistic: p90, Period: 60, EvaluationPeriods: 1,
             Threshold: 1, ComparisonOperator: GreaterThanThreshold, EvaluateLowSampleCountPercentile: ignore}
    tests:
      - {series: {m1: "0 9 9", m1 SampleCount: "100 99 100"}, expect: {slow: "ok ok ALARM"}}
    """
    assert passes(run(text, tmp_path))


def test_what_only_aws_evaluates_is_fed_by_its_name(tmp_path: Path) -> None:
    text = """
    alarms: {AlarmName: all, EvaluationPeriods: 1, Threshold: 1, ComparisonOperator: GreaterThanThreshold,
             Metrics: [{Id: q1, Expression: 'SELECT MAX(CPUUtilization) FROM "AWS/EC2"', Period: 60}]}
    tests:
      - {series: {all: "1 2"}, expect: {all: "ok ALARM"}}
      - {series: {q1: "1 2"}, expect: {all: "ok ALARM"}}
    """
    result = run(text, tmp_path)
    assert result.cases[0].passed
    assert not result.cases[1].passed


def test_a_long_line_is_shown_around_its_first_difference(tmp_path: Path) -> None:
    result = cpu('series: {m1: "1x100 81x5 1x95"}\nexpect: {cpu: "okx200"}', tmp_path)
    (block,) = result.cases[0].differences
    assert "1h37m" in block
    assert len(block.splitlines()) == 8
    assert "of 200 words differ" in block
    assert max(map(len, block.splitlines()[:6])) < 120


def test_alarms_and_parameters_from_a_template(tmp_path: Path) -> None:
    (tmp_path / "t.yaml").write_text(
        "Parameters: {Limit: {Default: 5}}\n"
        "Resources:\n  Cpu:\n    Type: AWS::CloudWatch::Alarm\n"
        "    Properties: {MetricName: A, Namespace: N, Statistic: Sum, Period: 60, EvaluationPeriods: 1,\n"
        "      Threshold: !Ref Limit, ComparisonOperator: GreaterThanThreshold}\n",
        encoding="utf-8",
    )
    text = 'alarms: t.yaml\n%stests: [{series: {N A: "5 6 60"}, expect: {Cpu: "%s"}}]'
    assert passes(run(text % ("", "ok ALARM ALARM"), tmp_path))
    assert passes(run(text % ("parameters: {Limit: 50}\n", "ok ok ALARM"), tmp_path))
    path = tmp_path / "suite.yaml"
    assert suites.run(path, parameters={"Limit": "5"}).exit_code == 1
