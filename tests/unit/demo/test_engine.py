"""The living demo, second by second on a fixed clock: what each story does, and that it ends."""

from __future__ import annotations

import json
from datetime import timedelta
from itertools import pairwise

import pytest

from alarms.state import StateValue
from collectors.catalog import FAMILIES
from core.timespan import from_epoch
from demo.alarm_book import ItemType, Transition
from demo.building import Backends
from demo.story import Story
from demo.world import PROD
from tests.unit.demo.worlds import NIGHT, World, world


def until(here: World, seconds: int, *, step: int = 1) -> list[Transition]:
    """Let time run in steps, as the running demo does."""
    return [transition for _ in range(0, seconds, step) for transition in here.advance(step)]


def when(found: list[Transition], alarm: str, state: StateValue, *, told: object) -> list[int]:
    """Give the seconds after `told` at which an alarm entered a state."""
    return [round((t.at - told).total_seconds()) for t in found if t.alarm.name == alarm and t.new is state]  # type: ignore[operator]


@pytest.fixture
def here() -> World:
    return world()


@pytest.mark.parametrize("second", [5, 31, 59])
def test_a_spike_is_met_within_five_minutes(second: int) -> None:
    here = world(NIGHT.replace(second=second))
    told = here.now
    assert here.healthy() == ["healthy", "healthy"]
    here.tell(Story.TRAFFIC_SPIKE)
    found = until(here, 300)
    alarmed = when(found, "directory-cpu-high", StateValue.ALARM, told=told)
    calm = when(found, "directory-cpu-high", StateValue.OK, told=told)
    assert alarmed[0] <= 130
    assert calm[-1] > alarmed[-1], "CPU came down again"
    assert here.group.desired > 2
    assert here.healthy() == ["healthy"] * here.group.desired
    cpu = here.read("AWS/EC2:CPUUtilization", minutes=6, AutoScalingGroupName="directory-web").values
    assert cpu.max() > 90
    assert cpu[-1] < 65


def test_what_a_spike_looks_like_second_by_second(here: World) -> None:
    here.tell(Story.TRAFFIC_SPIKE)
    told, seen = here.now, [(0, tuple(here.healthy()))]
    for second in range(1, 240):
        here.advance(1)
        if tuple(here.healthy()) != seen[-1][1]:
            seen.append((second, tuple(here.healthy())))
    states = [state for _, state in seen]
    assert any("initial" in state for state in states), "new targets are checked first"
    launched = min(m.launched for m in here.group.members if m.launched > told)
    healthy = next(second for second, state in seen if state == ("healthy",) * 3)
    assert healthy - (launched - told).total_seconds() == pytest.approx(35, abs=1)


def test_after_a_spike_the_fleet_goes_back_down_by_itself(here: World) -> None:
    here.tell(Story.TRAFFIC_SPIKE)
    until(here, 1800, step=10)
    assert here.group.desired == 2
    downs = [a for a in here.group.activities if "directory-scale-in" in a.cause and a.started > NIGHT]
    assert downs
    for one, other in pairwise(downs):
        assert other.started - one.ended >= timedelta(seconds=60), "cooldown"


def test_a_failed_instance_is_found_drained_and_replaced(here: World) -> None:
    here.tell(Story.INSTANCE_FAILURE)
    seen: list[list[str]] = []
    for _ in range(90):
        here.advance(1)
        if not seen or here.healthy() != seen[-1]:
            seen.append(here.healthy())
    assert ["healthy", "unhealthy"] in seen
    assert any("draining" in state and "initial" in state for state in seen)
    assert here.healthy() == ["healthy", "healthy"]
    causes = [a.cause for a in here.group.activities[-2:]]
    assert "ELB system health check failure" in causes[0]
    assert "unhealthy instance needing to be replaced" in causes[1]


def test_a_failed_instance_shows_in_the_metrics_and_fires(here: World) -> None:
    told = here.now
    here.tell(Story.INSTANCE_FAILURE)
    found = until(here, 300)
    assert when(found, "directory-unhealthy-hosts", StateValue.ALARM, told=told)
    assert when(found, "directory-degraded", StateValue.ALARM, told=told), "and the composite over it"
    assert here.book.get("directory-unhealthy-hosts").state is StateValue.OK  # type: ignore[union-attr]


def test_a_bad_deploy_fires_on_5xx_until_it_is_calmed(here: World) -> None:
    told = here.now
    here.tell(Story.BAD_DEPLOY)
    found = until(here, 240)
    assert when(found, "directory-5xx", StateValue.ALARM, told=told)[0] <= 200
    assert when(found, "directory-error-rate", StateValue.ALARM, told=told)
    here.engine.calm(at=here.now)
    found = until(here, 240)
    assert when(found, "directory-5xx", StateValue.OK, told=told)
    assert here.engine.told(at=here.now) == []


def test_a_metric_outage_leaves_a_gap_and_an_alarm_without_data(here: World) -> None:
    told = here.now
    here.tell(Story.METRIC_OUTAGE)
    found = until(here, 600)
    assert when(found, "directory-page-load", StateValue.INSUFFICIENT_DATA, told=told)
    assert len(here.read("EmployeeDirectory:PageLoadTime", minutes=5, Page="/")) == 0
    assert (
        len(here.read("AWS/ApplicationELB:RequestCount", minutes=5, LoadBalancer=here.place.built.load_balancer)) == 5
    )


def test_a_slow_leak_ends_in_slow_answers(here: World) -> None:
    told = here.now
    here.tell(Story.SLOW_LEAK)
    found = until(here, 1800, step=10)
    assert when(found, "directory-page-load", StateValue.ALARM, told=told)


