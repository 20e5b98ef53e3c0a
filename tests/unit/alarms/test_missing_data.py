"""Missing data: AWS's two published tables row by row, and each open point one step before, at and after.

The tables: "Configuring how CloudWatch alarms treat missing data",
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
Above 5 breaches: 0 is AWS's 0, 9 its X, _ its -.
"""

import pytest

from tests.unit.alarms.lines import after

TREATMENTS = ("missing", "ignore", "breaching", "notBreaching")
KEPT = "INSUFFICIENT_DATA"
"""The previous state here, so that "retain current state" shows."""


def states(line: str, **members: object) -> str:
    """The state under each treatment, in the order of AWS's columns; `kept` where the state is not decided."""
    found = []
    for treatment in TREATMENTS:
        evaluations = [after(line, previous, TreatMissingData=treatment, **members) for previous in ("OK", "ALARM")]
        kept = [str(evaluation.state) for evaluation in evaluations] == ["OK", "ALARM"]
        found.append("kept" if kept else str(evaluations[0].state))
    return " ".join(found).replace("OK", "ok").replace(KEPT, "?")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("0 _ 9 _ 9", "ok ok ok ok"),
        ("_ _ _ _ 0", "ok ok ok ok"),
        ("_ _ _ _ _", "? kept ALARM ok"),
        ("0 9 9 _ 9", "ALARM ALARM ALARM ALARM"),
        ("_ _ 9 _ _", "ALARM kept ALARM ok"),
    ],
)
def test_first_table_three_of_three(line: str, expected: str) -> None:
    assert states(line) == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("0 _ 9 _ 9", "ALARM ALARM ALARM ALARM"),
        ("0 0 9 0 9", "ALARM ALARM ALARM ALARM"),
        ("0 _ 9 _ _", "ok ok ALARM ok"),
        ("_ _ _ _ 0", "ok ok ALARM ok"),
        ("_ _ _ 9 _", "ALARM kept ALARM ok"),
    ],
)
def test_second_table_two_of_three(line: str, expected: str) -> None:
    assert states(line, DatapointsToAlarm=2) == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [("_ _ _ 9 _", "? kept ALARM ok"), ("_ _ 9 _ _", "ALARM kept ALARM ok"), ("_ 9 _ _ _", "ALARM kept ALARM ok")],
)
def test_a_lone_breach_alarms_only_once_it_is_m_periods_old(line: str, expected: str) -> None:
    assert states(line) == expected


def test_the_range_is_n_plus_two_periods() -> None:
    """One step inside and one outside: with N = 3 the fifth newest period still counts, the sixth does not."""
    assert states("9 _ _ _ 0") == "ok ok ok ok"
    assert states("0 _ _ _ _", DatapointsToAlarm=2) == "ok ok ALARM ok"
    assert states("0 _ _ _ _ _", DatapointsToAlarm=2) == "? kept ALARM ok"


def test_enough_real_datapoints_leave_the_treatment_no_say() -> None:
    assert states("9 _ 9 _ 9") == "ALARM ALARM ALARM ALARM"
    assert states("9 9 _ _ 9") == "ALARM ALARM ALARM ALARM"


def test_only_the_newest_n_datapoints_count() -> None:
    assert states("9 9 0 0 0", DatapointsToAlarm=1) == "ok ok ok ok"
    assert states("9 9 9 0 0", DatapointsToAlarm=1) == "ALARM ALARM ALARM ALARM"


def test_filled_datapoints_count_towards_m() -> None:
    """Two breaching fills reach two of three, one does not reach two."""
    assert states("_ _ _ 0 0", DatapointsToAlarm=2) == "ok ok ok ok"
    assert states("_ _ _ _ 0", DatapointsToAlarm=2) == "ok ok ALARM ok"


def test_dynamodb_ignores_missing_data_whatever_the_setting() -> None:
    assert states("_ _ _ _ _", Namespace="AWS/DynamoDB") == "kept kept kept kept"
    assert states("_ _ _ _ _", Namespace="AWS/DynamoDBX") == "? kept ALARM ok"


def test_a_gap_is_not_a_zero() -> None:
    """Zero breaches below one; nothing does not."""
    below = {"ComparisonOperator": "LessThanThreshold", "Threshold": 1}
    assert states("0 0 0 0 0", **below) == "ALARM ALARM ALARM ALARM"
    assert states("_ _ _ _ _", **below) == "? kept ALARM ok"
