"""Estimate and guard in every state: off, dry run, on, frozen, failed, denied, empty, hostile; a viewer sees all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from access.approvals import Proposal
from access.identity import Actor, Role
from budgets import freezing
from budgets.freezing import HELD
from budgets.guard import Crossing, GuardState, Mode, Rung, Status
from tests.pages import seen
from tests.pages.conftest import Open
from tests.pages.fakes import NOW, context
from tests.pages.guards import WEB, FakeGuards, dollars

BO = Actor("bo", Role.ADMINISTRATOR, "bo#1001")


def opened(open_page: Open, guards: FakeGuards, *, role: Role = Role.ADMINISTRATOR) -> AppTest:
    app = open_page(context(guards=guards, role=role), "guard")
    assert not app.exception
    return app


def words(app: AppTest) -> str:
    return seen.text(app).replace("\\", "").replace("\u2060", "")


def press(app: AppTest, key: str) -> AppTest:
    return app.button(key=key).click().run()


def until(app: AppTest, holds: Callable[[AppTest], bool]) -> AppTest:
    """Run the page again until the renewed snapshot has come."""
    for _ in range(40):
        if holds(app):
            return app
        app = app.run()
    raise AssertionError(f"it never came; the page says:\n{words(app)}")


@pytest.fixture
def guards(tmp_path: Path) -> FakeGuards:
    return FakeGuards(tmp_path)


def frozen(guards: FakeGuards, status: Status = Status.DONE, said: str = "Done.") -> FakeGuards:
    crossing = Crossing(Rung.FREEZE, NOW, dollars("10.4"), "our estimate", status, said)
    done = status is Status.DONE
    guards.remembered = GuardState(NOW.replace(day=1), (crossing,), Rung.FREEZE if done else None, NOW)
    if done:
        guards.kept = [freezing.prior_of(WEB, Rung.FREEZE, at=NOW)]
        guards.found = [replace(WEB, suspended=frozenset(HELD))]
    return guards


def test_both_figures_stand_beside_each_other_with_ages_and_the_past_error(open_page: Open, guards: FakeGuards) -> None:
    text = words(opened(open_page, guards))
    assert "Our estimate, month so far" in text
    assert "$6.36" in text
    assert "$6.10" in text
    assert "$6.10 by AWS's estimated charges, 5 h old" in text
    assert "9.1%" in text
    assert "The two are never added." in text
    assert "Data sent to the internet,Nobody counts it." in text


def test_each_price_says_where_it_was_read_and_which_to_compare(open_page: Open, guards: FakeGuards) -> None:
    text = words(opened(open_page, guards))
    assert '$0.0116,"AWS\'s price list, 9 Feb 2026",https://aws.amazon.com/ec2/pricing/on-demand/' in text
    assert "All of these prices are in AWS's own words, or yours." in text
    guards.asked = True
    text = words(opened(open_page, guards))
    assert "compare them before the guard acts: Metrics that we asked GetMetricData for." in text


def test_the_dry_run_says_exactly_what_would_happen_and_what_it_saves(open_page: Open, guards: FakeGuards) -> None:
    text = words(opened(open_page, guards))
    assert "Hold back AlarmNotification and ScheduledActions of web-asg" in text
    assert "Keeps up to $0.03 an hour from being added." in text
    assert "Set web-asg to 0 instances, at least 0" in text
    assert "Saves $0.13 an hour." in text
    assert "Left alone without the tag watchkeeper-guard=allow" in text


def test_a_freeze_is_reviewed_done_and_restored(open_page: Open, guards: FakeGuards) -> None:
    app = press(opened(open_page, guards), "review-freeze")
    assert "The exact calls" in words(app) or app.expander
    app = press(app, "review-do")
    assert guards.done == ["freeze"]
    app = until(press(app, "review-close"), lambda page: "Frozen" in words(page))
    app = press(app, "restore")
    app = press(app, "review-do")
    assert guards.done == ["freeze", "restore"]


def test_scaling_to_zero_waits_for_a_second_person(open_page: Open, guards: FakeGuards) -> None:
    app = opened(open_page, guards)
    assert "A second person has to approve this first." in words(app)
    app = press(app, "propose-zero")
    (proposal,) = guards.pending(now=NOW)
    app = until(app, lambda page: f"approve-{proposal.id}" in {button.key for button in page.button})
    assert app.button(key=f"approve-{proposal.id}").disabled
    assert "You proposed it as alice. Another operating-system user has to approve it" in words(app)
    assert isinstance(guards.approve(proposal.id, BO, now=NOW), Proposal)
    app = press(app.run(), "review-zero")
    assert not app.button(key="review-do").disabled
    press(app, "review-do")
    assert guards.done == ["scale to zero"]


def test_another_person_approves_on_the_page(open_page: Open, guards: FakeGuards) -> None:
    plan = guards.rehearse(Rung.ZERO, "111111111111", now=NOW).value.plan
    proposal = guards.propose(plan, BO, now=NOW)
    assert isinstance(proposal, Proposal)
    press(opened(open_page, guards), f"approve-{proposal.id}")
    assert guards.approvals.granted(plan, now=NOW) is not None


@pytest.mark.parametrize(
    ("mode", "word", "why"),
    [
        (Mode.OFF, "Guard off", "The guard is off; start with WATCHKEEPER_GUARD=dry-run or on."),
        (Mode.DRY_RUN, "Dry run", "This is a dry run; to act, start with WATCHKEEPER_GUARD=on."),
    ],
)
def test_off_and_dry_run_show_all_and_say_why_nothing_can_be_done(
    open_page: Open, guards: FakeGuards, mode: Mode, word: str, why: str
) -> None:
    guards.mode = mode
    app = opened(open_page, guards)
    text = words(app)
    assert word in text
    assert why in text
    app = press(app, "review-freeze")
    assert app.button(key="review-do").disabled


def test_a_viewer_sees_everything_and_can_do_nothing(open_page: Open, guards: FakeGuards) -> None:
    app = opened(open_page, frozen(guards), role=Role.VIEWER)
    text = words(app)
    assert "alice is a viewer here; to run the spending guard takes an administrator." in text
    assert "Frozen" in text
    assert app.button(key="restore").disabled
    assert not [button for button in app.button if (button.key or "").startswith("propose")]


@pytest.mark.parametrize("status", [Status.FAILED, Status.REFUSED])
def test_a_freeze_that_failed_is_shown_with_its_reason(open_page: Open, guards: FakeGuards, status: Status) -> None:
    text = words(opened(open_page, frozen(guards, status, "AWS asks for fewer calls.")))
    assert f"Freeze: {status}" in text
    assert "AWS asks for fewer calls." in text


def test_what_could_not_be_read_is_said_and_nothing_is_put_back_blindly(open_page: Open, guards: FakeGuards) -> None:
    guards = frozen(guards)
    guards.denied = True
    app = opened(open_page, guards)
    assert "AWS denied access" in words(app)
    assert "so nothing is put back blindly" in words(app)
    assert app.button(key="restore").disabled


def test_with_nothing_counted_and_nothing_said_nothing_is_a_zero(open_page: Open, guards: FakeGuards) -> None:
    guards.counted = guards.official = False
    guards.past = 0
    app = opened(open_page, guards)
    assert [metric.value for metric in app.metric][:4] == ["–", "–", "–", "–"]


def test_without_a_threshold_nothing_is_guarded(open_page: Open, guards: FakeGuards) -> None:
    guards.ladder = {}
    assert "No threshold is set, so nothing is guarded: give WATCHKEEPER_GUARD_AT." in words(opened(open_page, guards))


def test_without_a_guard_the_page_says_so(open_page: Open) -> None:
    app = open_page(context(), "guard")
    assert "No guard here" in words(app)


def test_the_spend_page_has_the_card(open_page: Open, guards: FakeGuards) -> None:
    app = open_page(context(guards=frozen(guards)), "spend")
    assert not app.exception
    assert "Freeze was reached at $10.40 by our estimate: done." in words(app)
