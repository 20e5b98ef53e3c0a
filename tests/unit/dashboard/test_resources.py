"""Resources: tables with states, one resource with its own charts; stories with their verdicts."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from access.identity import Actor, Role
from dashboard.stage import read_playbill
from dashboard.state import PageState
from dashboard.views import happenings, resources, stories
from tests.pages import fakes
from tests.pages.fakes import NOW, PROD, FakeSources, FakeStage


def stock() -> resources.Stock:
    return resources.read(FakeSources(), PROD, now=NOW)


def test_a_state_is_sign_and_word() -> None:
    balancers, targets, groups, instances = resources.tables(stock(), now=NOW)
    assert balancers.rows["State"][0] == "✓ active"
    assert targets.rows["State"][0] == "✕ unhealthy"
    assert groups.rows["State"][0] == "✓ at capacity"
    assert list(instances.rows["Target"]) == ["✓ healthy", "✓ healthy", "✕ unhealthy"]


@pytest.mark.parametrize(
    ("states", "glyph", "words"),
    [
        (("healthy", "healthy"), "✓", "2 of 2 healthy"),
        (("healthy", "initial"), "▲", "1 of 2 healthy"),
        (("healthy", "unhealthy.draining"), "✕", "1 of 2 healthy"),
        (("unused",), "–", "0 of 1 healthy"),
        ((), "–", "no targets"),
    ],
)
def test_a_target_group_is_as_well_as_its_worst_target(states: tuple[str, ...], glyph: str, words: str) -> None:
    group = fakes.targets()[0]
    targets = tuple(replace(group.targets[0], id=f"i-{place}", state=state) for place, state in enumerate(states))
    summary = happenings.target_summary([replace(group, targets=targets)])
    assert (summary.look.glyph, summary.text) == (glyph, words)


@pytest.mark.parametrize(
    ("key", "charts"),
    [
        ("balancer~web-alb", ["latency", "requests", "connections"]),
        ("targets~web-tg", ["hosts", "latency", "requests"]),
        ("group~web-asg", ["capacity", "cpu", "network"]),
        (f"instance~{fakes.INSTANCES[0]}", ["cpu", "network", "checks"]),
    ],
)
def test_every_row_leads_to_a_resource_with_its_own_charts(key: str, charts: list[str]) -> None:
    assert key in [each for table in resources.tables(stock(), now=NOW) for each in table.keys]
    shown = resources.find(stock(), key, now=NOW)
    assert shown is not None
    found = resources.read_charts(FakeSources(), shown, PageState(PROD), clock=lambda: NOW)
    assert [view.key for view in resources.charts(found)] == charts
    assert not any(view.empty for view in resources.charts(found))


@pytest.mark.parametrize("key", ["", "~", "instance~i-gone", "planet~mars", "group~"])
def test_a_resource_that_is_not_there_is_none(key: str) -> None:
    assert resources.find(stock(), key, now=NOW) is None


def test_a_sick_instance_says_why() -> None:
    shown = resources.find(stock(), f"instance~{fakes.INSTANCES[2]}", now=NOW)
    assert shown is not None
    assert dict(shown.facts)["As a target"] == "unhealthy Health checks failed with these codes: [502]"
    assert [item.key for item in shown.scaling[0].items] == ["a-1", "a-2"]


def test_aws_own_tags_are_left_out_of_the_line() -> None:
    assert resources.tags_text((("aws:autoscaling:groupName", "web"), ("team", "ops"))) == "team=ops"


def test_the_controls_answer_is_read() -> None:
    playbill = read_playbill(
        {
            "now": "2026-11-23T11:31:30+00:00",
            "stories": [{"story": "traffic-spike", "summary": "CPU rises.", "seconds": 600}],
            "telling": [{"story": "traffic-spike", "site": "prod", "since": "2026-11-23T11:30:00Z", "until": None}],
        }
    )
    assert playbill.clock == NOW
    assert playbill.stories[0].minutes == 10
    assert playbill.telling[0].since == NOW - timedelta(seconds=90)
    assert read_playbill({}) == read_playbill({"stories": [], "telling": None, "now": None})


@pytest.mark.parametrize(("role", "allowed"), [(Role.VIEWER, False), (Role.OPERATOR, True)])
def test_who_may_tell_stories(role: Role, allowed: bool) -> None:  # noqa: FBT001 - a parametrised expectation
    view = stories.build(FakeStage().read(), Actor("alice", role), now=NOW)
    assert [tile.may_tell.allowed for tile in view.tiles] == [allowed, allowed]
    assert all(tile.may_tell.reason for tile in view.tiles)


def test_what_is_told_already_is_not_told_again() -> None:
    view = stories.build(FakeStage(["bad-deploy"]).read(), Actor("alice", Role.OPERATOR), now=NOW)
    assert [tile.may_tell.allowed for tile in view.tiles] == [True, False]
    assert view.telling == "Happening now: Bad deploy."
    assert view.tiles[1].state.text == "happening for 0 s, until 11:41"
