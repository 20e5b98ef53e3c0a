"""Tuning an alarm: every threshold with every M of N over fifteen months of minutes, beside other ways to do it.

    python -m benchmarks.alarms                   # the tables of benchmarks/README.md
    python -m benchmarks.alarms --once "ours"     # one way in this process, as JSON

Every way runs in processes of its own, in turn, so that peak memory is its own and a busy minute hits all. Slow ways do
a part and are scaled; how much they did is in their name. Ways that count the same thing are compared, so that nobody
is fast by counting less. Numba's row appears where numba is installed; the product does not use it.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from typing import Any

import numpy as np

POINTS = 650_000
THRESHOLDS = np.linspace(40, 95, 50)
WINDOWS = [(1, 1), (1, 3), (2, 3), (3, 3), (3, 5), (5, 5), (4, 10), (8, 15), (12, 20), (15, 30)]
SETTINGS = THRESHOLDS.size * len(WINDOWS)
TREATMENTS = ["missing", "ignore", "breaching", "notBreaching"]
START = datetime(2025, 9, 1, tzinfo=UTC)
ROUNDS = 3
BLOCK = 65_536


@cache
def minutes(*, gaps: bool) -> Any:
    """A day's wave and noise; with gaps, 200 outages of up to four hours and one minute in two hundred missing."""
    random = np.random.default_rng(1)
    values = 50 + 20 * np.sin(np.arange(POINTS) / 1440 * 2 * np.pi) + random.normal(0, 10, POINTS)
    if gaps:
        for start in random.integers(0, POINTS, 200):
            values[start : start + random.integers(1, 240)] = np.nan
        values[random.random(POINTS) < 0.005] = np.nan
    return values


Counted = tuple[int, int]
"""Pages and minutes in ALARM, summed over the settings that were counted."""


# -- ours -------------------------------------------------------------------------------------------------------------


def our_alarm(treatment: str, *, threshold: float = float(THRESHOLDS[0]), m: int = 1, n: int = 1) -> Any:
    from alarms.definition import parse

    return parse(
        {
            "AlarmName": "high-cpu",
            "Namespace": "AWS/EC2",
            "MetricName": "CPUUtilization",
            "Statistic": "Average",
            "Period": 60,
            "EvaluationPeriods": n,
            "DatapointsToAlarm": m,
            "Threshold": threshold,
            "ComparisonOperator": "GreaterThanThreshold",
            "TreatMissingData": treatment,
        }
    )


def our_series(*, gaps: bool) -> tuple[Any, Any]:
    from core.series import Series
    from core.timespan import Timespan

    values = minutes(gaps=gaps)
    kept = ~np.isnan(values)
    times = int(START.timestamp()) + 60 * np.arange(POINTS)
    return Series(times[kept], values[kept], 60), Timespan(START, START + timedelta(minutes=POINTS + 1))


def sweep(treatment: str, *, gaps: bool) -> Callable[[], Counted]:
    from alarms import tuning

    series, span = our_series(gaps=gaps)
    alarm, tried = our_alarm(treatment), THRESHOLDS.tolist()

    def run() -> Counted:
        found = tuning.sweep(alarm, series, thresholds=tried, windows=WINDOWS, span=span)
        assert found.pages.size == SETTINGS
        return int(found.pages.sum()), int(found.alarm_seconds.sum()) // 60

    return run


def all_treatments() -> Callable[[], Counted]:
    ways = [sweep(treatment, gaps=True) for treatment in TREATMENTS]

    def run() -> Counted:
        counted = [way() for way in ways]
        return sum(pages for pages, _ in counted), sum(minutes for _, minutes in counted)

    return run


def span_by_span() -> Callable[[], Counted]:
    """Our own evaluator over the whole span, one setting at a time."""
    from alarms.evaluation import StateValue, evaluate_span

    series, span = our_series(gaps=True)

    def run() -> Counted:
        pages = alarmed = 0
        for threshold, (m, n) in some_settings(4):
            alarm = our_alarm("missing", threshold=threshold, m=m, n=n)
            initial = StateValue.INSUFFICIENT_DATA
            states = evaluate_span(alarm, series.times, series.values, span=span, initial=initial).codes == 1
            pages += int(np.count_nonzero(states[1:] > states[:-1])) + int(states[0])
            alarmed += int(np.count_nonzero(states))
        return pages, alarmed

    return run


def instant_by_instant() -> Callable[[], Counted]:
    """The evaluator that the demo cloud calls each minute, for ten thousand minutes of one setting."""
    from alarms.evaluation import StateValue, evaluate

    series, _ = our_series(gaps=True)
    alarm = our_alarm("missing", threshold=80.0, m=2, n=3)

    def run() -> Counted:
        state, pages, alarmed = StateValue.INSUFFICIENT_DATA, 0, 0
        for minute in range(1, 10_001):
            before = state
            state = evaluate(alarm, series, at=START + timedelta(minutes=minute), previous=before).state
            alarmed += state is StateValue.ALARM
            pages += state is StateValue.ALARM and before is not StateValue.ALARM
        return pages, alarmed

    return run