def test_a_cost_surge_runs_the_function_away(here: World) -> None:
    told = here.now
    here.tell(Story.COST_SURGE)
    found = until(here, 420, step=10)
    assert when(found, "directory-thumbnail-runaway", StateValue.ALARM, told=told)


def test_a_story_told_again_is_told_once(here: World) -> None:
    here.tell(Story.BAD_DEPLOY)
    here.advance(120)
    here.tell(Story.BAD_DEPLOY)
    here.advance(90)
    assert [telling.calmed for telling in here.engine.told(at=here.now)] == [None]


def test_seconds_and_a_jump_come_to_the_same() -> None:
    def told(step: int) -> list[object]:
        here = world()
        here.tell(Story.TRAFFIC_SPIKE)
        found = until(here, 600, step=step)
        cpu = here.read("AWS/EC2:CPUUtilization", minutes=10, AutoScalingGroupName="directory-web")
        return [[(t.at, t.alarm.name, t.new) for t in found], cpu.values.tolist(), here.group.desired]

    assert told(1) == told(600)


def test_metrics_can_be_read_two_seconds_after_their_minute(here: World) -> None:
    def newest() -> int:
        requests = here.read(
            "AWS/ApplicationELB:RequestCount",
            until=here.now + timedelta(minutes=5),
            LoadBalancer=here.place.built.load_balancer,
        )
        return int(requests.times[-1])

    here.advance(41)  # 03:01:01
    assert from_epoch(newest()) == NIGHT.replace(minute=59, hour=2, second=0)
    here.advance(1)
    assert from_epoch(newest()) == NIGHT.replace(second=0)


class TestActions:
    def fired(self, here: World) -> Transition:
        here.tell(Story.TRAFFIC_SPIKE)
        found = until(here, 180)
        return next(t for t in found if t.alarm.name == "directory-cpu-high" and t.new is StateValue.ALARM)

    def test_the_message_reaches_the_queue(self, here: World) -> None:
        transition = self.fired(here)
        queue = Backends(PROD.scope).sqs.queues["directory-alerts-inbox"]
        envelopes = [json.loads(message.body) for message in queue.messages]
        ours = next(e for e in envelopes if e["Subject"].startswith('ALARM: "directory-cpu-high"'))
        message = json.loads(ours["Message"])
        assert ours["Subject"] == 'ALARM: "directory-cpu-high" in US East (N. Virginia)'
        assert message["AWSAccountId"] == "111111111111"
        assert message["NewStateReason"] == transition.reason
        assert message["OldStateValue"] == "OK"
        assert message["Trigger"]["MetricName"] == "CPUUtilization"
        assert message["Trigger"]["Statistic"] == "AVERAGE"
        assert message["Trigger"]["Dimensions"] == [{"value": "directory-web", "name": "AutoScalingGroupName"}]

    def test_each_action_is_in_the_history(self, here: World) -> None:
        transition = self.fired(here)
        items = here.book.history(now=here.now, chosen=lambda i: i.kind is ItemType.ACTION and i.at == transition.at)
        assert [item.summary for item in items] == [f"Successfully executed action {arn}" for arn in transition.actions]
        assert json.loads(items[1].data)["publishedMessage"]

    def test_a_failing_action_is_in_the_history_with_its_reason(self, here: World) -> None:
        entry = here.book.get("directory-cpu-high")
        assert entry is not None
        gone = "arn:aws:sns:us-east-1:111111111111:nobody"
        here.book.put({**entry.params, "AlarmActions": [gone]}, at=here.now)
        self.fired(here)
        items = here.book.history(now=here.now, chosen=lambda i: i.kind is ItemType.ACTION and gone in i.summary)
        assert items[0].summary.startswith(f"Failed to execute action {gone}")
        assert json.loads(items[0].data)["actionState"] == "Failed"

    def test_sns_counts_its_messages(self, here: World) -> None:
        self.fired(here)
        sent = here.read("AWS/SNS:NumberOfMessagesPublished", "Sum", TopicName="directory-alerts")
        delivered = here.read("AWS/SNS:NumberOfNotificationsDelivered", "Sum", TopicName="directory-alerts")
        assert sent.values.sum() >= 1
        assert delivered.values.sum() == 2 * sent.values.sum()

    def test_a_policy_that_is_deleted_under_an_alarm_fails_and_nothing_else_does(self, here: World) -> None:
        here.fleet.moto.autoscaling.policies.clear()
        transition = self.fired(here)
        until(here, 180)
        arn = here.place.built.policies["directory-scale-out"]
        items = here.book.history(now=here.now, chosen=lambda i: i.kind is ItemType.ACTION and i.at == transition.at)
        assert items[0].summary == f'Failed to execute action {arn}. Received error: "Policy not found"'
        assert here.group.desired == 2


def test_every_metric_is_sent_as_the_catalog_knows_it(here: World) -> None:
    known = {(f.namespace, f.name, tuple(sorted(d))): f.unit for f in FAMILIES for d in f.dimensions}
    store = here.ground.stores.of(PROD.scope)
    found = store.list(now=int(here.now.timestamp()))
    assert len({metric.namespace for metric in found}) >= 8
    for metric in found:
        names = tuple(name for name, _ in metric.dimensions)
        if metric.namespace != "EmployeeDirectory" and metric.name != "RequestCountPerTarget":
            assert (known[metric.namespace, metric.name, names] or "None") == store.unit(metric), str(metric)
