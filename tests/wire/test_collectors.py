"""Collectors over the wire: what plain boto3 sees, in house words, counted as the endpoint counts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from cloud.caps import month_of
from cloud.clients import Clients
from cloud.metering import Meter
from cloud.settings import Settings
from collectors.planning import StatisticsCall
from collectors.query import MetricQuery
from collectors.sources import CloudSources
from collectors.store import Store
from core.reading import FaultKind, Scope
from core.series import MetricId
from core.timespan import Timespan
from tests.wire.clouds import AT, Cloud

pytestmark = pytest.mark.wire

PROD, DR = Scope("111111111111", "us-east-1"), Scope("222222222222", "eu-west-1")


class Ticking:
    """The clock of our own processes in these tests."""

    now = AT

    def __call__(self) -> datetime:
        return self.now


def sources_of(cloud: Cloud, data_dir: Path) -> CloudSources:
    settings = Settings(cloud="demo", demo_port=urlsplit(cloud.url).port or 0, data_dir=data_dir)
    return CloudSources(Clients(settings, Meter(settings.data_dir, clock=Ticking())), Store(settings.data_dir))


@pytest.fixture
def sources(cloud: Cloud, tmp_path: Path) -> Iterator[CloudSources]:
    sources = sources_of(cloud, tmp_path)
    yield sources
    sources.clients.close()
    sources.store.close()


def balancer_metric(sources: CloudSources, name: str) -> MetricId:
    known = sources.known_metrics(PROD, now=AT).value
    return next(each for each in known if each.name == name and [key for key, _ in each.dimensions] == ["LoadBalancer"])


def test_both_accounts_are_reached_and_read_completely(sources: CloudSources) -> None:
    assert sources.scopes == (PROD, DR)
    for scope in sources.scopes:
        assert sources.poll(scope, now=AT).faults == ()
        inventory = sources.inventory(scope, now=AT).value
        assert inventory.load_balancers
        assert inventory.scaling_groups
    names = [
        {group.name for group in sources.inventory(scope, now=AT).value.scaling_groups} for scope in sources.scopes
    ]
    assert names[0].isdisjoint(names[1])


def test_metrics_equal_what_plain_boto3_reads(cloud: Cloud, sources: CloudSources) -> None:
    metric = balancer_metric(sources, "RequestCount")
    span = Timespan(AT - timedelta(hours=3), AT - timedelta(minutes=30))
    queries = [MetricQuery(PROD, metric, name, 60, span) for name in ("Sum", "Average", "SampleCount")]
    reading = sources.metrics(queries, now=AT)
    plain = cloud.client("cloudwatch").get_metric_statistics(
        Namespace=metric.namespace,
        MetricName=metric.name,
        Dimensions=[{"Name": name, "Value": value} for name, value in metric.dimensions],
        StartTime=span.start,
        EndTime=span.end,
        Period=60,
        Statistics=["Sum", "Average", "SampleCount"],
    )["Datapoints"]
    plain.sort(key=lambda point: point["Timestamp"])
    assert len(plain) > 100
    for query in queries:
        series = reading.value[query]
        assert series.times.tolist() == [int(point["Timestamp"].timestamp()) for point in plain]
        assert series.values.tolist() == [point[query.statistic] for point in plain]
    assert reading.complete


def test_percentiles_come_from_the_free_call(sources: CloudSources) -> None:
    metric = balancer_metric(sources, "TargetResponseTime")
    span = Timespan.last(timedelta(hours=1), now=AT)
    queries = [MetricQuery(PROD, metric, name, 60, span) for name in ("p50", "p99")]
    assert [type(call) for call in sources.plan(queries, now=AT).calls] == [StatisticsCall]
    p50, p99 = (sources.metrics(queries, now=AT).value[query] for query in queries)
    assert len(p50) > 50
    assert (p50.values <= p99.values).all()
    assert p99.unit == "Seconds"


def test_what_costs_is_not_called_at_the_default_cap(cloud: Cloud, sources: CloudSources) -> None:
    metric = balancer_metric(sources, "TargetResponseTime")
    before = endpoint_calls(cloud).get("GetMetricData", 0)
    reading = sources.metrics(
        [MetricQuery(PROD, metric, "tm90", 60, Timespan.last(timedelta(hours=1), now=AT))], now=AT
    )
    assert [fault.kind for fault in reading.faults] == [FaultKind.NOT_FREE]
    assert endpoint_calls(cloud).get("GetMetricData", 0) == before


def endpoint_calls(cloud: Cloud) -> dict[str, int]:
    """What the endpoint itself counted, by operation."""
    counted: dict[str, int] = {}
    for operations in cloud.get("/_demo/calls").values():
        for operation, calls in operations.items():
            counted[operation] = counted.get(operation, 0) + calls
    return counted


def test_the_ledger_equals_the_endpoints_own_count(fresh_cloud: Cloud, tmp_path: Path) -> None:
    sources = sources_of(fresh_cloud, tmp_path)
    for scope in sources.scopes:
        sources.poll(scope, now=AT)
        known = sources.known_metrics(scope, now=AT).value
        span = Timespan.last(timedelta(hours=30), now=AT)
        sources.metrics([MetricQuery(scope, metric, "Average", 60, span) for metric in known[:20]], now=AT)
    totals = sources.clients.meter.totals(month_of(AT))
    ours: dict[str, int] = {}
    for total in totals:
        ours[total.operation] = ours.get(total.operation, 0) + total.calls
    theirs = endpoint_calls(fresh_cloud)
    assert ours == theirs
    sources.clients.close()


def test_targets_are_placed_and_dated(sources: CloudSources) -> None:
    sources.poll(PROD, now=AT)
    healths = sources.targets(PROD, now=AT).value
    targets = [target for health in healths for target in health.targets]
    assert {target.zone for target in targets if target.state == "healthy"} == {"us-east-1a", "us-east-1b"}
    assert all(target.since == AT and target.since_at_least for target in targets)


def test_activities_name_the_alarm_that_asked(sources: CloudSources) -> None:
    activities = sources.activities(PROD, now=AT).value
    assert len(activities) > 5
    assert [each.started_at for each in activities] == sorted((each.started_at for each in activities), reverse=True)
    assert any(each.alarm and each.capacity and each.capacity[1] > each.capacity[0] for each in activities)


def test_alarm_states_agree_with_their_history(sources: CloudSources) -> None:
    alarms = {alarm.name: alarm for alarm in sources.alarms(PROD, now=AT).value}
    changes = sources.alarm_transitions(PROD, now=AT).value
    assert changes
    for name in {change.alarm for change in changes} & alarms.keys():
        newest = next(change for change in changes if change.alarm == name)
        assert (newest.new, int(newest.at.timestamp())) == (
            alarms[name].state,
            int(alarms[name].since.astimezone(UTC).timestamp()),
        )


def test_a_spike_is_seen_from_alarm_to_recovery(fresh_cloud: Cloud, tmp_path: Path) -> None:
    sources = sources_of(fresh_cloud, tmp_path)
    sources.poll(PROD, now=AT)
    group = sources.inventory(PROD, now=AT).value.scaling_groups
    before = {each.name: each.desired for each in group}
    fresh_cloud.post("/_demo/tell", story="traffic-spike")
    seen: set[str] = set()
    grown = False
    states: set[str] = set()
    now = AT
    for _ in range(40):
        fresh_cloud.advance(15)
        now += timedelta(seconds=15)
        sources.poll(PROD, now=now)
        seen |= {alarm.name for alarm in sources.alarms(PROD, now=now).value if alarm.state == "ALARM"}
        states |= {target.state for health in sources.targets(PROD, now=now).value for target in health.targets}
        groups = sources.inventory(PROD, now=now).value.scaling_groups
        grown = grown or any(each.desired > before[each.name] for each in groups)
    assert any("cpu-high" in name for name in seen)
    assert grown
    assert {"initial", "healthy"} <= states
    changes = [change for change in sources.alarm_transitions(PROD, now=now).value if change.at > AT]
    assert "ALARM" in {change.new for change in changes}
    assert any(each.started_at > AT and each.alarm for each in sources.activities(PROD, now=now).value)
    sources.clients.close()