# -- other ways, for a series without gaps ----------------------------------------------------------------------------


def some_settings(count: int) -> Iterator[tuple[float, tuple[int, int]]]:
    for place in range(count):
        yield float(THRESHOLDS[10 + place]), WINDOWS[(2 + 3 * place) % len(WINDOWS)]


def counted(alarm: Any) -> Counted:
    return int(np.count_nonzero(alarm[1:] > alarm[:-1])) + int(alarm[0]), int(np.count_nonzero(alarm))


def cumulative_sums() -> Callable[[], Counted]:
    """One running count a threshold, cut into blocks that stay in the cache; before the series nothing breaches."""
    longest = max(n for _, n in WINDOWS)
    values = np.concatenate((np.full(longest, -np.inf), minutes(gaps=False)))

    def run() -> Counted:
        pages = alarmed = 0
        sums = np.zeros(BLOCK + longest + 1, np.int32)
        for threshold in THRESHOLDS:
            on = dict.fromkeys(WINDOWS, False)
            for start in range(0, POINTS, BLOCK):
                breaching = values[start : start + BLOCK + longest] > threshold
                end = breaching.size + 1
                np.cumsum(breaching, out=sums[1:end])
                for m, n in WINDOWS:
                    alarm = sums[longest + 1 : end] - sums[longest + 1 - n : end - n] >= m
                    pages += int(np.count_nonzero(alarm[1:] > alarm[:-1])) + int(alarm[0] > on[m, n])
                    alarmed += int(np.count_nonzero(alarm))
                    on[m, n] = bool(alarm[-1])
        return pages, alarmed

    return run


def order_statistic_numpy() -> Callable[[], Counted]:
    """The M-th largest of each window serves all thresholds; windows of floats, partitioned."""
    values = minutes(gaps=False)

    def run() -> Counted:
        pages = alarmed = 0
        for m, n in WINDOWS:
            padded = np.concatenate((np.full(n - 1, -np.inf), values))
            view = np.lib.stride_tricks.sliding_window_view(padded, n)
            cut = np.empty(POINTS)
            for start in range(0, POINTS, BLOCK):
                cut[start : start + BLOCK] = np.partition(view[start : start + BLOCK], n - m, axis=1)[:, n - m]
            one, many = entries_by_threshold(cut)
            pages, alarmed = pages + one, alarmed + many
        return pages, alarmed

    return run


def entries_by_threshold(cut: Any) -> Counted:
    place = np.searchsorted(THRESHOLDS, cut, side="left")
    before = np.concatenate(([0], place[:-1]))
    return int(np.maximum(place - before, 0).sum()), int(place.sum())


def order_statistic_numba() -> Callable[[], Counted]:
    """The same, each window kept sorted by insertion while it slides, compiled."""
    import numba

    values = minutes(gaps=False)

    def cuts(values: Any, m: int, n: int) -> Any:
        window = np.full(n, -np.inf)
        out = np.empty(values.size)
        for place in range(values.size):
            leaving = values[place - n] if place >= n else -np.inf
            at = 0
            while window[at] != leaving:
                at += 1
            entering = values[place]
            while at + 1 < n and window[at + 1] < entering:
                window[at] = window[at + 1]
                at += 1
            while at > 0 and window[at - 1] > entering:
                window[at] = window[at - 1]
                at -= 1
            window[at] = entering
            out[place] = window[n - m]
        return out

    compiled = numba.njit(cuts)

    def run() -> Counted:
        totals = [entries_by_threshold(compiled(values, m, n)) for m, n in WINDOWS]
        return sum(pages for pages, _ in totals), sum(alarmed for _, alarmed in totals)

    return run


def pandas_rolling() -> Callable[[], Counted]:
    import pandas as pd

    series = pd.Series(minutes(gaps=False))

    def run() -> Counted:
        totals = []
        for threshold in THRESHOLDS[10:12]:
            breaching = (series > threshold).astype("float64")
            totals += [counted((breaching.rolling(n, min_periods=1).sum() >= m).to_numpy()) for m, n in WINDOWS]
        return sum(pages for pages, _ in totals), sum(alarmed for _, alarmed in totals)

    return run


def sliding_windows() -> Callable[[], Counted]:
    values = minutes(gaps=False)

    def run() -> Counted:
        totals = []
        for threshold in THRESHOLDS[10:12]:
            breaching = (values > threshold).astype(np.uint8)
            for m, n in WINDOWS:
                padded = np.concatenate((np.zeros(n - 1, np.uint8), breaching))
                view = np.lib.stride_tricks.sliding_window_view(padded, n)
                totals.append(counted(view.sum(axis=1, dtype=np.uint8) >= m))
        return sum(pages for pages, _ in totals), sum(alarmed for _, alarmed in totals)

    return run


