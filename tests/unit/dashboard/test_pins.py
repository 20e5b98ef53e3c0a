"""Pins beside the explorer: what they cost, who may, what is written down."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from access.audit import Audit
from access.identity import Actor, Role
from access.policy import Action
from cloud.pricing import PriceBook
from collectors.pins import MOST_PINS, Pin, Pins
from collectors.store import Store
from core.series import MetricId
from core.timespan import Timespan
from dashboard.state import ExplorerState, MetricChoice
from dashboard.views import explorer, pins
from dashboard.views.pins import PinDesk, PinsView
from tests.pages.fakes import DR, HOSTILE, NOW, PROD

HOUR = Timespan.last(timedelta(hours=1), now=NOW)
CPU = MetricId("AWS/EC2", "CPUUtilization", (("InstanceId", "i-1"),))
OPERATOR, VIEWER = Actor("bo", Role.OPERATOR), Actor("ana", Role.VIEWER)
SCOPES = (PROD, DR)


@pytest.fixture
def desk(tmp_path: Path) -> PinDesk:
    return PinDesk(Pins(Store(tmp_path)), timedelta(minutes=1), PriceBook())


def seen(desk: PinDesk, actor: Actor = OPERATOR, *statistics: str, metric: MetricId = CPU) -> PinsView:
    choices = tuple(MetricChoice(metric, name) for name in statistics or ("Average",))
    asked = explorer.question(ExplorerState(choices), PROD, HOUR, now=NOW)
    return pins.build(desk, asked, actor, scopes=SCOPES, now=NOW)


def press(desk: PinDesk, view: PinsView, actor: Actor = OPERATOR, audit: Audit | None = None) -> str:
    (row,) = view.offered or view.pinned
    return pins.act(desk, row.wish, actor, audit, scopes=SCOPES, now=NOW)


def test_the_price_stands_before_the_button_and_the_pin_after_it(desk: PinDesk) -> None:
    (row,) = seen(desk).offered
    assert row.name == "AWS/EC2 CPUUtilization {InstanceId=i-1} Average, 1 min"
    assert row.note.startswith("Pinning takes 43,200 calls a month for $0.00, inside the account's free requests")
    assert press(desk, seen(desk)).startswith("Pinned.")
    view = seen(desk)
    assert view.title == f"Pinned series: 1 of {MOST_PINS} in this account"
    assert view.offered == ()
    assert [row.note for row in view.pinned] == ["Pinned by bo since 11:31."]
    assert press(desk, view).startswith("Unpinned.")
    assert seen(desk).pinned == ()


def test_a_viewer_reads_why_and_a_press_from_elsewhere_changes_nothing(desk: PinDesk, tmp_path: Path) -> None:
    audit = Audit(tmp_path)
    view = seen(desk, VIEWER)
    assert view.offered[0].wish.may.reason == "ana is a viewer here; to pin metrics for everybody takes an operator."
    assert press(desk, view, VIEWER, audit).startswith("ana is a viewer here")
    assert seen(desk).pinned == ()
    (record,) = audit.newest(5)
    assert (record.action, record.allowed, record.detail["what"]) == (Action.PIN_METRIC, False, "pin")


def test_what_costs_money_takes_who_may_spend(desk: PinDesk) -> None:
    assert (
        "to make calls that cost money takes an administrator"
        in seen(desk, OPERATOR, "tm99").offered[0].wish.may.reason
    )
    assert seen(desk, Actor("root", Role.ADMINISTRATOR), "tm99").offered[0].wish.may.allowed


def test_both_ways_are_audited_with_the_whole_series(desk: PinDesk, tmp_path: Path) -> None:
    audit = Audit(tmp_path)
    press(desk, seen(desk), audit=audit)
    press(desk, seen(desk), audit=audit)
    off, on = audit.newest(5)
    assert (on.actor, on.target, on.scope) == ("bo", str(CPU), str(PROD))
    assert dict(on.detail) == {"what": "pin", "statistic": "Average", "period": "60"}
    assert off.detail["what"] == "unpin"


def test_the_last_place_is_given_once_whoever_saw_it_free(desk: PinDesk) -> None:
    view = seen(desk)
    for number in range(MOST_PINS):
        desk.board.add(Pin(DR if number else PROD, CPU, f"p{number}", 60, "ana", NOW))
    assert seen(desk).offered[0].wish.may.allowed, "the other account's pins do not count here"
    for number in range(MOST_PINS):
        desk.board.add(Pin(PROD, CPU, f"p{number}", 60, "ana", NOW))
    assert "unpin one first" in seen(desk).offered[0].wish.may.reason
    assert "unpin one first" in press(desk, view)


def test_hostile_names_are_one_plain_line(desk: PinDesk) -> None:
    (row,) = seen(desk, metric=MetricId(HOSTILE, "cpu\nhigh")).offered
    assert "\n" not in row.name
    assert "\u202e" not in row.name
