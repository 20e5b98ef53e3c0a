"""What the throwaway page shows: a small world made of arithmetic, the same for a tick wherever it is computed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np

from core.timespan import Timespan
from dashboard.charts.targets import Target, TargetGrid, Zone
from dashboard.charts.view import (
    Axis,
    Band,
    ChartView,
    Line,
    LineKind,
    Mark,
    Revised,
    Status,
    Threshold,
    Tone,
    breaches,
)

BEGIN = datetime(2026, 11, 23, 10, 30, tzinfo=UTC)
HOSTILE = "<img src=x onerror=alert(1)> **bold** ![x](https://attacker.invalid/p.png)"


def minutes(tick: int) -> tuple[np.ndarray, Timespan, datetime]:
    now = BEGIN + timedelta(minutes=60 + tick)
    span = Timespan(now - timedelta(hours=1), now)
    start = int(span.start.timestamp()) // 60 * 60
    return np.arange(start, int(now.timestamp()), 60, dtype=np.int64), span, now


def noise(times: np.ndarray, seed: float) -> np.ndarray:
    return np.modf(np.sin(times * 12.9898 + seed * 78.233) * 43758.5453)[0]


def wave(times: np.ndarray, *, low: float, high: float, seed: float, jitter: float = 0.1) -> np.ndarray:
    phase = (times - int(BEGIN.timestamp())) / 2600
    return low + (high - low) * (0.5 + 0.4 * np.sin(phase + seed) + jitter * noise(times, seed))


def changed(times: np.ndarray) -> tuple[Revised, ...]:
    """The datapoint of the twentieth minute, which was read as more until five minutes after its end."""
    at = datetime.fromtimestamp(int(times[20]), UTC)
    return (Revised(at, ((at + timedelta(minutes=6), 0.222),), 0.111),)


def charts(tick: int) -> list[ChartView]:
    times, span, now = minutes(tick)
    settled = now - timedelta(minutes=5)
    spike = int((BEGIN + timedelta(minutes=50)).timestamp())
    p95 = wave(times, low=0.25, high=0.31, seed=1) + np.where(times >= spike, 0.12, 0)
    slo = Threshold(0.3, "SLO")
    p95_line = Line("p95", times, p95, settled)
    p50 = Line("p50", times, wave(times, low=0.1, high=0.15, seed=2), settled, revised=changed(times))
    p99 = Line("p99", times, wave(times, low=0.4, high=0.52, seed=3), settled)
    latency = ChartView(
        "latency",
        "Latency",
        "Seconds",
        (p50, p95_line, p99),
        span,
        subtitle="TargetResponseTime",
        thresholds=(slo,),
        bands=breaches(p95_line, Threshold(0.36), period=60),
        status=Status(Tone.ALARM, "p95 above SLO for 9 min"),
    )
    requests = ChartView(
        "requests",
        "Requests and errors",
        "Count/Second",
        (
            Line("Requests", times, wave(times, low=900, high=1400, seed=4), settled, LineKind.AREA),
            Line(
                "4xx",
                times,
                np.abs(wave(times, low=20, high=36, seed=5, jitter=0.4)),
                settled,
                LineKind.BAR,
                Axis.RIGHT,
            ),
            Line(
                "5xx",
                times,
                np.abs(wave(times, low=2, high=9, seed=6, jitter=0.5)),
                settled,
                LineKind.BAR,
                Axis.RIGHT,
                tone=Tone.ALARM,
            ),
        ),
        span,
        right_unit="Count/Second",
        status=Status(Tone.OK, "OK"),
    )
    cpu = wave(times, low=38, high=74, seed=7)
    cpu[(times // 60) % 60 // 8 == 3] = np.nan
    cpu[20:21] = np.nan
    cpu[22:23] = np.nan
    utilisation = ChartView(
        "cpu",
        "CPU",
        "Percent",
        (
            Line("i-0a81f3c", times, cpu, settled, emphasis=True),
            Line(HOSTILE, times, wave(times, low=30, high=60, seed=8), settled),
        ),
        span,
        subtitle="CPUUtilization",
        thresholds=(Threshold(70, "scale out"),),
        y_max=100,
    )
    step_times = np.array([times[0], times[12], times[30], times[44]], np.int64)
    capacity = ChartView(
        "capacity",
        "Auto Scaling",
        "Count",
        (
            Line(
                "Desired",
                times,
                np.where(
                    times < step_times[1],
                    2.0,
                    np.where(times < step_times[2], 4.0, np.where(times < step_times[3], 6.0, 5.0)),
                ),
                None,
                LineKind.STEP,
                emphasis=True,
            ),
            Line(
                "In service",
                times,
                np.where(
                    times < step_times[1] + 180,
                    2.0,
                    np.where(times < step_times[2] + 180, 4.0, np.where(times < step_times[3], 6.0, 5.0)),
                ),
                None,
                LineKind.STEP,
                dash=True,
            ),
        ),
        span,
        subtitle="web-asg",
        marks=(
            Mark(
                datetime.fromtimestamp(int(step_times[1]), UTC),
                "+2 CPU > 70%",
                "Launched two instances; alarm web-cpu-high",
            ),
            Mark(datetime.fromtimestamp(int(step_times[2]), UTC), "+2 CPU > 70%", "Launched two instances"),
            Mark(datetime.fromtimestamp(int(step_times[3]), UTC), "Failed", "Launch failed: capacity", Tone.ALARM),
        ),
    )
    traffic = ChartView(
        "bytes",
        "Network out",
        "Bytes/Second",
        (Line("out", times, wave(times, low=2e6, high=1.8e7, seed=9), settled, LineKind.AREA),),
        span,
        subtitle="NetworkOut",
    )
    silent = ChartView(
        "empty",
        "Page load",
        "Milliseconds",
        (Line("p75", times, np.full(times.size, np.nan)),),
        span,
        note=f"No datapoints {span.start:%H:%M} to {span.end:%H:%M}",
        thresholds=(Threshold(2500, "goal"),),
        bands=(Band(Timespan(span.start, span.start + timedelta(minutes=8)), "maintenance", Tone.MUTED),),
    )
    return [latency, requests, utilisation, capacity, traffic, silent]


def targets(tick: int) -> TargetGrid:
    _, _, now = minutes(tick)
    since = now - timedelta(minutes=9)
    web = Target("i-0a81f3c91d2e", "healthy", Tone.OK, since=now - timedelta(days=2, hours=4), name="directory-web")
    sick = Target("i-0d01b22aa1f0", "unhealthy", Tone.ALARM, "Health checks failed with these codes: [502]", since)
    new = Target(
        "i-02b90cd13f77", "initial", Tone.INFO, "Target registration is in progress", now - timedelta(seconds=40)
    )
    going = Target(
        "i-0f3344a1290c",
        "draining",
        Tone.WARNING,
        "Target deregistration is in progress",
        now - timedelta(minutes=2),
        name=HOSTILE,
    )
    return TargetGrid((Zone("us-east-1a", (web, sick)), Zone("us-east-1b", (new, going))), now)
