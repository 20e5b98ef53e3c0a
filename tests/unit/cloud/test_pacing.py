"""Calls leave below AWS's limits a second; on a clock and a sleeper of the test's own."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.caps import Caps, month_of
from cloud.clients import Clients
from cloud.faults import Crowded, Throttled
from cloud.metering import Meter
from cloud.pacing import CALLS_A_SECOND, OUR_SHARE, Bucket, Demand, Pacer, demands
from cloud.settings import Settings
from core.money import ZERO, Money
from core.reading import FaultKind, Scope
from tests.unit.collectors.endpoint import Endpoint, Ticking, serving

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
PLACE = ("111111111111", "us-east-1", "cloudwatch")
TEN = (Demand("X", 10 / OUR_SHARE),)
"""Ten calls a second are ours."""


class Time:
    """A monotonic clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def pacer(time: Time) -> Pacer:
    return Pacer(clock=time, sleep=time.sleep)


def test_a_second_of_calls_leaves_at_once_and_the_rest_in_step(pacer: Pacer, time: Time) -> None:
    for _ in range(13):
        pacer.wait(PLACE, TEN)
    assert time.slept == pytest.approx([0.1] * 3)
    time.now += 60
    pacer.wait(PLACE, TEN)
    assert len(time.slept) == 3


def test_each_account_region_and_operation_has_its_own_turn(pacer: Pacer, time: Time) -> None:
    for _ in range(10):
        pacer.wait(PLACE, TEN)
    pacer.wait(("222222222222", *PLACE[1:]), TEN)
    pacer.wait((PLACE[0], "eu-west-1", PLACE[2]), TEN)
    pacer.wait(PLACE, (Demand("Y", 1),))
    assert time.slept == []


@given(st.lists(st.floats(0, 3), max_size=200), st.floats(0.5, 100))
def test_no_second_ever_sees_more_than_burst_and_rate(pauses: list[float], a_second: float) -> None:
    time, left = Time(), []
    pacer = Pacer(clock=time, sleep=time.sleep)
    for pause in pauses:
        time.now += pause / 10
        pacer.wait(PLACE, (Demand("X", a_second),))
        left.append(time.now)
    ours = a_second * OUR_SHARE
    for first in left:
        assert sum(first <= at < first + 1 for at in left) <= max(1.0, ours) + ours + 1


def test_too_many_at_once_is_said(time: Time) -> None:
    still = Pacer(clock=lambda: 0.0, sleep=lambda _: None)
    for _ in range(11):
        still.wait(PLACE, (Demand("X", 1 / OUR_SHARE),))
    with pytest.raises(Crowded, match="1 calls a second are our part of AWS's limit") as caught:
        still.wait(PLACE, (Demand("Y", 1), Demand("X", 1 / OUR_SHARE)))
    with pytest.raises(Crowded):
        still.wait(PLACE, (Demand("X", 1 / OUR_SHARE),))
    for _ in range(9):
        still.wait(PLACE, (Demand("Y", 1),))  # those who were turned away took no turn
    fault = caught.value.to_fault(Scope("111111111111", "us-east-1"), "cloudwatch:X")
    assert (fault.kind, fault.retryable) == (FaultKind.THROTTLED, True)
    assert "was not called, too many wait before it" in fault.message


def take(bucket: Bucket, *, at: float) -> float:
    wait = bucket.wait(1, at=at)
    bucket.take(1)
    return wait


def test_a_throttled_call_halves_the_rate_once_a_second_and_it_grows_back() -> None:
    bucket = Bucket(16 / OUR_SHARE, at=0)
    for _ in range(8):
        bucket.throttled(at=0)  # eight answers of one burst
    assert take(bucket, at=0) == pytest.approx(1 / 8)
    bucket.throttled(at=1)
    take(bucket, at=1)
    assert take(bucket, at=1) == pytest.approx(2 / 4, rel=0.1)
    for second in range(2, 20):
        bucket.throttled(at=second)
    assert take(bucket, at=19) == pytest.approx(1.0, rel=0.01)  # a sixteenth is left
    take(bucket, at=100)  # whole again
    assert [take(bucket, at=100) for _ in range(16)][-1] == pytest.approx(1 / 16)


