"""Fifteen days behind the demo world: everything in them agrees with everything else."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from alarms.state import StateValue
from core.series import MetricId
from core.statistics import Statistic
from demo.activities import Kind
from demo.alarm_book import ItemType
from demo.building import Backends
from demo.history import LENGTH
from demo.world import DR, HOSTILE, HOSTILE_BIDI, PROD
from tests.unit.demo.worlds import World, world

AT = datetime(2026, 11, 23, 10, 0, 20, tzinfo=UTC)
DAYS = 15 * 1440


@pytest.fixture(scope="module")
def past() -> World:
    return world(AT, sites=(PROD, DR), past=LENGTH)


def changes(past: World, alarm: str) -> list[tuple[datetime, str]]:
    """Give when an alarm changed, and to what, out of its history."""
    found = past.book.history(now=past.now, chosen=lambda i: i.alarm == alarm and i.kind is ItemType.STATE)
    return [(item.at, json.loads(item.data)["newState"]["stateValue"]) for item in found]


def test_every_activity_of_an_alarm_has_that_alarm_in_alarm(past: World) -> None:
    checked = 0
    for activity in past.group.activities:
        for alarm in activity.details.get("InvokingAlarms", ()):
            asked = datetime.fromtimestamp(alarm["StateChangeTime"] / 1000, UTC)
            before = [state for at, state in changes(past, alarm["AlarmName"]) if at <= asked]
            assert before[-1] == "ALARM", f"{activity.description} at {asked}"
            checked += 1
    assert checked > 30


def test_capacity_metrics_equal_the_activities(past: World) -> None:
    where: dict[str, Any] = {"AutoScalingGroupName": "directory-web"}
    inside = past.read("AWS/AutoScaling:GroupInServiceInstances", minutes=DAYS, **where)
    come = [a.ended.timestamp() for a in past.group.activities if a.kind is Kind.LAUNCH and not a.failure]
    gone = [a.started.timestamp() - 2 for a in past.group.activities if a.kind is Kind.TERMINATE]
    ends = inside.times + 59
    counted = np.searchsorted(np.sort(come), ends, "right") - np.searchsorted(np.sort(gone), ends, "right")
    assert np.array_equal(inside.values, counted)
    assert inside.values.max() >= 4


def test_the_group_stays_within_its_bounds(past: World) -> None:
    desired = past.read("AWS/AutoScaling:GroupDesiredCapacity", minutes=DAYS, AutoScalingGroupName="directory-web")
    assert set(desired.values) <= {2.0, 3.0, 4.0, 5.0, 6.0}


def test_cpu_by_group_is_the_average_of_its_instances(past: World) -> None:
    minutes = 600
    group = past.read("AWS/EC2:CPUUtilization", minutes=minutes, AutoScalingGroupName="directory-web")
    total, count = np.zeros(minutes), np.zeros(minutes)
    for member in past.group.members:
        own = past.read("AWS/EC2:CPUUtilization", minutes=minutes, InstanceId=member.id)
        place = (own.times - group.times[0]) // 60
        total[place] += own.values
        count[place] += 1
    assert np.allclose(group.values, total / count)


def test_one_minute_history_reaches_back_fifteen_days(past: World) -> None:
    requests = past.read(
        "AWS/ApplicationELB:RequestCount", "Sum", minutes=DAYS, LoadBalancer=past.place.built.load_balancer
    )
    assert len(requests) == DAYS
    assert requests.times[0] == int((AT - LENGTH).timestamp()) // 60 * 60


def test_percentiles_are_of_real_samples(past: World) -> None:
    where: dict[str, Any] = {"LoadBalancer": past.place.built.load_balancer}
    name = "AWS/ApplicationELB:TargetResponseTime"
    ranks = np.stack([past.read(name, rank, **where).values for rank in ("p50", "p90", "p99", "p99.9", "Maximum")])
    assert np.all(np.diff(ranks, axis=0) >= 0)
    assert np.median(ranks[3] / ranks[0]) > 3


def test_the_outage_is_a_gap_and_its_alarm_had_no_data(past: World) -> None:
    loads = past.read("EmployeeDirectory:PageLoadTime", "SampleCount", minutes=DAYS, Page="/")
    assert np.diff(loads.times).max() > 300
    assert "INSUFFICIENT_DATA" in [state for _, state in changes(past, "directory-page-load")[1:]]


def test_throttles_are_there_only_when_they_happen(past: World) -> None:
    found = past.read("AWS/DynamoDB:ThrottledRequests", "Sum", minutes=DAYS, TableName="Employees", Operation="GetItem")
    assert 0 < len(found) < DAYS / 20
    assert found.values.min() > 0


def test_every_alarm_has_fired_but_the_one_that_nobody_feeds(past: World) -> None:
    quiet = {entry.name for entry in past.book.entries() if "ALARM" not in [s for _, s in changes(past, entry.name)]}
    assert "directory-backup-age" in quiet
    unfed = past.book.get("directory-backup-age")
    assert unfed is not None
    assert unfed.state is StateValue.INSUFFICIENT_DATA
    assert quiet <= {"directory-backup-age", "directory-table-throttled", HOSTILE_BIDI}


def test_the_composite_follows_its_children(past: World) -> None:
    children = ("directory-5xx", "directory-p99-latency", "directory-unhealthy-hosts")
    states = dict.fromkeys(children, "INSUFFICIENT_DATA")
    events = sorted((at, child, state) for child in children for at, state in changes(past, child))
    expected: list[tuple[datetime, str]] = []
    for at, child, state in events:
        states[child] = state
        now = "ALARM" if "ALARM" in states.values() else "OK"
        if not expected or expected[-1][1] != now:
            expected.append((at, now))
    found = changes(past, "directory-degraded")
    assert [state for _, state in found] == [state for _, state in expected]


def test_actions_of_the_past_are_written_down(past: World) -> None:
    items = past.book.history(
        now=past.now, chosen=lambda i: i.alarm == "directory-cpu-high" and i.kind is ItemType.ACTION
    )
    assert any("scalingPolicy" in item.summary for item in items)
    assert all(json.loads(item.data)["actionState"] == "Succeeded" for item in items)


def test_a_launch_once_failed_for_want_of_capacity(past: World) -> None:
    failed = [a for a in past.group.activities if a.failure]
    assert failed
    assert "sufficient t2.micro capacity" in failed[0].failure


def test_charges_grow_through_the_month_in_us_east_1_alone(past: World) -> None:
    scopes = {
        scope: past.ground.stores.of(scope).list("AWS/Billing", now=int(AT.timestamp()))
        for scope in list(past.ground.stores.scopes())
    }
    assert {scope.region for scope, metrics in scopes.items() if metrics} == {"us-east-1"}
    store = past.ground.stores.of(PROD.scope)
    total = store.read(
        MetricId("AWS/Billing", "EstimatedCharges", (("Currency", "USD"),)),
        Statistic.parse("Maximum"),
        start=int((AT - timedelta(days=14)).timestamp()) // 21_600 * 21_600,
        end=int(AT.timestamp()),
        period=21_600,
    )
    assert len(total) >= 55
    assert np.all(np.diff(total.values) > 0)


class TestMoto:
    def test_holds_those_who_are_there_now_in_both_zones(self, past: World) -> None:
        group = Backends(PROD.scope).autoscaling.autoscaling_groups["directory-web"]
        assert {state.instance_id for state in group.instance_states} == {m.id for m in past.group.alive(AT)}
        assert {state.availability_zone for state in group.instance_states} == {"us-east-1a", "us-east-1b"}
        assert group.desired_capacity == len(group.instance_states)

    def test_launch_times_are_those_of_the_activities(self, past: World) -> None:
        ec2 = Backends(PROD.scope).ec2
        for member in past.group.alive(AT):
            assert ec2.get_instance(member.id).launch_time == member.launched.replace(tzinfo=None)
            assert any(a.instance == member.id and member.id in a.description for a in past.group.activities)

    def test_the_second_account_stands_beside_the_first(self, past: World) -> None:
        assert list(Backends(DR.scope).autoscaling.autoscaling_groups) == ["directory-dr-web"]
        names = [entry.name for entry in past.ground.books.of(DR.scope).entries()]
        assert sum(name.startswith("TargetTracking-directory-dr-web-Alarm") for name in names) == 2

    def test_hostile_names_are_where_people_look(self, past: World) -> None:
        ec2 = Backends(PROD.scope).ec2
        tags = [tag["value"] for r in ec2.all_reservations() for i in r.instances for tag in i.get_tags()]
        assert HOSTILE in tags
        assert past.book.get(HOSTILE_BIDI) is not None
