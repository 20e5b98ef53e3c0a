"""CloudWatch's statistics, by the numbers that AWS's definitions give and by what must hold for any samples."""

import functools
import re

import botocore.session
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.statistics import Statistic, reduce, reduce_sets

TEN = "1 2 3 4 5 6 7 8 9 100"
"""Ten observations whose ranks are easy to see."""


def of(statistic: str, *periods: str) -> list[float]:
    """Give the statistic of each period; a period is written as values, `9x3` for three equal observations."""
    values, counts, bins = [], [], []
    for period, text in enumerate(periods):
        for word in text.split():
            value, _, times = word.partition("x")
            values.append(float(value))
            counts.append(float(times or 1))
            bins.append(period)
    result = reduce(
        Statistic.parse(statistic), np.array(values), np.array(counts), np.array(bins, dtype=np.int64), len(periods)
    )
    return [float(value) for value in result]


@pytest.mark.parametrize(
    ("statistic", "expected"),
    [
        ("SampleCount", 10),
        ("Sum", 145),
        ("Average", 14.5),
        ("Minimum", 1),
        ("Maximum", 100),
        ("p0", 1),
        ("p10", 1),
        ("p10.1", 2),
        ("p50", 5),
        ("p90", 9),
        ("p90.1", 100),
        ("p100", 100),
        ("tm90", 5),
        ("tm89", 5),
        ("TM(10%:90%)", 5.5),
        ("TM(10%:)", 16),
        ("TM(:95%)", 14.5),
        ("TM(2:4)", 3.5),
        ("TM(:4)", 2.5),
        ("TM(4:)", 22.5),
        ("IQM", 5.5),
        ("wm90", 5.4),
        ("WM(10%:90%)", 5.5),
        ("WM(3:8)", 5.5),
        ("tc90", 9),
        ("TC(2:4)", 2),
        ("ts90", 45),
        ("TS(2:4)", 7),
        ("PR(:3)", 30),
        ("PR(3:8)", 50),
        ("PR(8:)", 20),
    ],
)
def test_statistic_of_ten_observations(statistic: str, expected: float) -> None:
    assert of(statistic, TEN) == [pytest.approx(expected)]


@pytest.mark.parametrize(
    ("statistic", "values", "expected"),
    [
        ("TM(150:1000)", "150 150.1 1000 1000.1", (150.1 + 1000) / 2),
        ("TC(150:1000)", "150 150.1 1000 1000.1", 2),
        ("PR(100:2000)", "100 101 2000 2001", 50),
        ("PR(:300)", "299 300 301 302", 50),
    ],
)
def test_lower_boundary_is_left_out_and_upper_taken_in(statistic: str, values: str, expected: float) -> None:
    assert of(statistic, values) == [pytest.approx(expected)]


def test_counts_weigh_as_that_many_observations() -> None:
    for statistic in ("Average", "Sum", "SampleCount", "p50", "p99", "TM(10%:90%)", "WM(20%:70%)", "tc33", "PR(:2)"):
        assert of(statistic, "3x4 1x2 2x5") == pytest.approx(of(statistic, "1 1 2 2 2 2 2 3 3 3 3")), statistic


def test_a_period_without_samples_is_a_gap_and_not_a_zero() -> None:
    for statistic in ("Sum", "SampleCount", "Average", "Maximum", "p99", "tm90", "wm90", "tc90", "TS(1:2)", "PR(:1)"):
        first, gap, last = of(statistic, "5", "", "5")
        assert np.isnan(gap), statistic
        assert first == last or np.isnan(first), statistic


def test_a_trimmed_mean_that_keeps_nothing_is_a_gap_and_its_count_is_zero() -> None:
    assert np.isnan(of("TM(10:20)", "1 2")[0])
    assert of("TC(10:20)", "1 2") == [0]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "average",
        "P99",
        "p101",
        "p",
        "p-1",
        "tm",
        "TM(90)",
        "TM(:)",
        "TM(90%:10%)",
        "PR(1%:2%)",
        "TM(10%:90)",
        "TM(10:90%)",
        "pr90",
        "IQM90",
        "p99.12345678901",
        "o90",
    ],
)
def test_what_is_no_statistic_is_refused_with_the_accepted_forms(text: str) -> None:
    with pytest.raises(ValueError, match=re.escape(repr(text)) + ".*Average, Sum, Minimum"):
        Statistic.parse(text)


