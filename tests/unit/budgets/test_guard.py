"""The ladder as a time line: spend in, one figure a minute, and what is done out.

`n` tell, `f` freeze, `z` and `s` wait for people from now on; `.` nothing new. Thresholds are 5, 10, 15 and 20.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from budgets.guard import (
    LONGEST_RETRY,
    ORDER,
    GuardState,
    Mode,
    Rules,
    Rung,
    Spend,
    Status,
    decide,
    ladder_problems,
    restored,
    settled,
    standing,
)
from core.money import Money
from core.reading import Verdict

START = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
YES = Verdict(allowed=True, reason="Done.")
NO = Verdict(allowed=False, reason="AWS throttled it.")


def dollars(text: str | int) -> Money:
    return Money(Decimal(text))


LADDER = {Rung.NOTIFY: dollars(5), Rung.FREEZE: dollars(10), Rung.ZERO: dollars(15), Rung.STOP: dollars(20)}
RULES = Rules(Mode.ON, LADDER, YES)
LETTERS = {Rung.NOTIFY: "n", Rung.FREEZE: "f", Rung.ZERO: "z", Rung.STOP: "s"}


class Run:
    """A guard that is looked at once a minute."""

    def __init__(self, rules: Rules = RULES) -> None:
        self.rules, self.now = rules, START
        self.state: GuardState | None = None
        self.failing = False

    def look(self, figure: str) -> str:
        """One look; `_` is a spend that is not known, `R` a restore by a person, `Z` a person scaling to zero."""
        if figure in {"R", "Z"}:
            self.state = self.state or GuardState(START.replace(day=1, hour=0))
            self.state = restored(self.state) if figure == "R" else standing(self.state, Rung.ZERO, now=self.now)
            return figure
        before = {each.rung for each in self.state.crossings} if self.state else set()
        spend = None if figure == "_" else Spend(dollars(figure), "our estimate")
        decision = decide(self.state, spend, self.rules, now=self.now)
        self.state = decision.state
        said = "".join(LETTERS[rung] for rung in decision.acts)
        for rung in decision.acts:
            self.state = settled(self.state, rung, NO if self.failing else YES, now=self.now)
        waiting = [each.rung for each in self.state.crossings if each.status is Status.WAITS]
        said += "".join(LETTERS[rung] for rung in waiting if rung not in before)
        self.now += MINUTE
        return said or "."

    def line(self, figures: str) -> str:
        return " ".join(self.look(figure) for figure in figures.split())


@pytest.mark.parametrize(
    ("spend", "done"),
    [
        ("0 4.99 5 5.01 9", ". . n . ."),
        ("9.99 10 10.01 14", "n f . ."),
        ("14.99 15 15.01", "nf z ."),
        ("19.99 20 20.01 999", "nfz s . ."),
        ("0 25 25", ". nfzs ."),
        ("_ 25 _ 25", ". nfzs . ."),
        ("5 4.51 5 6", "n . . ."),  # not below nine tenths: the same crossing
        ("5 4.5 5", "n . ."),
        ("5 4.49 5 6", "n . n ."),  # below: a crossing of its own
        ("10 0 10", "nf . n"),  # a freeze that stands is not done again
        ("10 R 10 12", "nf R . ."),  # nor right after a restore, while spend is where it was
        ("10 R 8.99 10", "nf R . f"),  # but after spend fell below in between
        ("10 Z 16 0 21", "nf Z . . ns"),  # a person was quicker: nothing waits for it any more
    ],
)
def test_each_rung_is_done_once_and_at_its_threshold(spend: str, done: str) -> None:
    assert Run().line(spend) == done


@pytest.mark.parametrize(("mode", "done"), [(Mode.OFF, ". . ."), (Mode.DRY_RUN, "n z s")])
def test_switched_off_nothing_is_done_and_in_a_dry_run_nothing_is_changed(mode: Mode, done: str) -> None:
    assert Run(replace(RULES, mode=mode)).line("12 16 21") == done


def test_what_was_rehearsed_is_done_once_the_guard_is_on() -> None:
    run = Run(replace(RULES, mode=Mode.DRY_RUN))
    assert run.line("12 12") == "n ."
    run.rules = RULES
    assert run.line("12 12") == "f ."


def test_a_failure_is_tried_again_calmly() -> None:
    run = Run(Rules(Mode.ON, {Rung.FREEZE: dollars(10)}, YES))
    run.failing = True
    assert run.line("10 " * 16) == "f f . f . . . f . . . . . . . f"
    assert run.state is not None
    assert run.state.crossings[0].status is Status.FAILED
    assert run.state.crossings[0].said == "AWS throttled it."
    run.failing = False
    assert run.line("10 " * 17).count("f") == 1
    assert run.state.standing is Rung.FREEZE


def test_the_longest_wait_is_an_hour() -> None:
    state = decide(None, Spend(dollars(10), "AWS"), RULES, now=START).state
    for _ in range(40):
        state = settled(state, Rung.FREEZE, NO, now=START)
    crossing = state.of(Rung.FREEZE)
    assert crossing is not None
    assert crossing.retry_at == START + LONGEST_RETRY


def test_without_a_role_that_may_write_it_only_tells_and_says_why() -> None:
    lacking = Verdict(allowed=False, reason="directory-prod has no write_role_arn.")
    run = Run(replace(RULES, may_write=lacking))
    assert run.line("12 12 16") == "n . z"
    assert run.state is not None
    crossing = run.state.of(Rung.FREEZE)
    assert crossing is not None
    assert (crossing.status, crossing.said) == (Status.REFUSED, lacking.reason)
    run.rules = RULES
    assert run.line("16 16") == "f ."


def test_a_new_month_begins_anew_but_what_stands_stands() -> None:
    run = Run()
    assert run.line("10") == "nf"
    run.now = datetime(2026, 12, 1, tzinfo=UTC)
    assert run.line("1 6 11") == ". n ."
    assert run.state is not None
    assert run.state.standing is Rung.FREEZE


def test_it_resumes_after_a_restart() -> None:
    """A decision whose act was never settled is taken again by the next process."""
    state = decide(None, Spend(dollars(12), "AWS"), RULES, now=START).state
    assert decide(state, Spend(dollars(12), "AWS"), RULES, now=START + MINUTE).acts == (Rung.NOTIFY, Rung.FREEZE)


def test_a_threshold_that_is_taken_away_is_forgotten() -> None:
    run = Run()
    assert run.line("16") == "nfz"
    run.rules = Rules(Mode.ON, {Rung.NOTIFY: dollars(5), Rung.FREEZE: dollars(10)}, YES)
    assert run.line("16") == "."
    assert run.state is not None
    assert run.state.of(Rung.ZERO) is None


@pytest.mark.parametrize(
    ("ladder", "said"),
    [
        ({Rung.NOTIFY: 1, Rung.STOP: 2}, []),
        ({Rung.FREEZE: 0}, ["freeze at $0.00 would always be reached"]),
        ({Rung.NOTIFY: 5, Rung.FREEZE: 5}, ["freeze at $5.00 must be above notify at $5.00"]),
        ({Rung.NOTIFY: 5, Rung.ZERO: 4}, ["scale to zero at $4.00 must be above notify at $5.00"]),
    ],
)
def test_thresholds_rise(ladder: dict[Rung, int], said: list[str]) -> None:
    assert ladder_problems({rung: dollars(amount) for rung, amount in ladder.items()}) == said


looks = st.lists(st.one_of(st.integers(0, 30).map(str), st.sampled_from(["R", "Z", "_"])), min_size=1, max_size=60)


@given(looks)
def test_it_never_climbs_down_without_a_restore(figures: list[str]) -> None:
    run, before = Run(), -1
    for figure in figures:
        run.look(figure)
        now = -1 if run.state is None or run.state.standing is None else ORDER.index(run.state.standing)
        assert now >= before or figure == "R"
        before = now


@given(looks)
def test_it_never_acts_when_off_and_never_stops_anything_by_itself(figures: list[str]) -> None:
    assert set(Run(replace(RULES, mode=Mode.OFF)).line(" ".join(figures)).split()) <= {".", "R", "Z"}
    run = Run()
    for figure in figures:
        spend = None if figure in "RZ_" else Spend(dollars(figure), "AWS")
        acts = decide(run.state, spend, RULES, now=run.now).acts
        assert set(acts) <= {Rung.NOTIFY, Rung.FREEZE}
        run.look(figure)


@given(looks)
def test_between_two_freezes_lie_a_restore_and_a_fall(figures: list[str]) -> None:
    run, frozen, fell, back = Run(), False, False, False
    for figure in figures:
        said = run.look(figure)
        if "f" in said:
            assert not frozen or (fell and back)
            frozen, fell, back = True, False, False
        fell = fell or (figure.isdigit() and int(figure) < 9)
        back = back or figure == "R"
