"""Recorded CloudWatch series served as metrics that end now: the real input."""

from __future__ import annotations

import csv
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.reading import Scope
from demo.replay import metric_of, read, replay
from tests.wire.clouds import AT, ROOT, Cloud, bare_cloud, cloud_process

pytestmark = pytest.mark.wire

NAB = ROOT.parent / "shared" / "data" / "nab"
needs_nab = pytest.mark.skipif(not NAB.is_dir(), reason="the Numenta series are not beside this checkout")


def recorded(path: Path) -> list[tuple[datetime, float]]:
    with path.open(newline="") as file:
        return [
            (datetime.fromisoformat(row["timestamp"]).replace(tzinfo=UTC), float(row["value"]))
            for row in csv.DictReader(file)
        ]


def counts(cloud: Cloud, stem: str) -> dict[datetime, tuple[float, float]]:
    """Give each served minute's sample count and sum."""
    metric, _ = metric_of(stem)
    dimensions = [{"Name": name, "Value": value} for name, value in metric.dimensions]
    stat = {"Metric": {"Namespace": metric.namespace, "MetricName": metric.name, "Dimensions": dimensions}}
    queries = [
        {"Id": name.lower(), "MetricStat": {**stat, "Period": 60, "Stat": name}} for name in ("SampleCount", "Sum")
    ]
    found: dict[str, dict[datetime, float]] = {}
    pages = cloud.client("cloudwatch").get_paginator("get_metric_data")
    for page in pages.paginate(MetricDataQueries=queries, StartTime=AT - timedelta(days=15), EndTime=AT):
        for result in page["MetricDataResults"]:
            pairs = zip(result["Timestamps"], result["Values"], strict=True)
            found.setdefault(result["Id"], {}).update(pairs)
    return {at: (count, found["sum"][at]) for at, count in found["samplecount"].items()}


@needs_nab
def test_every_recorded_point_is_served_with_its_gaps_and_doubled_times() -> None:
    with cloud_process("--replay", str(NAB)) as cloud:
        files = sorted(NAB.rglob("*.csv"))
        assert len(files) == 9
        for path in files:
            rows = recorded(path)
            served = counts(cloud, path.stem)
            shift = max(served) - max(at for at, _ in rows)
            expected: dict[datetime, tuple[float, float]] = {}
            for at, value in rows:
                count, total = expected.get(at + shift, (0.0, 0.0))
                expected[at + shift] = (count + 1, total + value)
            kept = {at: pair for at, pair in expected.items() if at >= AT - timedelta(days=15)}
            assert served.keys() == kept.keys(), path.name
            assert [served[at][0] for at in kept] == [count for count, _ in kept.values()], path.name
            assert np.allclose([served[at][1] for at in kept], [total for _, total in kept.values()])
            assert AT - timedelta(minutes=6) < max(served) <= AT - timedelta(minutes=5), (
                "its last period has just ended"
            )


def series(tmp_path: Path, name: str, text: str) -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return tmp_path


def test_a_series_ends_now_and_keeps_its_holes(tmp_path: Path) -> None:
    folder = series(
        tmp_path,
        "ec2_cpu_utilization_abc.csv",
        "timestamp,value\n2014-01-01 00:00:00,1\n2014-01-01 00:05:00,2\n2014-01-01 00:05:00,4\n2014-01-01 00:20:00,8\n",
    )
    with bare_cloud() as cloud:
        assert cloud.ground is not None
        replay(read(folder), cloud.ground.stores.of(Scope("111111111111", "us-east-1")), now=AT)
        served = counts(cloud, "ec2_cpu_utilization_abc")
        last = AT - timedelta(minutes=5)
        assert served == {
            last: (1.0, 8.0),
            last - timedelta(minutes=15): (2.0, 6.0),
            last - timedelta(minutes=20): (1.0, 1.0),
        }
        listed: Any = cloud.client("cloudwatch").list_metrics()["Metrics"]
        assert listed[0]["Dimensions"] == [{"Name": "InstanceId", "Value": "i-abc"}]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("time,value\n", "begins with the line timestamp,value"),
        ("timestamp,value\n", "holds no points"),
        ("timestamp,value\n2014-01-01 00:00:00,x\n", "line 2"),
        ("timestamp,value\n2014-01-01 00:00:00,1\nsoon,1\n", "line 3"),
        ("timestamp,value\n2014-01-01 00:00:00,nan\n", "finite"),
        ("timestamp,value\n2014-01-01 00:00:00\n", "line 2"),
    ],
)
def test_a_malformed_recording_says_where(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        read(series(tmp_path, "x.csv", text))