@given(st.from_regex(r"\A(p|tc|tm|ts|wm|PR|TM|TC)\(?\d{1,3}(\.\d{0,3})?%?:?\d{0,3}%?\)?\Z"))
def test_whatever_parses_is_accepted_by_the_pattern_in_botocore(text: str) -> None:
    pattern = _model_pattern()
    try:
        statistic = Statistic.parse(text)
    except ValueError:
        return
    assert pattern.fullmatch(text)
    assert str(statistic) == text
    assert statistic.is_extended


@functools.cache
def _model_pattern() -> re.Pattern[str]:
    model = botocore.session.get_session().get_service_model("cloudwatch")
    return re.compile(model.shape_for("AnomalyDetectorMetricStat").metadata["pattern"])


samples = st.lists(st.tuples(st.integers(-50, 50), st.integers(0, 4), st.integers(0, 3)), max_size=40)


@given(
    samples,
    st.sampled_from(
        [
            "Average",
            "Sum",
            "Minimum",
            "Maximum",
            "SampleCount",
            "p37",
            "p99.9",
            "tm60",
            "TM(20%:60%)",
            "WM(20%:60%)",
            "tc5",
            "ts50",
            "PR(1:9)",
            "WM(0:9)",
        ]
    ),
)
def test_periods_do_not_disturb_each_other(drawn: list[tuple[int, int, int]], text: str) -> None:
    """Reducing many periods at once equals reducing each alone, observation by observation."""
    statistic = Statistic.parse(text)
    values = np.array([float(value) for value, _, _ in drawn])
    counts = np.array([float(count) for _, count, _ in drawn])
    bins = np.array([place for _, _, place in drawn], dtype=np.int64)
    together = reduce(statistic, values, counts, bins, 4)
    for place in range(4):
        spread = np.repeat(values[bins == place], counts[bins == place].astype(int))
        alone = reduce(statistic, spread, np.ones(spread.size), np.zeros(spread.size, dtype=np.int64), 1)
        np.testing.assert_allclose(together[place], alone[0])


@given(st.lists(st.floats(0, 100), min_size=1, max_size=30), st.floats(0.1, 99.9))
def test_a_percentile_is_an_observation_that_at_least_so_many_do_not_exceed(drawn: list[float], rank: float) -> None:
    text = f"p{rank:.2f}"
    values = np.array(drawn)
    value = reduce(Statistic.parse(text), values, np.ones(values.size), np.zeros(values.size, dtype=np.int64), 1)[0]
    assert value in drawn
    assert (values <= value).mean() * 100 >= float(text[1:]) - 1e-6
    assert (values < value).mean() * 100 < float(text[1:]) + 1e-6


def test_sets_give_plain_statistics_and_keep_no_percentiles() -> None:
    sets = {
        "sample_count": np.array([2.0, 3.0, 1.0, 4.0]),
        "sums": np.array([10.0, 30.0, 7.0, 20.0]),
        "minimum": np.array([4.0, 5.0, 7.0, 5.0]),
        "maximum": np.array([6.0, 15.0, 7.0, 5.0]),
        "bins": np.array([0, 0, 1, 1]),
    }

    def answer(text: str) -> list[float]:
        return [float(value) for value in reduce_sets(Statistic.parse(text), size=3, **sets)]

    np.testing.assert_equal(
        {text: answer(text) for text in ("SampleCount", "Sum", "Average", "Minimum", "Maximum", "p50", "p90")},
        {
            "SampleCount": [5, 5, np.nan],
            "Sum": [40, 27, np.nan],
            "Average": [8, 5.4, np.nan],
            "Minimum": [4, 5, np.nan],
            "Maximum": [15, 7, np.nan],
            "p50": [np.nan, 5, np.nan],
            "p90": [np.nan, 7, np.nan],
        },
    )
