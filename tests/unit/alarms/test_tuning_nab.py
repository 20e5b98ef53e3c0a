"""The record of `suggest` on real CloudWatch series with labelled anomalies (the Numenta Anomaly Benchmark).

The labels are the marked incidents, and the alarm to be tuned is an engineer's first guess. The figures are those of
benchmarks/README.md; they are pinned, so that a change of the rule shows what it does to them.
"""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from alarms.definition import MetricAlarm
from alarms.tuning import Incident, Outcome, Sweep, candidates, suggest, sweep
from core.series import Series
from core.timespan import Timespan
from tests.unit.alarms.lines import alarm

NAB = Path(__file__).parents[4] / "shared" / "data" / "nab"
pytestmark = pytest.mark.skipif(not NAB.is_dir(), reason="the sample data (../shared/data/nab) are not on this machine")

WINDOWS = [(1, 1), (1, 2), (2, 2), (2, 3), (3, 3), (3, 5), (5, 5), (4, 6), (6, 6), (8, 12), (12, 12)]
PERIODS = [300, 900, 1800, 3600]

RECORD = {
    "realAWSCloudwatch/ec2_cpu_utilization_24ae8d.csv": "2/2 17 -> 2/2 0",
    "realAWSCloudwatch/ec2_cpu_utilization_53ea38.csv": "2/2 30 -> 2/2 0",
    "realAWSCloudwatch/ec2_cpu_utilization_5f5533.csv": "2/2 33 -> 2/2 0",
    "realAWSCloudwatch/ec2_cpu_utilization_fe7f93.csv": "2/3 32 -> 2/3 0",
    "realAWSCloudwatch/ec2_disk_write_bytes_1ef3de.csv": "1/1 40 -> 1/1 0",
    "realAWSCloudwatch/ec2_network_in_5abac7.csv": "2/2 31 -> 2/2 1",
    "realAWSCloudwatch/elb_request_count_8c0756.csv": "2/2 28 -> 2/2 0",
    "realAWSCloudwatch/rds_cpu_utilization_cc0c53.csv": "2/2 19 -> 2/2 0",
    "realKnownCause/ec2_request_latency_system_failure.csv": "3/3 29 -> 3/3 5",
}
"""Incidents paged for and false alarms, of the first guess and of the suggestion, over two weeks each."""


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def read(name: str) -> tuple[Series, list[Incident]]:
    """A series of five-minute points, and its labels. Of doubled times (a clock change) the later row holds."""
    rows = [line.split(",") for line in (NAB / name).read_text().splitlines()[1:]]
    times = np.array([int(instant(time).timestamp()) for time, _ in rows])
    values = np.array([float(value) for _, value in rows])
    order = np.argsort(times, kind="stable")
    labels = json.loads((NAB / "labels_windows.json").read_text())[name]
    return Series(times[order], values[order], 300), [Incident(Timespan(instant(a), instant(b))) for a, b in labels]


def whole(series: Series) -> Timespan:
    first, last = (datetime.fromtimestamp(int(series.times[place]), UTC) for place in (0, -1))
    return Timespan(first, last + timedelta(minutes=10))


def first_guess(series: Series) -> MetricAlarm:
    """Page as soon as one datapoint is among the highest hundredth."""
    threshold = float(f"{np.quantile(series.values, 0.99):.3g}")
    return alarm(
        Period=300, EvaluationPeriods=1, Threshold=threshold, ComparisonOperator="GreaterThanOrEqualToThreshold"
    )


def swept(series: Series, incidents: list[Incident], span: Timespan) -> Sweep:
    seen = series.within(span)
    return sweep(
        first_guess(seen),
        series,
        thresholds=candidates(seen),
        windows=WINDOWS,
        periods=PERIODS,
        span=span,
        incidents=incidents,
    )


def score(outcome: Outcome) -> str:
    return f"{outcome.hits}/{len(outcome.delays)} {outcome.false_alarms}"


@pytest.mark.parametrize("name", list(RECORD))
def test_shown_every_incident(name: str) -> None:
    series, incidents = read(name)
    found = suggest(swept(series, incidents, whole(series)))
    assert f"{score(found.current)} -> {score(found.proposed)}" == RECORD[name]


def test_shown_the_first_incident_only_and_judged_by_the_others() -> None:
    """What it was not shown: half of the catches are kept, for a fortieth of the false alarms."""
    guesses: list[Outcome] = []
    suggestions: list[Outcome] = []
    for name in RECORD:
        series, incidents = read(name)
        if len(incidents) > 1:
            guess, suggested = _on_the_rest(series, incidents)
            guesses.append(guess)
            suggestions.append(suggested)
    assert sum(len(guess.delays) for guess in guesses) == 10
    assert (sum(o.hits for o in guesses), sum(o.false_alarms for o in guesses)) == (9, 124)
    assert (sum(o.hits for o in suggestions), sum(o.false_alarms for o in suggestions)) == (5, 3)


def _on_the_rest(series: Series, incidents: list[Incident]) -> tuple[Outcome, Outcome]:
    first, second = incidents[0].span, incidents[1].span
    cut = first.end + (second.start - first.end) / 2
    span = whole(series)
    found = suggest(swept(series, incidents[:1], Timespan(span.start, cut)))
    made, chosen = first_guess(series.within(Timespan(span.start, cut))), found.proposed.setting
    rest = sweep(
        made,
        series,
        thresholds=[chosen.threshold],
        windows=[(chosen.m, chosen.n)],
        periods=[chosen.period],
        span=Timespan(cut, span.end),
        incidents=incidents[1:],
    )
    return rest.current, rest.outcome(chosen)
