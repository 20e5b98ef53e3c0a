"""Demand, load and latency: what follows from what."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from core.statistics import Statistic, reduce
from core.timespan import from_epoch
from demo.noise import drift, key, normal, uniform
from demo.signals import (
    REQUESTS_PER_UNIT,
    Conditions,
    Presence,
    Source,
    conditions,
    cpu,
    group_cpu,
    minutes_of,
    overlap,
)
from demo.story import COURSES, Story, Telling, effects

MONDAY = datetime(2026, 11, 23, tzinfo=UTC)
DAY = np.arange(int(MONDAY.timestamp()), int(MONDAY.timestamp()) + 86_400, 60)
ALWAYS = (0.0, 4e9)


def fleet(count: int) -> list[Presence]:
    return [Presence(f"i-{n}", "ab"[n % 2], running=ALWAYS, serving=ALWAYS) for n in range(count)]


def now(count: int, *told: Telling, times: np.ndarray = DAY, seed: int = 1) -> Conditions:
    return conditions(Source(seed, "prod"), times, fleet(count), effects(told, times))


def at(hour: int, minute: int = 0) -> datetime:
    return MONDAY + timedelta(hours=hour, minutes=minute)


def place(instant: datetime) -> int:
    return int((instant.timestamp() - DAY[0]) // 60)


class TestNoise:
    def test_follows_from_seed_subject_and_instant_alone(self) -> None:
        some = key(7, "cpu")
        assert np.array_equal(normal(some, DAY)[100:110], normal(some, DAY[100:110]))
        assert not np.array_equal(normal(some, DAY), normal(key(8, "cpu"), DAY))

    def test_is_spread_as_it_says(self) -> None:
        assert uniform(key(1), DAY).mean() == pytest.approx(0.5, abs=0.02)
        assert normal(key(1), DAY).std() == pytest.approx(1.0, abs=0.05)

    def test_drift_is_smooth(self) -> None:
        steps = np.abs(np.diff(drift(key(1), DAY, every=3600)))
        assert steps.max() < 0.15


class TestDemand:
    def test_one_minute_alone_equals_the_same_minute_of_a_day(self) -> None:
        whole, one = now(3), now(3, times=DAY[700:701])
        assert one.requests[0] == whole.requests[700]
        assert one.latency()[0][0] == pytest.approx(whole.latency()[0][700])

    def test_afternoons_are_busier_than_nights_and_weekends_quieter(self) -> None:
        source = Source(1, "prod")
        demand = source.demand(DAY)
        assert demand[place(at(15))] > 2 * demand[place(at(3))]
        assert source.demand(DAY - 86_400).max() < 0.7 * demand.max()

    def test_stays_within_what_two_to_six_instances_can_bear(self) -> None:
        fortnight = np.arange(DAY[0], DAY[0] + 14 * 86_400, 60)
        demand = Source(1, "prod").demand(fortnight)
        assert demand.min() > 2 * 0.40
        assert demand.max() < 4 * 0.70


class TestLoad:
    def test_more_instances_mean_less_cpu_each(self) -> None:
        busy = place(at(15))
        percents = [float(group_cpu(now(count), fleet(count))[0][busy].mean()) for count in (3, 4, 6)]
        assert percents == sorted(percents, reverse=True)
        assert percents[0] - percents[2] > 25

    def test_latency_rises_with_load_and_its_tail_is_real(self) -> None:
        crowded, roomy = now(3), now(6)
        busy = place(at(15))

        def percentile(conditions_: Conditions, name: str) -> float:
            values, counts = conditions_.latency()
            bins = np.zeros(values.shape[1], np.int64)
            return float(reduce(Statistic.parse(name), values[busy], counts[busy], bins, 1)[0])

        ranks = [percentile(crowded, name) for name in ("p50", "p90", "p99", "p99.9")]
        assert ranks == sorted(ranks)
        assert ranks[3] > 4 * ranks[0]
        assert percentile(crowded, "p50") > 1.5 * percentile(roomy, "p50")

    def test_samples_stand_for_every_served_request(self) -> None:
        some = now(3)
        assert np.array_equal(some.latency()[1].sum(axis=1), some.served)

    def test_without_instances_the_load_balancer_answers_for_them(self) -> None:
        none = conditions(Source(1, "prod"), DAY, [], effects([], DAY))
        assert np.array_equal(none.refused, none.requests)
        assert none.requests.min() > 0

    def test_overload_is_refused_in_part(self) -> None:
        told = Telling(Story.TRAFFIC_SPIKE, at(10), "prod", strength=4.0)
        crowded = now(2, told)
        refused = crowded.refused[place(at(10, 3))]
        assert 0 < refused < 0.5 * crowded.requests[place(at(10, 3))]


class TestPresence:
    def test_an_instance_that_comes_in_mid_minute_serves_part_of_it(self) -> None:
        start = float(DAY[10])
        half = Presence("i-1", "a", running=(start - 40, 4e9), serving=(start + 30, 4e9))
        times = DAY[:20]
        there = conditions(Source(1, "prod"), times, [half], effects([], times))
        assert there.capacity[9:12] == pytest.approx([0.0, 0.5, 1.0])

    def test_overlap_counts_shares_of_minutes(self) -> None:
        assert overlap((90.0, 150.0), np.array([0, 60, 120, 180])) == pytest.approx([0, 0.5, 0.5, 0])
        assert minutes_of((90.0, 150.0), np.array([0, 60, 120, 180])) == slice(1, 3)

    def test_booting_costs_cpu_before_work_comes(self) -> None:
        start = float(DAY[10])
        young = Presence("i-1", "a", running=(start, 4e9), serving=(start + 300, 4e9))
        times = DAY[:20]
        there = conditions(Source(1, "prod"), times, [young], effects([], times))
        percent = cpu(there, young, slice(10, 13))
        assert percent[0] > 25
        assert percent[2] < 10


class TestStories:
    def test_a_spike_told_in_mid_minute_shows_in_part(self) -> None:
        told = Telling(Story.TRAFFIC_SPIKE, at(3) + timedelta(seconds=30), "prod", strength=3.0)
        requests = now(2, told).requests[place(at(2, 59)) : place(at(3, 2))] / REQUESTS_PER_UNIT
        assert requests[0] < 1.1
        assert 1.3 < requests[1] < 2.4
        assert requests[2] == pytest.approx(3.0, rel=0.05)

    def test_a_spike_ends_by_itself(self) -> None:
        told = Telling(Story.TRAFFIC_SPIKE, at(3), "prod", strength=3.0)
        after = place(told.ends) + 1
        assert np.array_equal(now(2, told).requests[after:], now(2).requests[after:])

    def test_calming_ends_it_within_its_fall(self) -> None:
        told = Telling(Story.TRAFFIC_SPIKE, at(3), "prod", strength=3.0).calm(at=at(3, 2))
        assert told.ends == at(3, 4)
        assert now(2, told).requests[place(at(3, 5))] == now(2).requests[place(at(3, 5))]

    def test_what_is_over_cannot_be_calmed(self) -> None:
        told = Telling(Story.TRAFFIC_SPIKE, at(3), "prod")
        assert told.calm(at=told.ends) is told

    def test_a_bad_deploy_breaks_one_request_in_eight(self) -> None:
        told = Telling(Story.BAD_DEPLOY, at(10), "prod")
        bad = now(3, told)
        minute = place(at(10, 3))
        assert bad.failed[minute] / bad.served[minute] == pytest.approx(0.125, abs=0.01)

    def test_a_leak_creeps(self) -> None:
        told = Telling(Story.SLOW_LEAK, at(2), "prod")
        medians = now(3, told).latency()[0][:, 12]
        assert medians[place(at(2, 5))] < medians[place(at(2, 15))] < medians[place(at(2, 26))]

    def test_an_outage_is_silence_not_zero(self) -> None:
        told = Telling(Story.METRIC_OUTAGE, at(10), "prod")
        _, sent = now(3, told).page_load("/", 1.0)
        assert sent[place(at(10, 4))].sum() == 0
        assert sent[place(at(9, 50))].sum() == 5

    def test_every_story_has_a_course_and_says_what_will_be_seen(self) -> None:
        assert set(COURSES) == set(Story)
        for course in COURSES.values():
            assert course.summary.endswith(".")

    def test_effects_begin_when_told(self) -> None:
        told = Telling(Story.COST_SURGE, from_epoch(1000), "prod")
        assert told.effect(np.array([999, 1000, 1015, 1030])) == pytest.approx([0, 0, 0.5, 1])
