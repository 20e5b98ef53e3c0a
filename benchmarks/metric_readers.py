"""The ways to read metrics that `benchmarks/read_metrics.py` compares. Each gives how many values, and their sum."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

METRICS = 500
FREE_METRICS = 50
"""Metrics read by the free call, which takes a request for each."""
END = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
STATISTICS = ["Average", "Maximum", "Minimum", "SampleCount", "Sum"]


def span(points: int) -> tuple[datetime, datetime]:
    return END - timedelta(minutes=points), END


def boto3_client(port: int) -> Any:
    import boto3

    return boto3.client(
        "cloudwatch",
        region_name="us-east-1",
        endpoint_url=f"http://127.0.0.1:{port}",
        aws_access_key_id="demo",
        aws_secret_access_key="demo",
    )


def requests(points: int) -> dict[str, Any]:
    start, end = span(points)
    return {
        "MetricDataQueries": [
            {
                "Id": f"q{place}",
                "MetricStat": {
                    "Metric": {
                        "Namespace": "AWS/EC2",
                        "MetricName": "CPUUtilization",
                        "Dimensions": [{"Name": "InstanceId", "Value": f"i-{place:08x}"}],
                    },
                    "Period": 60,
                    "Stat": "Average",
                },
            }
            for place in range(METRICS)
        ],
        "StartTime": start,
        "EndTime": end,
        "ScanBy": "TimestampAscending",
    }


def read_plain(client: Any, points: int) -> tuple[int, float]:
    count, total = 0, 0.0
    for page in client.get_paginator("get_metric_data").paginate(**requests(points)):
        for result in page["MetricDataResults"]:
            count += len(result["Timestamps"])
            total += sum(result["Values"])
    return count, total


def our_clients(port: int, data_dir: str) -> Any:
    from cloud.caps import Caps
    from cloud.clients import Clients
    from cloud.metering import Meter
    from cloud.settings import Settings
    from core.money import Money

    settings = Settings(cloud="demo", demo_port=port, data_dir=Path(data_dir))
    return Clients(settings, Meter(Path(data_dir), clock=lambda: END, caps=Caps(Money(Decimal(1000)))))


def our_queries(clients: Any, points: int) -> Any:
    from collectors.query import MetricQuery
    from core.series import MetricId
    from core.timespan import Timespan

    scope = clients.scopes()[0]
    over = Timespan(*span(points))
    return [
        MetricQuery(scope, MetricId("AWS/EC2", "CPUUtilization", (("InstanceId", f"i-{n:08x}"),)), "Average", 60, over)
        for n in range(METRICS)
    ]


def read_ours(clients: Any, points: int) -> tuple[int, float]:
    from collectors import metrics
    from collectors.planning import Allowance, plan

    planned = plan(our_queries(clients, points), allowance=Allowance({}, clients.meter.money_left().amount))
    reading = metrics.fetch(planned, clients, now=END)
    assert reading.complete, reading.faults
    return sum(len(s) for s in reading.value.values()), sum(float(s.values.sum()) for s in reading.value.values())


def transfer(port: int, points: int) -> Callable[[], tuple[int, float]]:
    """Give a reader of the same bodies, sized as ours, that looks at nothing."""
    import urllib3

    pool = urllib3.HTTPConnectionPool("127.0.0.1", port, maxsize=8)
    batch = max(1, min(METRICS, 100_800 // points))
    start, end = span(points)
    bodies = [
        json.dumps(
            {
                **requests(points),
                "MetricDataQueries": requests(points)["MetricDataQueries"][first : first + batch],
                "StartTime": start.timestamp(),
                "EndTime": end.timestamp(),
            }
        ).encode()
        for first in range(0, METRICS, batch)
    ]
    headers = {"X-Amz-Target": "GraniteServiceVersion20100801.GetMetricData"}

    def read() -> tuple[int, float]:
        return sum(len(pool.request("POST", "/", body=body, headers=headers).data) for body in bodies), 0.0

    return read


def statistics_requests(metrics: int) -> list[dict[str, Any]]:
    return [
        {
            "Namespace": "AWS/EC2",
            "MetricName": "CPUUtilization",
            "Dimensions": [{"Name": "InstanceId", "Value": f"i-{n:08x}"}],
            "Period": 60,
            "Statistics": STATISTICS,
        }
        for n in range(metrics)
    ]


def statistics_plain(client: Any, metrics: int) -> tuple[int, float]:
    start, end = span(1440)
    count, total = 0, 0.0
    for request in statistics_requests(metrics):
        answer = client.get_metric_statistics(**request, StartTime=start, EndTime=end)
        for name in STATISTICS:
            values = [point[name] for point in answer["Datapoints"]]
            count += len(values)
            total += sum(values)
    return count, total


def statistics_ours(clients: Any, metrics: int, *, free: bool = True) -> tuple[int, float]:
    """Read five statistics of each metric by the free call, or the same by GetMetricData."""
    from collectors import metrics as reader
    from collectors.planning import Allowance, plan
    from collectors.query import MetricQuery

    queries = [
        MetricQuery(q.scope, q.metric, name, q.period, q.span)
        for q in our_queries(clients, 1440)[:metrics]
        for name in STATISTICS
    ]
    left = {queries[0].scope.account: 10**6} if free else {}
    planned = plan(queries, allowance=Allowance(left, clients.meter.money_left().amount))
    reading = reader.fetch(planned, clients, now=END)
    assert reading.complete, reading.faults
    return sum(len(s) for s in reading.value.values()), sum(float(s.values.sum()) for s in reading.value.values())


def statistics_transfer(port: int, metrics: int) -> tuple[int, float]:
    """Read the same bodies with urllib3, one connection, and look at nothing."""
    import urllib3

    pool = urllib3.HTTPConnectionPool("127.0.0.1", port, maxsize=8)
    headers = {"X-Amz-Target": "GraniteServiceVersion20100801.GetMetricStatistics"}
    start, end = (instant.timestamp() for instant in span(1440))
    bodies = [json.dumps({**each, "StartTime": start, "EndTime": end}) for each in statistics_requests(metrics)]
    return sum(len(pool.request("POST", "/", body=body, headers=headers).data) for body in bodies), 0.0
