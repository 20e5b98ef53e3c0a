"""The wall: which fleet, six numbers, targets with reasons, scaling with causes, age."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from collectors.alarm_states import AlarmState
from collectors.inventory import Inventory
from core.reading import Fault, FaultKind, Reading, Scope
from core.series import MetricId
from core.timespan import Timespan
from dashboard.charts.view import Tone
from dashboard.state import PageState
from dashboard.views import fleet, happenings, wall
from dashboard.views.frame import freshness, notices, said_once
from tests.pages import fakes
from tests.pages.fakes import NOW, PROD, FakeSources

HOUR = Timespan.last(timedelta(hours=1), now=NOW)


def seen(sources: FakeSources | None = None) -> wall.WallView:
    return wall.build(wall.read(sources or FakeSources(), PROD, HOUR, fleet_key="", now=NOW), now=NOW)


def test_charts_show_what_was_seen_before_it_changed() -> None:
    view = seen(FakeSources(changing=True))
    assert all(line.revised for chart in view.leading for line in chart.lines)


def test_a_fleet_is_a_load_balancer_with_what_serves_it() -> None:
    found = fleet.discover(fakes.inventory())
    assert [(each.name, [group.name for group in each.groups]) for each in found] == [("web-alb", ["web-asg"])]


def test_a_group_that_serves_no_load_balancer_is_a_fleet_of_its_own() -> None:
    whole = fakes.inventory()
    alone = replace(whole.scaling_groups[0], name="batch", target_group_arns=())
    found = fleet.discover(replace(whole, scaling_groups=(*whole.scaling_groups, alone)))
    assert [each.name for each in found] == ["batch", "web-alb"]
    assert found[0].load_balancer is None


def test_the_wall_works_where_there_is_only_a_group() -> None:
    group = replace(fakes.inventory().scaling_groups[0], target_group_arns=())
    view = seen(FakeSources(found=Inventory(scaling_groups=(group,))))
    assert view.tiles[0].value == "–"
    assert view.tiles[5].value == "3 / 3"
    assert view.leading == ()


def test_the_wall_works_where_there_is_only_a_load_balancer() -> None:
    view = seen(FakeSources(found=Inventory(load_balancers=fakes.inventory().load_balancers)))
    assert len(view.leading) == 2
    assert view.tiles[5].value == "–"


def test_nothing_found_says_what_was_looked_for() -> None:
    assert (
        "found 0 load balancers, 0 Auto Scaling groups and 0 instances" in seen(FakeSources(found=Inventory())).nothing
    )


def test_the_six_numbers_stand_in_one_order_whatever_is_known() -> None:
    full, empty = seen(), seen(FakeSources(found=Inventory()))
    assert [tile.key for tile in full.tiles] == [tile.key for tile in empty.tiles]
    assert [tile.key for tile in full.tiles] == ["requests", "errors", "latency", "page-load", "cpu", "capacity"]


def test_a_number_is_held_against_its_alarm() -> None:
    cpu = seen().tiles[4]
    assert cpu.yardstick == "alarm above 70%"
    assert cpu.alarming
    assert cpu.good is False


def test_a_rise_without_a_crossed_threshold_is_not_red() -> None:
    latency = seen().tiles[2]
    assert latency.delta.startswith("+")
    assert latency.good is None


def test_a_fleet_short_of_capacity_says_by_how_much() -> None:
    assert (seen().tiles[5].value, seen().tiles[5].delta) == ("2 / 3", "-1 healthy")


def test_an_alarm_that_only_scales_is_no_incident() -> None:
    scaling = replace(
        fakes.alarms()[0], actions=("arn:aws:autoscaling:us-east-1:111111111111:scalingPolicy:1:policyName/web-in",)
    )
    assert [badge.text for badge in happenings.badges(Reading((scaling,), NOW))] == ["1 asking for capacity", "0 OK"]
    group = happenings.alarm_groups([scaling], [], now=NOW)[0]
    assert [(item.state, item.look.tone) for item in group.items] == [("Scaling", "info")]


def test_alarms_that_were_not_read_are_not_called_quiet() -> None:
    denied = Fault(Scope("1" * 12, "us-east-1"), "cloudwatch:DescribeAlarms", FaultKind.ACCESS_DENIED, "Denied.")
    calm = replace(fakes.alarms()[0], state="OK")
    said: dict[Reading[tuple[AlarmState, ...]], tuple[str, str]] = {
        Reading((), NOW): ("no alarm is set", "0 alarms"),
        Reading((), NOW, (denied,)): ("alarms are not known", "not all known"),
        Reading((calm,), NOW): ("1 OK", "all quiet"),
        Reading((calm,), NOW, (denied,)): ("1 OK", "not all known"),
    }
    for read, (badge, summary) in said.items():
        assert [each.text for each in happenings.badges(read)] == [badge]
        assert happenings.alarm_summary(read).text == summary


def test_targets_stand_zone_by_zone_the_sick_ones_first() -> None:
    grid = seen().targets.grid
    assert [zone.name for zone in grid.zones] == ["us-east-1a", "us-east-1b"]
    assert [target.state for target in grid.zones[0].targets] == ["unhealthy", "healthy"]
    assert grid.zones[0].targets[0].reason == "Health checks failed with these codes: [502]"


@pytest.mark.parametrize(
    ("state", "reason", "description", "words"),
    [
        ("healthy", None, None, ""),
        ("initial", "Elb.InitialHealthChecking", None, "first health checks are running"),
        ("draining", "Target.DeregistrationInProgress", None, "leaving; open connections are finished first"),
        ("unhealthy", "Target.Timeout", "Request timed out", "Request timed out"),
        ("unhealthy", "Target.SomethingNew", None, "Target.SomethingNew"),
        ("unhealthy", None, None, ""),
    ],
)
def test_a_sick_target_says_why(state: str, reason: str | None, description: str | None, words: str) -> None:
    target = replace(fakes.targets()[0].targets[0], state=state, reason=reason, description=description)
    assert happenings.target_reason(target) == words


def test_a_state_that_nobody_saw_begin_is_as_old_or_older() -> None:
    group = fakes.targets()[0]
    target = replace(group.targets[0], since_at_least=True)
    grid = happenings.target_grid([replace(group, targets=(target,))], [], now=NOW)
    shown = grid.zones[0].targets[0]
    assert (shown.since, shown.reason) == (None, "since 11:22 or longer")


def test_an_activity_says_what_it_did_and_which_alarm_asked() -> None:
    done, failed = seen().scaling[0].items
    assert done.title == f"+1: 2 → 3 instances, {fakes.INSTANCES[2]}"
    assert done.detail == "Alarm web-cpu-high, policy web-out"
    assert (failed.state, failed.look.tone) == ("failed", "alarm")
    assert failed.detail.startswith("We currently do not have sufficient t2.micro capacity.")


def test_a_failed_launch_is_red_on_the_capacity_chart() -> None:
    capacity = next(chart for chart in seen().charts if chart.key == "capacity")
    assert {mark.label: mark.tone for mark in capacity.marks} == {"▲ +1": Tone.INFO, "failed": Tone.ALARM}


def test_pages_are_drawn_one_line_each_where_they_are_told_apart() -> None:
    pages = [MetricId("Directory", "PageLoadTime", (("Page", name),)) for name in ("/", "/search")]
    panel = fleet.page_load_panel(pages)
    assert panel is not None
    assert [(line.name, line.statistic) for line in panel.lines] == [("/", "p75"), ("/search", "p75")]


def test_instances_that_left_stay_on_the_cpu_chart() -> None:
    panel = fleet.cpu_panel(fakes.inventory().scaling_groups[0], gone=("i-gone", fakes.INSTANCES[0]))
    assert [line.name for line in panel.lines] == ["group average", *fakes.INSTANCES, "i-gone"]


def test_a_large_group_is_drawn_as_mean_and_maximum() -> None:
    panel = fleet.cpu_panel(fakes.inventory().scaling_groups[0], gone=[f"i-{place}" for place in range(20)])
    assert [line.name for line in panel.lines] == ["group average", "busiest instance"]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "Updated 11:31:30 UTC, refresh 5 s"), (45, "Updated 11:30:45 UTC, refresh 5 s"), (46, "Stale · 46 s old")],
)
def test_age_is_always_said(seconds: int, words: str) -> None:
    badge = freshness(PageState(PROD), read_at=NOW - timedelta(seconds=seconds), now=NOW, refresh=5)
    assert badge.text.startswith(words)


def test_a_paused_page_is_not_stale() -> None:
    badge = freshness(PageState(PROD, live=False), read_at=NOW - timedelta(hours=1), now=NOW, refresh=5)
    assert badge.text == "Paused · as of 10:31:30 UTC"


def test_data_that_lags_is_named() -> None:
    found = wall.read(FakeSources(), PROD, HOUR, fleet_key="", now=NOW)
    view = replace(wall.build(found, now=NOW), newest=NOW - timedelta(minutes=40))
    frame = wall.frame_of(wall.Wall(found, view), PageState(PROD), now=NOW, refresh=5)
    assert frame.badges[-1].text == "Newest datapoint 10:51"


@pytest.mark.parametrize(("seconds", "word"), [(46, "Updated"), (240, "Updated"), (241, "Stale")])
def test_what_is_read_rarely_is_stale_later(seconds: int, word: str) -> None:
    badge = freshness(PageState(PROD), read_at=NOW - timedelta(seconds=seconds), now=NOW, refresh=120)
    assert badge.text.startswith(word)


def test_what_takes_several_cards_away_is_said_once() -> None:
    down = [Fault(PROD, f"reading {what}", FaultKind.STORE_DOWN, "The store does not answer.") for what in "abc"]
    own = FakeSources().fault(PROD, "ec2:DescribeInstances")
    common, left = said_once([(down[0],), (down[1], own), (), (down[0], down[2])])
    assert common == tuple(down)
    assert left == ((), (own,), (), ())


def test_what_takes_one_card_away_is_said_there() -> None:
    down = Fault(PROD, "reading alarms", FaultKind.STORE_DOWN, "The store does not answer.")
    denied = FakeSources().fault(PROD, "ec2:DescribeInstances")
    assert said_once([(down,), (denied,), (denied,)]) == ((), ((down,), (denied,), (denied,)))


def test_faults_of_one_kind_are_told_once_with_every_action() -> None:
    sources = FakeSources()
    faults = [sources.fault(PROD, f"ec2:Describe{what}") for what in ("Instances", "Volumes")]
    told = notices(faults)
    assert len(told) == 1
    assert told[0].action == "ec2:DescribeInstances"
    assert "ec2:DescribeInstances and ec2:DescribeVolumes" in told[0].body
