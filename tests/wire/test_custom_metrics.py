"""An application's own metrics, from the put to what the demo cloud answers when they are read."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest

from cloud.settings import Settings
from collectors.custom import Metrics
from collectors.custom_delivery import Outcome
from core.series import MetricId
from demo.metric_store import LISTED_AFTER
from tests.wire.clouds import AT, Cloud

pytestmark = pytest.mark.wire
HOUR = timedelta(hours=1)


@pytest.fixture
def metrics(bare: Cloud, tmp_path: Path) -> Iterator[Metrics]:
    port = urlsplit(bare.url).port or 0
    settings = Settings(cloud="demo", demo_port=port, data_dir=tmp_path, custom_metrics_quota=5)
    at_ms = int(AT.timestamp() * 1000)
    made = Metrics("Shop", settings=settings, clock=lambda: at_ms, background=False)
    yield made
    made.close()


def read(cloud: Cloud, metric: MetricId, *statistics: str, period: int = 60) -> dict[str, list[float]]:
    dimensions = [{"Name": name, "Value": value} for name, value in metric.dimensions]
    stat = {"Namespace": metric.namespace, "MetricName": metric.name, "Dimensions": dimensions}
    queries = [
        {"Id": f"m{n}", "Label": each, "MetricStat": {"Metric": stat, "Period": period, "Stat": each}}
        for n, each in enumerate(statistics)
    ]
    answer = cloud.client("cloudwatch").get_metric_data(
        MetricDataQueries=queries, StartTime=AT - HOUR, EndTime=AT + HOUR, ScanBy="TimestampAscending"
    )
    return {result["Label"]: result["Values"] for result in answer["MetricDataResults"]}


def test_percentiles_of_what_was_put_are_those_of_every_value(bare: Cloud, metrics: Metrics) -> None:
    """1,000 values of a minute leave as seven lists, in one request, and no value is lost."""
    values = np.random.default_rng(7).gamma(2.0, 0.4, 1000).round(3)
    for value in values.tolist():
        metrics.put("PageLoadTime", value, unit="Seconds", dimensions={"Page": "/"})
    assert metrics.flush() == Outcome()
    found = read(
        bare, MetricId("Shop", "PageLoadTime", (("Page", "/"),)), "SampleCount", "Sum", "Maximum", "p50", "p99"
    )
    assert found["SampleCount"] == [1000.0]
    assert found["Sum"] == pytest.approx([values.sum()])
    assert found["Maximum"] == [values.max()]
    for percentile in (50, 99):
        below, above = np.percentile(values, [percentile - 0.2, percentile + 0.2])
        assert below <= found[f"p{percentile}"][0] <= above
    assert bare.get("/_demo/calls/watchkeeper") == {"cloudwatch:PutMetricData": 1}


def test_each_way_to_put_is_taken_and_listed_after_its_delay(bare: Cloud, metrics: Metrics) -> None:
    metrics.put("Fast", 1.0, resolution=1, at=AT - timedelta(seconds=70))
    metrics.put("Fast", 2.0, resolution=1, at=AT - timedelta(seconds=65))
    metrics.put("Merged", 2.0, percentiles=False)
    metrics.put("Merged", 4.0, percentiles=False)
    metrics.put_set("Given", sample_count=4, total=10, minimum=1, maximum=4)
    metrics.put("Counted", 5.0, count=3)
    metrics.put("Old", 1.0, at=AT - timedelta(days=14) + timedelta(minutes=5))
    assert metrics.flush() == Outcome()
    assert read(bare, MetricId("Shop", "Fast"), "Sum", period=5) == {"Sum": [1.0, 2.0]}
    assert read(bare, MetricId("Shop", "Merged"), "Average", "p50") == {"Average": [3.0], "p50": []}
    assert read(bare, MetricId("Shop", "Given"), "Average", "Maximum") == {"Average": [2.5], "Maximum": [4.0]}
    assert read(bare, MetricId("Shop", "Counted"), "SampleCount", "p99") == {"SampleCount": [3.0], "p99": [5.0]}
    client = bare.client("cloudwatch")
    assert client.list_metrics(Namespace="Shop")["Metrics"] == []
    bare.advance(LISTED_AFTER)
    assert len(client.list_metrics(Namespace="Shop")["Metrics"]) == 4, "and what is two weeks old is listed no more"


def test_what_the_library_accepts_aws_accepts(bare: Cloud, metrics: Metrics, caplog: Any) -> None:
    """At each limit: the longest names, thirty dimensions, the largest value, two hours ahead."""
    caplog.set_level(logging.WARNING)
    metrics.put("n" * 255, 2.0**360, dimensions={f"{n:0255}"[-255:]: "v" * 1024 for n in range(30)})
    metrics.put("Small", 5e-324, at=AT + timedelta(hours=2))
    for n in range(151):
        metrics.put("Many", -(2.0**360) + n * 2.0**330)
    assert metrics.flush() == Outcome()
    counts = metrics.status().counts
    assert (counts.delivered, counts.rejected, counts.requests) == (153, 0, 1)
    assert caplog.records == []
