"""The estimate over the demo cloud: beside its bill, and hours ahead of its budgets when a function runs away."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from budgets.prices import UsagePrices
from cloud.clients import Clients
from cloud.metering import Meter
from cloud.settings import Settings
from collectors.sources import CloudSources
from collectors.store import Store
from dashboard.views.estimating import Estimator, Spending
from tests.wire.clouds import AT, Cloud, billed_cloud

pytestmark = pytest.mark.wire
PROD = "111111111111"


class Watch:
    """The estimator over a cloud whose clock it follows."""

    def __init__(self, cloud: Cloud, folder: Path) -> None:
        self.cloud, self.now = cloud, AT
        settings = Settings(cloud="demo", demo_port=int(cloud.url.rsplit(":", 1)[1]), data_dir=folder)
        self.clients = Clients(settings, Meter(folder, clock=self.clock))
        self.store = Store(folder)
        self.estimator = Estimator(CloudSources(self.clients, self.store), UsagePrices())

    def clock(self) -> datetime:
        return self.now

    def later(self, seconds: int) -> None:
        self.cloud.advance(seconds)
        self.now += timedelta(seconds=seconds)

    def spending(self) -> Spending:
        found = self.estimator.make(PROD, now=self.now)
        assert found.faults == ()
        return found

    def close(self) -> None:
        self.clients.close()
        self.store.close()


@pytest.fixture
def watch(tmp_path: Path) -> Iterator[Watch]:
    with billed_cloud() as cloud:
        watch = Watch(cloud, tmp_path)
        yield watch
        watch.close()


def test_a_runaway_function_is_seen_in_minutes_while_aws_s_figure_stands_still(watch: Watch) -> None:
    before = watch.spending()
    assert before.estimate is not None
    assert before.official is not None
    types = {line.price.usage_type for line in before.estimate.lines}
    assert {"BoxUsage:t2.micro", "LoadBalancerUsage:application", "LCUUsage", "ReadCapacityUnit-Hrs", "Request",
            "Lambda-GB-Second", "TimedStorage-ByteHrs", "DataProcessing-Bytes", "CW:AlarmMonitorUsage",
            "CW:MetricMonitorUsage", "CW:Requests"} <= types  # fmt: skip
    watch.cloud.post("/_demo/tell", story="cost-surge", site="directory-prod")
    watch.later(1200)
    after = watch.spending()
    assert after.estimate is not None
    assert after.official == before.official, "AWS publishes every six hours"
    grown = {line.price.usage_type: line.quantity for line in after.estimate.lines}
    was = {line.price.usage_type: line.quantity for line in before.estimate.lines}
    assert grown["Request"] - was["Request"] > 30_000
    assert grown["Lambda-GB-Second"] - was["Lambda-GB-Second"] > 70_000
    assert after.estimate.per_hour.amount > 3 * before.estimate.per_hour.amount


def test_instances_cost_what_the_demo_s_bill_says_an_hour(watch: Watch) -> None:
    """An hour of the fleet by our count and by the demo's own."""
    first = watch.spending().estimate
    watch.later(3600)
    second = watch.spending().estimate
    assert first is not None
    assert second is not None

    def quantity(usage_type: str) -> float:
        one, other = (
            next(line.quantity for line in each.lines if line.price.usage_type == usage_type)
            for each in (first, second)
        )
        return float(other - one)

    assert watch.cloud.ground is not None
    group = watch.cloud.ground.fleets.of(watch.clients.scopes()[0]).groups["directory-web"]
    spent = 0.0
    start, end = AT.timestamp(), watch.now.timestamp()
    for presence in group.presences(start, end):
        spent += (min(presence.running[1], end) - max(presence.running[0], start)) / 3600
    assert quantity("BoxUsage:t2.micro") == pytest.approx(spent, rel=0.02)
    assert quantity("LoadBalancerUsage:application") == pytest.approx(1, rel=0.01)
    assert quantity("ReadCapacityUnit-Hrs") == pytest.approx(60, rel=0.1)
