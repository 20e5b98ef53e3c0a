"""Sweeping at once equals evaluating each setting instant by instant, whatever data, gaps, alarm and setting."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alarms.backtest import replay
from alarms.binning import bins
from alarms.definition import MetricAlarm
from alarms.evaluation import StateValue, evaluate, evaluate_span
from alarms.kinds import Comparison, MissingData
from alarms.sweeping import Lanes, alarm_levels, breach_levels, first_entries, largest, tally
from alarms.tuning import Incident, Outcome, Setting, sweep
from core.series import Series, Values
from core.timespan import Timespan, from_epoch
from tests.unit.alarms import strategies
from tests.unit.alarms.lines import START, alarm

NAN = float("nan")
gappy = st.lists(
    st.one_of(st.sampled_from([0.0, 3.0, 5.0, 7.0, 9.0]), st.just(NAN), st.none()), min_size=1, max_size=40
)
thresholds = st.lists(st.sampled_from([-1.0, 0.0, 3.0, 4.0, 5.0, 7.0, 9.0, 10.0]), max_size=4)
windows = st.integers(1, 8).flatmap(lambda n: st.tuples(st.integers(1, n), st.just(n)))


def minutes(values: list[float | None], step: int = 60) -> Series:
    pairs = [(START + place * step, value) for place, value in enumerate(values) if value is not None]
    times = np.array([time for time, _ in pairs], dtype=np.int64)
    return Series(times, np.array([value for _, value in pairs], dtype=np.float64), step)


def seen(kept: Series, *, statistic: str, ends: list[int], period: int) -> Series:
    """The bins that end at `ends`, each worked out by itself; one without data is left out."""
    folds: dict[str, Callable[[list[float]], float]]
    folds = {"Average": lambda v: sum(v) / len(v), "Sum": sum, "SampleCount": sum, "Minimum": min, "Maximum": max}
    points = list(zip(kept.times.tolist(), kept.values.tolist(), strict=True))
    found: list[tuple[int, float]] = []
    for end in ends:
        inside = [value for time, value in points if end - period <= time < end and value == value]
        if inside:
            found.append((end - period, folds[statistic](inside)))
    times = np.array([time for time, _ in found], np.int64)
    return Series(times, np.array([value for _, value in found], np.float64), period)


def outcome_by_instants(
    made: MetricAlarm,
    kept: Series,
    *,
    statistic: str,
    setting: Setting,
    span: Timespan,
    incidents: list[Incident],
    extra: int,
) -> Outcome:
    """What `sweep` should find, by calling the evaluator at each instant in turn."""
    judged = setting.on(made)
    laid = bins(made, kept, period=setting.period, until=span.end)
    datapoints = seen(kept, statistic=statistic, ends=laid.ends.tolist(), period=setting.period)
    state, pages, seconds = StateValue.INSUFFICIENT_DATA, [], 0
    for end in laid.ends.tolist():
        before, at = state, from_epoch(end)
        state = evaluate(judged, datapoints, at=at, previous=before, extra=extra).state
        if at in span and state is StateValue.ALARM:
            seconds += laid.step
            pages += [at] if before is not StateValue.ALARM else []
    within = [[page for page in pages if page in incident.span] for incident in incidents]
    false_alarms = sum(not any(page in incident.span for incident in incidents) for page in pages)
    delays = tuple(min(hit) - i.span.start if hit else None for hit, i in zip(within, incidents, strict=True))
    weeks = span.duration / timedelta(weeks=1)
    return Outcome(setting, len(pages), len(pages) / weeks, timedelta(seconds=seconds), false_alarms, delays)


@st.composite
def spans(draw: st.DrawFn, low: int = 0, high: int = 45) -> Timespan:
    """Some minutes after START; not always whole ones."""
    start = draw(st.integers(low * 60, high * 60 - 1))
    return Timespan(from_epoch(START + start), from_epoch(START + draw(st.integers(start + 1, high * 60))))


@given(
    gappy,
    thresholds,
    st.lists(windows, max_size=3),
    st.lists(st.sampled_from([60, 120, 300]), max_size=2),
    spans(),
    st.data(),
    strategies.plain_comparisons,
    strategies.treatments,
    strategies.statistics,
    st.integers(0, 3),
)
def test_a_sweep_equals_evaluating_each_setting_at_each_instant(
    values: list[float | None],
    tried: list[float],
    pairs: list[tuple[int, int]],
    periods: list[int],
    span: Timespan,
    data: st.DataObject,
    comparison: str,
    treatment: str,
    statistic: str,
    extra: int,
) -> None:
    made = alarm(ComparisonOperator=comparison, TreatMissingData=treatment, Statistic=statistic, DatapointsToAlarm=2)
    incidents = [Incident(drawn) for drawn in data.draw(st.lists(spans(), max_size=3)) if overlap(drawn, span)]
    kept = minutes(values)
    swept = sweep(
        made, kept, thresholds=tried, windows=pairs, periods=periods, span=span, incidents=incidents, extra=extra
    )
    clipped = [Incident(common(incident.span, span)) for incident in incidents]
    settings = list(swept.settings())
    assert settings
    for setting in data.draw(st.lists(st.sampled_from(settings), min_size=1, max_size=4, unique=True)):
        expected = outcome_by_instants(
            made, kept, statistic=statistic, setting=setting, span=span, incidents=clipped, extra=extra
        )
        found = swept.outcome(setting)
        # A delay counts from the incident's own start, which may lie before the span.
        late = [max(i.span.start, span.start) - i.span.start for i in incidents]
        found_delays = tuple(d and d - s for d, s in zip(found.delays, late, strict=True))
        assert (found.pages, found.in_alarm, found.false_alarms) == (
            expected.pages,
            expected.in_alarm,
            expected.false_alarms,
        )
        assert [d is None for d in found.delays] == [d is None for d in expected.delays]
        assert [d for d in found_delays if d] == [d for d in expected.delays if d]


def overlap(first: Timespan, second: Timespan) -> bool:
    return first.start < second.end and second.start < first.end


def common(first: Timespan, second: Timespan) -> Timespan:
    return Timespan(max(first.start, second.start), min(first.end, second.end))


@pytest.mark.parametrize("treatment", list(MissingData))
@pytest.mark.parametrize("comparison", ["GreaterThanThreshold", "LessThanOrEqualToThreshold"])
@pytest.mark.parametrize(("stride", "gaps"), [(1, 0.0), (1, 0.02), (1, 0.5), (5, 0.3), (5, 0.9)])
def test_levels_equal_the_states_of_evaluate_span(
    treatment: MissingData, comparison: str, stride: int, gaps: float
) -> None:
    """Two thousand minutes with gaps of all lengths, in blocks that end in the midst of windows and gaps."""
    values = random_minutes(gaps, seed=stride)
    tried = np.linspace(20, 80, 7).tolist()
    kind = Comparison(comparison)
    levels = breach_levels(values, tried, kind)
    lanes = Lanes.of(levels, np.isnan(values), stride=stride, pad=17, top=7)
    for m, n in [(1, 1), (1, 4), (2, 3), (3, 3), (5, 9), (14, 15)]:
        found = alarm_levels(lanes, m=m, n=n, reach=n + 2, missing=treatment, block_size=97)
        for threshold in tried:
            rank = tried.index(threshold) if kind is Comparison.GREATER else 6 - tried.index(threshold)
            states = states_at(threshold, m, n, values, stride, comparison=comparison, treatment=treatment)
            assert ((found > rank) == states).all(), (m, n, threshold)


def random_minutes(gaps: float, seed: int) -> Values:
    random = np.random.default_rng(seed)
    values = np.round(50 + random.normal(0, 15, 2000).cumsum() % 40 + random.normal(0, 5, 2000))
    while np.isnan(values).mean() < gaps:
        start = random.integers(values.size)
        values[start : start + random.integers(1, 60)] = np.nan
    return values


def states_at(threshold: float, m: int, n: int, values: Values, stride: int, **how: Any) -> Any:
    made = alarm(
        Threshold=threshold,
        DatapointsToAlarm=m,
        EvaluationPeriods=n,
        Period=60 * stride,
        ComparisonOperator=how["comparison"],
        TreatMissingData=str(how["treatment"]),
    )
    times = START + 60 * np.arange(values.size)
    first_end = START + 60 * stride
    span = Timespan(from_epoch(first_end), from_epoch(first_end + 60 * values.size))
    timeline = evaluate_span(made, times, values, span=span, initial=StateValue.INSUFFICIENT_DATA)
    return np.array([state is StateValue.ALARM for state in timeline.states])


@given(st.lists(st.integers(0, 6), min_size=30, max_size=60), st.integers(1, 30), st.data(), st.sampled_from([6, 200]))
def test_largest_is_the_sorted_windows_column(values: list[int], width: int, data: st.DataObject, top: int) -> None:
    rank = data.draw(st.integers(1, width))
    levels = np.array(values, np.uint8)
    ordered = np.sort(np.lib.stride_tricks.sliding_window_view(levels, width), axis=1)
    assert largest(levels, rank, width=width, top=top).tolist() == ordered[:, width - rank].tolist()


def test_a_window_longer_than_a_byte_counts_is_counted() -> None:
    levels = (np.arange(1200) // 300 % 2).astype(np.uint8)
    ordered = np.sort(np.lib.stride_tricks.sliding_window_view(levels, 700), axis=1)
    assert largest(levels, 300, width=700, top=1).tolist() == ordered[:, 400].tolist()


@given(st.lists(st.integers(0, 5), min_size=1, max_size=50), st.data())
def test_a_tally_counts_each_threshold(levels: list[int], data: st.DataObject) -> None:
    low = data.draw(st.integers(0, len(levels)))
    high = data.draw(st.integers(low, len(levels)))
    counted = tally(np.array(levels, np.uint8), [(low, high)], top=5)
    before = [0, *levels]
    for rank in range(5):
        entered = [place for place in range(low, high) if before[place] <= rank < levels[place]]
        assert counted.entries[rank] == len(entered)
        assert counted.instants[rank] == sum(level > rank for level in levels[low:high])


@given(gappy, strategies.treatments, strategies.plain_comparisons, windows, st.sampled_from([60, 300]))
def test_a_sweep_agrees_with_a_replay(
    values: list[float | None], treatment: str, comparison: str, window: tuple[int, int], period: int
) -> None:
    """From the first datapoint on; later the sweep knows what came before, of which a replay knows the state only."""
    made = Setting(5.0, *window, period).on(alarm(TreatMissingData=treatment, ComparisonOperator=comparison))
    kept = minutes([1.0, *values])
    span = Timespan(from_epoch(START + 60), from_epoch(START + 60 * 50))
    replayed = replay(made, kept, span=span)
    swept = sweep(made, kept, span=span).current
    pages = [change.at for change in replayed.transitions if change.new is StateValue.ALARM]
    assert (swept.pages, swept.in_alarm) == (len(pages), replayed.in_alarm)


@given(st.lists(st.integers(0, 5), min_size=1, max_size=50), st.data())
def test_the_first_entry_is_that_of_each_threshold(levels: list[int], data: st.DataObject) -> None:
    low = data.draw(st.integers(0, len(levels)))
    high = data.draw(st.integers(low, len(levels)))
    before = [0, *levels]
    entered = [[place for place in range(low, high) if before[place] <= rank < levels[place]] for rank in range(5)]
    found = first_entries(np.array(levels, np.uint8), low, high, top=5)
    assert found.tolist() == [min(places, default=-1) for places in entered]