def test_threads_share_one_pace(time: Time) -> None:
    waits, lock = [], threading.Lock()

    def sleep(seconds: float) -> None:
        with lock:
            waits.append(seconds)

    pacer = Pacer(clock=lambda: 0.0, sleep=sleep)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: pacer.wait(PLACE, TEN), range(50)))
    assert sorted(waits) == pytest.approx([step / 10 for step in range(1, 41)])


# -- what a call takes ------------------------------------------------------------------------------------------------


def data(metrics: int, hours: float, period: int = 60) -> dict[str, Any]:
    queries = [{"Id": f"q{n}", "MetricStat": {"Period": period}} for n in range(metrics)]
    return {"MetricDataQueries": queries, "StartTime": NOW - timedelta(hours=hours), "EndTime": NOW}


@pytest.mark.parametrize(
    ("hours", "limit", "a_second"),
    [(2.99, "fresh datapoints", 180_000), (3, "fresh datapoints", 180_000), (3.01, "datapoints", 396_000)],
)
def test_datapoints_are_limited_by_how_old_the_first_may_be(hours: float, limit: str, a_second: int) -> None:
    _, points = demands("cloudwatch", "GetMetricData", data(500, hours), now=NOW)
    assert (points.limit, points.a_second, points.amount) == (limit, a_second, 500 * int(hours * 60))


def test_a_call_larger_than_a_second_passes_and_the_next_waits_for_it(pacer: Pacer, time: Time) -> None:
    day = demands("cloudwatch", "GetMetricData", data(500, 24), now=NOW)
    pacer.wait(PLACE, day)
    assert time.slept == []
    pacer.wait(PLACE, day)
    assert sum(time.slept) == pytest.approx(500 * 1440 / (396_000 * OUR_SHARE))


def test_what_has_no_published_limit_is_not_paced() -> None:
    assert demands("elbv2", "DescribeTargetHealth", {}, now=NOW) == ()


def test_every_limit_is_of_an_operation_that_botocore_knows() -> None:
    session = botocore.session.get_session()
    for service, operation in CALLS_A_SECOND:
        assert operation in session.get_service_model(service).operation_names


# -- at the meter -----------------------------------------------------------------------------------------------------


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with serving() as endpoint:
        yield endpoint


def test_retries_wait_their_turn_too_and_throttling_slows_what_follows(
    endpoint: Endpoint, tmp_path: Path, pacer: Pacer, time: Time
) -> None:
    settings = Settings(cloud="demo", demo_port=endpoint.port, data_dir=tmp_path)
    clients = Clients(settings, Meter(settings.data_dir, clock=Ticking(), pacer=pacer))
    client = clients.client(clients.scopes()[0], "cloudwatch")
    endpoint.answers["DescribeAlarmHistory"] = lambda _: {}
    for _ in range(4):
        client.describe_alarm_history()
    ours = 3 * OUR_SHARE
    assert time.slept == pytest.approx([(1 - ours % 1) / ours, 1 / ours])
    endpoint.answers["DescribeAlarmHistory"] = lambda _: (400, {"__type": "ThrottlingException"})
    time.now += 10
    time.slept.clear()
    with pytest.raises(client.exceptions.ClientError):
        client.describe_alarm_history()
    assert sum(each.calls for each in clients.meter.totals(month_of(NOW))) == len(endpoint.asked) == 4 + 3
    assert time.slept[0] == pytest.approx(2 / ours, rel=0.05)  # half the rate
    clients.close()


def test_a_paid_call_without_a_turn_is_not_bought(endpoint: Endpoint, tmp_path: Path) -> None:
    endpoint.answers["GetMetricData"] = lambda _: {"MetricDataResults": []}
    still = Pacer(clock=lambda: 0.0, sleep=lambda _: None)
    settings = Settings(cloud="demo", demo_port=endpoint.port, data_dir=tmp_path)
    meter = Meter(settings.data_dir, clock=Ticking(), caps=Caps(Money(Decimal(1))), pacer=still)
    clients = Clients(settings, meter)
    scope = clients.scopes()[0]
    while True:
        try:
            still.wait((scope.account, scope.region, "cloudwatch"), (Demand("GetMetricData", 50),))
        except Throttled:
            break
    with pytest.raises(Crowded):
        clients.client(scope, "cloudwatch").get_metric_data(
            MetricDataQueries=[], StartTime=NOW - timedelta(hours=1), EndTime=NOW
        )
    assert endpoint.asked == []
    assert meter.spent_this_month() == ZERO
    clients.close()
