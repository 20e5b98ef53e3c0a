"""Inventory, activities and metrics → amounts of what AWS bills; what cannot be counted is said, never nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest

from collectors import counts
from collectors.inventory import Instance, Inventory, LoadBalancer
from collectors.metered import MOST_SERIES, Meters, Used
from collectors.query import MetricQuery
from collectors.scaling import Activity
from core.reading import Fault, FaultKind, Scope
from core.series import MetricId, Series
from core.timespan import Timespan

NOW = datetime(2026, 11, 11, 0, 0, tzinfo=UTC)
"""Ten days into the month: 240 of its 720 hours."""
MONTH, LATELY = counts.spans(NOW)
HERE = Scope("111111111111", "us-east-1")


def instance(name: str, launched: datetime, *, state: str = "running", group: str | None = "web") -> Instance:
    return Instance(name, name, "t2.micro", state, "us-east-1a", launched, None, group)


def activity(description: str, name: str, start: datetime, end: datetime | None) -> Activity:
    return Activity(
        f"{description}{name}", "web", start, end, "Successful", f"{description}: {name}", "", None, None, name, None,
        None, None,
    )  # fmt: skip


def hours_ago(hours: float) -> datetime:
    return NOW - timedelta(hours=hours)


def counted(inventory: Inventory, *activities: Activity, known: Sequence[MetricId] = (), used: Used | None = None,
            faults: Sequence[Fault] = ()) -> counts.Counted:  # fmt: skip
    return counts.count(HERE, inventory, activities, known, used or Used(), faults=faults, now=NOW)


def by_thing(found: counts.Counted) -> dict[str, tuple[str, Decimal, Decimal]]:
    return {each.thing: (each.usage_type, each.month, each.lately) for each in found.counts}


def test_instances_count_from_their_launch_or_the_month_s_begin() -> None:
    found = counted(
        Inventory(instances=(instance("i-old", hours_ago(900)), instance("i-new", hours_ago(3), group=None)))
    )
    assert by_thing(found) == {
        "i-old": ("BoxUsage:t2.micro", Decimal(240), Decimal("0.25")),
        "i-new": ("BoxUsage:t2.micro", Decimal(3), Decimal("0.25")),
    }


def test_instances_that_left_their_group_count_by_its_activities() -> None:
    there = Inventory(instances=(instance("i-here", hours_ago(1)),))
    launching, ending = "Launching a new EC2 instance", "Terminating EC2 instance"
    found = counted(
        there,
        activity(launching, "i-short", hours_ago(10), hours_ago(9.9)),
        activity(ending, "i-short", hours_ago(8.1), hours_ago(8)),
        activity(ending, "i-from-before", hours_ago(100.1), hours_ago(100)),
        activity(ending, "i-leaving", hours_ago(0.1), None),
        activity(launching, "i-leaving", hours_ago(5), hours_ago(4.9)),
        replace(activity(launching, "i-never", hours_ago(5), None), status="Failed"),
    )
    assert {thing: month for thing, (_, month, _) in by_thing(found).items()} == {
        "i-here": Decimal(1),
        "i-short": Decimal(2),
        "i-from-before": Decimal(140),
        "i-leaving": Decimal(5),
    }


@pytest.mark.parametrize("state", ["pending", "stopped", "terminated"])
def test_instances_that_do_not_run_are_not_counted(state: str) -> None:
    found = counted(Inventory(instances=(instance("i-1", hours_ago(5), state=state),)))
    assert not found.counts
    assert any("before it was stopped" in each.what for each in found.uncounted) is (state == "stopped")


def test_an_instance_of_an_unknown_type_is_said_and_not_guessed() -> None:
    found = counted(Inventory(), activity("Terminating EC2 instance", "i-gone", hours_ago(2), hours_ago(1)))
    assert not found.counts
    assert found.uncounted[0].what == "Hours of i-gone"


def test_what_could_not_be_read_is_listed() -> None:
    fault = Fault(HERE, "ec2:DescribeInstances", FaultKind.ACCESS_DENIED, "AWS denied it.")
    assert "ec2:DescribeInstances" in [each.what for each in counted(Inventory(), faults=[fault]).uncounted]


def test_custom_metrics_of_gone_instances_are_not_billed_any_more() -> None:
    known = [
        MetricId("Directory", "PageLoadTime"),
        MetricId("CWAgent", "mem", (("InstanceId", "i-1"),)),
        MetricId("CWAgent", "mem", (("InstanceId", "i-gone"),)),
        MetricId("AWS/EC2", "CPUUtilization", (("InstanceId", "i-1"),)),
    ]
    found = counted(Inventory(instances=(instance("i-1", hours_ago(1)),)), known=known)
    assert by_thing(found)["custom metrics"][1] == Decimal(2) / 3, "two metrics for a third of the month"


# -- metrics ----------------------------------------------------------------------------------------------------------

BALANCER = LoadBalancer(
    "arn:aws:elasticloadbalancing:us-east-1:111111111111:loadbalancer/app/web/50dc", "web", "application", "", "",
    "active", (), hours_ago(24),
)  # fmt: skip


@pytest.mark.parametrize(("kind", "hours"), [("application", 24), ("network", 24), ("gateway", 48)])
def test_a_gateway_load_balancer_is_charged_in_each_of_its_zones(kind: str, hours: int) -> None:
    balancer = replace(BALANCER, kind=kind, zones=("us-east-1a", "us-east-1b"))
    found = counted(Inventory(load_balancers=(balancer,)))
    assert {each.usage_type for each in found.counts} == {f"LoadBalancerUsage:{kind}"}
    assert sum(each.month for each in found.counts) == hours


CALLS = MetricId("AWS/Lambda", "Invocations", (("FunctionName", "thumbs"),))
RAN = MetricId("AWS/Lambda", "Duration", (("FunctionName", "thumbs"),))


def meters(*known: MetricId, balancers: Sequence[LoadBalancer] = ()) -> Meters:
    return Meters.of(HERE, balancers, known, month=MONTH, lately=LATELY)


def series(period: int, *points: tuple[datetime, float]) -> Series:
    times = np.array([int(at.timestamp()) for at, _ in points], np.int64)
    return Series(times, np.array([value for _, value in points]), period)


def read(found: Meters, *series_of: Series, memory: dict[str, int] | None = None, failed: bool = False) -> Used:
    answers: dict[MetricQuery, Series] = dict(zip(found.queries, series_of, strict=True))
    return found.read(answers, memory or {}, failed=failed)


def amounts(used: Used) -> dict[str, tuple[Decimal, Decimal]]:
    return {each.usage_type: (each.month, each.lately) for each in used.amounts}


def test_requests_are_added_up() -> None:
    used = read(meters(CALLS), series(300, (hours_ago(300), 7), (hours_ago(5), 100), (LATELY.start, 20)))
    assert amounts(used) == {"Request": (Decimal(120), Decimal(20))}


def test_running_time_takes_the_memory_of_the_function() -> None:
    ran = series(300, (hours_ago(5), 8_000.0))
    assert amounts(read(meters(RAN), ran, memory={"thumbs": 512})) == {"Lambda-GB-Second": (Decimal(4), Decimal(0))}
    unknown = read(meters(RAN), ran)
    assert not unknown.amounts
    assert unknown.uncounted[0].why == "How much memory it has is not known."


def test_levels_hold_until_the_next_datapoint() -> None:
    level = MetricId("AWS/DynamoDB", "ProvisionedReadCapacityUnits", (("TableName", "staff"),))
    used = read(meters(level), series(300, (hours_ago(20), 10), (hours_ago(10), 2)))
    assert amounts(used) == {"ReadCapacityUnit-Hrs": (Decimal(120), Decimal("0.5"))}


def test_a_table_with_provisioned_units_is_not_billed_by_request() -> None:
    where = (("TableName", "staff"),)
    consumed = MetricId("AWS/DynamoDB", "ConsumedReadCapacityUnits", where)
    provisioned = MetricId("AWS/DynamoDB", "ProvisionedReadCapacityUnits", where)
    assert [meter.usage_type for meter in meters(consumed).meters] == ["ReadRequestUnits"]
    assert [meter.usage_type for meter in meters(consumed, provisioned).meters] == ["ReadCapacityUnit-Hrs"]


def test_stored_bytes_become_months_of_gigabytes() -> None:
    stored = MetricId("AWS/S3", "BucketSizeBytes", (("BucketName", "photos"), ("StorageType", "StandardStorage")))
    used = read(meters(stored), series(86_400, (MONTH.start, 3e9)))
    found = counted(Inventory(), used=used)
    assert by_thing(found)["photos"][1] == Decimal(1), "3 GB for a third of the month"


def test_capacity_units_are_the_larger_of_connections_and_bytes_in_each_slot() -> None:
    connections = series(300, (hours_ago(2), 90_000), (hours_ago(1), 0))
    processed = series(300, (hours_ago(2), 1e9), (hours_ago(1), 3e9))
    used = read(meters(balancers=[BALANCER]), connections, processed)
    assert amounts(used)["LCUUsage"][0] == Decimal(4)


def test_after_a_failure_a_gap_is_no_zero() -> None:
    used = read(meters(CALLS), series(300, (hours_ago(5), 100)), failed=True)
    assert not used.amounts
    assert used.uncounted[0].why == "Its metric could not be read."


def test_beyond_the_most_series_things_are_listed_instead() -> None:
    many = [MetricId("AWS/Lambda", "Invocations", (("FunctionName", f"f{place}"),)) for place in range(MOST_SERIES + 2)]
    found = meters(*many)
    assert len(found.queries) == MOST_SERIES
    assert len(found.uncounted) == 2


def test_what_was_before_the_oldest_datapoint_is_said() -> None:
    used = read(meters(CALLS), series(300, (hours_ago(48), 1)))
    assert any(each.what == "What was used before 09 November" for each in counted(Inventory(), used=used).uncounted)


@pytest.mark.parametrize("now", [datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 1, 0, 7, tzinfo=UTC)])
def test_a_month_that_just_began_has_counts_too(now: datetime) -> None:
    month, lately = counts.spans(now)
    assert month.start == datetime(2026, 11, 1, tzinfo=UTC)
    assert lately.duration == counts.LATELY
    assert isinstance(month, Timespan)
