"""Metric math, by the documentation's rules and examples.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.math_functions import FUNCTIONS
from core.metric_math import DataQuery, MathError, evaluate, parse_expression, references
from core.series import MetricId, Series
from core.timespan import Timespan, from_epoch
from tests.unit.core.lines import START, line, series

SPAN = Timespan(from_epoch(START), from_epoch(START + 300))
METRICS = {"m1": "1 2 3 _ 5", "m2": "1 _ 3 0 2"}


def answer(expression: str, metrics: dict[str, str] | None = None, **others: str) -> list[str]:
    """The series of an expression over m1 and m2, as lines; `others` are further expressions by id."""
    lines = METRICS if metrics is None else metrics
    queries = [DataQuery(name, MetricId("App", name), "Sum", 60) for name in lines]
    queries += [DataQuery(name, expression=text, return_data=False) for name, text in others.items()]
    queries.append(DataQuery("e", expression=expression))
    found = evaluate(queries, {name: series(text) for name, text in lines.items()}, span=SPAN)
    return [line(one) for one in found["e"]]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("m1 + m2", "2 _ 6 _ 7"),
        ("m1 - m2", "0 _ 0 _ 3"),
        ("m1 * 2", "2 4 6 _ 10"),
        ("m1 / m2", "1 _ 1 _ 2.5"),
        ("m2 / 0", "_ _ _ _ _"),
        ("m1 / (m2 - 2)", "-1 _ 3 _ _"),
        ("2 ^ m1", "2 4 8 _ 32"),
        ("-m1 ^ 2", "-1 -4 -9 _ -25"),
        ("2 ^ 3 ^ 2 + m1 * 0", "512 512 512 _ 512"),
        ("m1 + m2 * 10", "11 _ 33 _ 25"),
        ("(m1 + m2) * 10", "20 _ 60 _ 70"),
        (".5e1 * m1", "5 10 15 _ 25"),
        ("m1 > 2", "0 0 1 _ 1"),
        ("m1 >= 2", "0 1 1 _ 1"),
        ("m1 < 2", "1 0 0 _ 0"),
        ("m1 <= 2", "1 1 0 _ 0"),
        ("m1 == m2", "1 _ 1 _ 0"),
        ("m1 != m2", "0 _ 0 _ 1"),
        ("m1 > 1 AND m2 > 1", "0 _ 1 _ 1"),
        ("m1 > 1 && m2 > 2", "0 _ 1 _ 0"),
        ("m1 > 4 OR m2 > 2", "0 _ 1 _ 1"),
        ("m1 > 4 || m2 > 2 AND m1 < 1", "0 _ 0 _ 1"),
    ],
)
def test_operators(expression: str, expected: str) -> None:
    assert answer(expression) == [expected]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("ABS(m1 - 3)", ["2 1 0 _ 2"]),
        ("ABS(METRICS() - 3)", ["2 1 0 _ 2", "2 _ 0 3 1"]),
        ("AVG(METRICS())", ["1 2 3 0 3.5"]),
        ("SUM(METRICS())", ["2 2 6 0 7"]),
        ("SUM([m1, m2, m2])", ["3 2 9 0 9"]),
        ("MIN(METRICS())", ["1 2 3 0 2"]),
        ("MAX([m1, m2])", ["1 2 3 0 5"]),
        ("STDDEV(METRICS())", ["0 0 0 0 1.5"]),
        ("m1 - AVG(m1)", ["-1.75 -0.75 0.25 _ 2.25"]),
        ("m1 / MAX(m1) * 100", ["20 40 60 _ 100"]),
        ("m1 - MIN(m2)", ["1 2 3 _ 5"]),
        ("CEIL(m1 / 2)", ["1 1 2 _ 3"]),
        ("FLOOR(m1 / 2)", ["0 1 1 _ 2"]),
        ("LOG10(m1 * 10)", ["1 1.301 1.477 _ 1.699"]),
        ("LOG(m2)", ["0 _ 1.099 _ 0.693"]),
        ("DIFF(m1)", ["_ 1 1 _ 2"]),
        ("DIFF_TIME(m1)", ["_ 60 60 _ 120"]),
        ("RATE(m1) * 60", ["_ 1 1 _ 1"]),
        ("RUNNING_SUM(m1)", ["1 3 6 _ 11"]),
        ("FILL(m1, 0)", ["1 2 3 0 5"]),
        ("FILL(m1, REPEAT)", ["1 2 3 3 5"]),
        ("FILL(m1, LINEAR)", ["1 2 3 4 5"]),
        ("FILL(m1, m2)", ["1 2 3 0 5"]),
        ("FILL(METRICS(), 9)", ["1 2 3 9 5", "1 9 3 0 2"]),
        ("IF(m1 > 2, m1)", ["_ _ 3 _ 5"]),
        ("IF(m1 > 2, 1, 0)", ["0 0 1 _ 1"]),
        ("IF(m1 > 2, m2, m1)", ["1 2 3 _ 2"]),
        ("IF(1, m1, m2)", ["1 2 3 _ 5"]),
        ("IF(0, m1, m2)", ["1 _ 3 0 2"]),
        ("IF(0, m1)", ["_ _ _ _ _"]),
        ("FIRST(METRICS())", ["1 2 3 _ 5"]),
        ("LAST(METRICS())", ["1 _ 3 0 2"]),
        ('METRICS("2")', ["1 _ 3 0 2"]),
        ("SLICE(METRICS(), 1)", ["1 _ 3 0 2"]),
        ("SLICE(METRICS(), 0, 1)", ["1 2 3 _ 5"]),
        ("SORT(METRICS(), AVG, ASC)", ["1 _ 3 0 2", "1 2 3 _ 5"]),
        ("SORT(METRICS(), MAX, DESC, 1)", ["1 2 3 _ 5"]),
        ("REMOVE_EMPTY([IF(0, m1), m2])", ["1 _ 3 0 2"]),
        ("TIME_SERIES(3)", ["3 3 3 3 3"]),
        ("TIME_SERIES(DATAPOINT_COUNT(m1))", ["4 4 4 4 4"]),
        ("TIME_SERIES(SUM(DATAPOINT_COUNT(METRICS())))", ["8 8 8 8 8"]),
        ("m1 * PERIOD(m1)", ["60 120 180 _ 300"]),
        ("MINUTE(m1)", ["0 1 2 _ 4"]),
        ("HOUR(m1)", ["10 10 10 _ 10"]),
        ("DAY(m1)", ["1 1 1 _ 1"]),
        ("DATE(m1)", ["23 23 23 _ 23"]),
        ("MONTH(m1)", ["11 11 11 _ 11"]),
        ("YEAR(m1)", ["2026 2026 2026 _ 2026"]),
        ("EPOCH(m1) - 1795428000", ["0 60 120 _ 240"]),
        ("METRICS() + m1", ["2 4 6 _ 10", "2 _ 6 _ 7"]),
        ("IF((DAY(m1) < 6 AND (HOUR(m1) >= 9 AND HOUR(m1) < 17)), m1)", ["1 2 3 _ 5"]),
    ],
)
def test_functions(expression: str, expected: list[str]) -> None:
    assert answer(expression) == expected


def test_leading_gaps_stay_where_nothing_came_before() -> None:
    metrics = {"m1": "_ 2 _ 4 _"}
    assert answer("FILL(m1, REPEAT)", metrics) == ["_ 2 2 4 4"]
    assert answer("FILL(m1, LINEAR)", metrics) == ["_ 2 3 4 _"]


def test_a_metric_without_any_datapoint_can_still_be_filled() -> None:
    assert answer("FILL(m1, 0)", {"m1": "_ _ _ _ _"}) == ["0 0 0 0 0"]
    assert answer("m1 - AVG(m1)", {"m1": "_ _ _ _ _"}) == ["_ _ _ _ _"]


def test_expressions_use_one_another_in_any_order() -> None:
    assert answer("rate * 100", rate="errors / m1", errors="FILL(m2, 0)") == ["100 0 100 _ 40"]


def test_results_are_labelled_and_lose_the_unit() -> None:
    queries = [
        DataQuery("m1", MetricId("App", "x"), "Sum", 60),
        DataQuery("e1", expression="m1 * 2", label="twice"),
        DataQuery("e2", expression="m1 * 3"),
    ]
    metric = Series(np.array([START]), np.array([1.0]), 60, "Count", "x")
    found = evaluate(queries, {"m1": metric}, span=SPAN)
    described = {name: [(one.label, one.unit) for one in series] for name, series in found.items()}
    assert described == {"m1": [("x", "Count")], "e1": [("twice", None)], "e2": [("e2", None)]}


@pytest.mark.parametrize(
    ("expression", "position", "message"),
    [
        ("m1 +", 4, "the text ends where one of these is expected: (, + or -, [, a function such as SUM("),
        ("m1 $ 2", 3, "'$' where one of these is expected: "),
        ("SUM(m1", 6, "the text ends where one of these is expected: ), "),
        ("m1 m2", 3, "'m' where one of these is expected: "),
        ("", 0, "the text ends where one of these is expected: "),
        ("m1 + SUMM(m2)", 5, "SUMM is no function; did you mean SUM?"),
        ("m1 + sum(m2)", 5, "sum is no function; did you mean SUM?"),
        ("m1 + FILL(m2)", 5, "FILL cannot take 1 arguments; write it as FILL(m1, REPEAT)"),
        ("m1 + m9", 5, "m9 is no id of this request; known are m1, m2, e"),
        ("m1 + FILL(m2, SOMEHOW)", 5, "SOMEHOW is no way to fill; use REPEAT, LINEAR, a number or a time series"),
        ("1 + (METRICS() * METRICS())", 5, "* cannot combine two arrays; reduce one of them first, as with SUM"),
        ("m1 + 'text'", 0, "+ cannot be applied to the text 'text'"),
        ("ABS('text')", 0, "a time series is expected here, not the text 'text'"),
        ("AVG(m1)", 0, "the expression gives a number, not a time series"),
        ("'text'", 0, "the expression gives the text 'text', not a time series"),
        ("e + 1", 0, "e is used in its own expression: e → e"),
        ("SORT(METRICS(), UP, DESC)", 0, "SORT goes by AVG, MIN, MAX or SUM, and ASC or DESC, as in SORT("),
        ("INSIGHT_RULE_METRIC('rule', 'Sum')", 0, "Contributor Insights rules are evaluated by AWS only"),
        ("SEARCH('CPU', 'Average')", 0, "SEARCH cannot be used here; name the metrics one by one"),
        ('SELECT AVG(x) FROM "y"', 0, "Metrics Insights queries run on AWS's servers only"),
        ("FIRST(METRICS('none'))", 0, "the array is empty"),
    ],
)
def test_errors_say_where_and_what_was_expected(expression: str, position: int, message: str) -> None:
    with pytest.raises(MathError) as caught:
        answer(expression)
    error = caught.value
    assert (error.query, error.position, error.message[: len(message)]) == ("e", position, message)
    assert str(error).startswith(f"e, at character {position + 1}: ")


def test_a_circle_of_expressions_is_named() -> None:
    with pytest.raises(MathError, match="a is used in its own expression: a → b → a"):
        answer("a", a="b + 1", b="a + 1")


def test_references_are_found_with_their_first_position() -> None:
    assert references(parse_expression("m1 + FILL(e2, 0) * m1")) == {"m1": 0, "e2": 10}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_example_of_each_function_can_be_read(name: str) -> None:
    assert FUNCTIONS[name].form.startswith(f"{name}(")
    parse_expression(FUNCTIONS[name].form.replace("…", "x"))


def test_search_is_answered_by_the_caller_and_may_be_reduced() -> None:
    asked = []

    def search(text: str, statistic: str, period: int) -> tuple[Series, ...]:
        asked.append((text, statistic, period))
        return series("1 2 3 4 5"), series("1 1 1 1 1")

    queries = [DataQuery("e", expression="SUM(SEARCH('{AWS/EC2,InstanceId} CPUUtilization', 'Average', 60))")]
    found = evaluate(queries, {}, span=SPAN, search=search)
    assert [line(one) for one in found["e"]] == ["2 3 4 5 6"]
    assert asked == [("{AWS/EC2,InstanceId} CPUUtilization", "Average", 60)]


def test_a_band_is_learnt_from_history_by_the_hour() -> None:
    """Three days of 10 by day and 2 by night, one lower or higher in turn: the band at ten in the morning is of day."""
    hours = np.arange(START - 3 * 86_400, START + 300, 60)
    daytime = (hours % 86_400 // 3600 >= 8) & (hours % 86_400 // 3600 < 20)
    values = np.where(daytime, 10.0, 2.0) + (hours // 60 % 3 - 1.0)
    history = Series(hours, values, 60)
    queries = [
        DataQuery("m1", MetricId("App", "x"), "Sum", 60),
        DataQuery("band", expression="ANOMALY_DETECTION_BAND(m1, 2)"),
    ]
    found = evaluate(queries, {"m1": series("1 2 3 4 5")}, span=SPAN, history={"m1": history})
    assert [line(one) for one in found["band"]] == [" ".join(["12.965"] * 5), " ".join(["7.035"] * 5)]


gappy = st.lists(st.one_of(st.none(), st.integers(-5, 5)), min_size=5, max_size=5).map(
    lambda values: " ".join("_" if value is None else str(value) for value in values)
)


@given(gappy, gappy, st.sampled_from(["+", "-", "*", ">", "=="]))
def test_two_series_meet_where_both_have_a_datapoint(first: str, second: str, operator: str) -> None:
    found = answer(f"m1 {operator} m2", {"m1": first, "m2": second})[0].split()
    both = [left != "_" and right != "_" for left, right in zip(first.split(), second.split(), strict=True)]
    assert [cell != "_" for cell in found] == both


@given(gappy, gappy)
def test_a_sum_of_an_array_is_there_where_any_is(first: str, second: str) -> None:
    found = answer("SUM(METRICS())", {"m1": first, "m2": second})[0].split()
    cells = zip(first.split(), second.split(), strict=True)
    expected = [[float(cell) for cell in pair if cell != "_"] for pair in cells]
    assert found == [f"{sum(values):g}" if values else "_" for values in expected]