def plain_python() -> Callable[[], Counted]:
    values = minutes(gaps=False).tolist()

    def run() -> Counted:
        pages = alarmed = 0
        for threshold, (m, n) in some_settings(2):
            window: deque[bool] = deque(maxlen=n)
            count, on = 0, False
            for value in values:
                if len(window) == n:
                    count -= window[0]
                breaching = value > threshold
                window.append(breaching)
                count += breaching
                was, on = on, count >= m
                alarmed += on
                pages += on and not was
        return pages, alarmed

    return run


def one_pass() -> Callable[[], Counted]:
    values = minutes(gaps=False)
    return lambda: (int(values.max()), 0)


# -- measuring --------------------------------------------------------------------------------------------------------

OURS = "**ours**, no gaps"
Way = Callable[[], Callable[[], Counted]]
WHOLE: dict[str, Way] = {
    OURS: partial(sweep, "missing", gaps=False),
    "order statistic, numba": order_statistic_numba,
    "cumulative sums, numpy": cumulative_sums,
    "order statistic, numpy partition": order_statistic_numpy,
}
"""Ways that count every setting of the series without gaps: they must agree."""
PARTS: dict[str, tuple[Way, float]] = {
    "pandas rolling (20 of 500 settings, scaled)": (pandas_rolling, SETTINGS / 20),
    "numpy sliding windows (20 of 500, scaled)": (sliding_windows, SETTINGS / 20),
    "plain Python (2 of 500, scaled)": (plain_python, SETTINGS / 2),
    "reading the series once": (one_pass, 1.0),
}
GAPS: dict[str, tuple[Way, float]] = {
    **{f"**ours**, gaps, `{name}`": (partial(sweep, name, gaps=True), 1.0) for name in TREATMENTS},
    "**ours**, gaps, all four treatments": (all_treatments, 1.0),
    "our `evaluate_span`, a setting at a time (4 of 500, `missing`, scaled)": (span_by_span, SETTINGS / 4),
    "our `evaluate`, a minute at a time (1/65 of 1 of 500, `missing`, scaled)": (
        instant_by_instant,
        SETTINGS * POINTS / 10_000,
    ),
}
WAYS: dict[str, tuple[Way, float]] = {**{name: (way, 1.0) for name, way in WHOLE.items()}, **PARTS, **GAPS}


def once(name: str) -> None:
    """Run one way: a warm-up, then the best of three, or one run where a run is long."""
    way, scale = WAYS[name]
    run = way()
    before = peak()
    taken = []
    result = run()
    for _ in range(3):
        began = time.perf_counter()
        result = run()
        taken.append(time.perf_counter() - began)
        if sum(taken) > 3:
            break
    print(json.dumps({"seconds": min(taken) * scale, "before": before, "peak": peak(), "result": result}))


def peak() -> float:
    """Most memory that the process ever held, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measured(name: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.alarms", "--once", name]
    answer = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return dict(json.loads(answer.stdout))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--once", metavar="WAY", help="run one way in this process and print JSON")
    options = parser.parse_args()
    if options.once:
        once(options.once)
        return
    names = [name for name in WAYS if "numba" not in name or importlib.util.find_spec("numba")]
    rounds = [{name: measured(name) for name in names} for _ in range(ROUNDS)]
    check({name: rounds[0][name]["result"] for name in names if name in WHOLE})
    taken = {name: statistics.median(each[name]["seconds"] for each in rounds) for name in names}
    print(f"Python {platform.python_version()}, numpy {np.__version__}, {os.cpu_count()} cores")
    print(f"{POINTS:,} minutes x {THRESHOLDS.size} thresholds x {len(WINDOWS)} (M, N); pages and minutes in ALARM\n")
    print("| way | ms | x ours | M evaluations/s | peak MB (of which before it began) |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for name in names:
        most = max(rounds, key=lambda each: each[name]["peak"])[name]
        speed = "" if name == "reading the series once" else f"{SETTINGS * POINTS / taken[name] / 1e6:,.1f}"
        speed = f"{4 * SETTINGS * POINTS / taken[name] / 1e6:,.1f}" if name.endswith("four treatments") else speed
        memory = f"{most['peak']:.0f} ({most['before']:.0f})"
        print(f"| {name} | {taken[name] * 1e3:,.1f} | {taken[name] / taken[OURS]:,.2f} | {speed} | {memory} |")


def check(results: dict[str, Counted]) -> None:
    """All ways that count everything found the same."""
    assert len({tuple(result) for result in results.values()}) == 1, results


if __name__ == "__main__":
    main()
