"""What became of a plan: which steps are done, which are not and why, and the plans that undo or finish it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from access.plans import ChangePlan, Document, FieldChange, Step, resolved_step

UNDO: Final = "Undo: "


class StepEnding(StrEnum):
    """What became of one step."""

    DONE = "done"
    ALREADY = "already so"
    CONFLICT = "changed by someone else"
    FAILED = "failed"
    UNKNOWN = "unknown"
    NOT_TRIED = "not tried"


class Ending(StrEnum):
    """What became of the plan."""

    DONE = "done"
    PARTLY = "partly done"
    CONFLICT = "changed by someone else"
    REFUSED = "refused"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class StepOutcome:
    """One step, with what AWS said."""

    step: Step
    """With every answer of earlier steps filled in."""
    ending: StepEnding
    sentence: str = ""
    """Why it is not done; may hold AWS's words, foreign text."""
    answer: Document | None = None
    live: Document | None = None
    """Of a conflict: what is live now; what the plan expected is `step.expected.before`."""

    @property
    def settled(self) -> bool:
        return self.ending in {StepEnding.DONE, StepEnding.ALREADY}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a plan."""

    plan: ChangePlan
    ending: Ending
    sentence: str
    """For people; may hold foreign text."""
    steps: tuple[StepOutcome, ...] = ()

    @property
    def done(self) -> bool:
        return self.ending is Ending.DONE

    @property
    def conflicts(self) -> tuple[StepOutcome, ...]:
        """The steps that found something else than planned, each with both versions."""
        return tuple(step for step in self.steps if step.ending is StepEnding.CONFLICT)

    @property
    def undo(self) -> ChangePlan | None:
        """The plan that takes back what was done; None where nothing can be."""
        done = [outcome for outcome in self.steps if outcome.ending is StepEnding.DONE]
        back = tuple(_turned(outcome, outcome.step.undo) for outcome in reversed(done) if outcome.step.undo is not None)
        if not back:
            return None
        title = self.plan.title.removeprefix(UNDO) if self.plan.title.startswith(UNDO) else UNDO + self.plan.title
        whole = len(done) == len(self.plan.steps)
        return ChangePlan(
            title,
            back,
            _turned_changes(self.plan.changes, {target for outcome in done for target in outcome.step.targets}),
            self.plan.price_after if whole else None,
            self.plan.price_before if whole else None,
            tuple(dict.fromkeys(outcome.step.lasting for outcome in done if outcome.step.lasting)),
        )

    @property
    def rest(self) -> ChangePlan | None:
        """The plan of what is still to be done; None after an end without an answer, which a person has to look at."""
        open_steps = tuple(outcome.step for outcome in self.steps if not outcome.settled)
        if not open_steps or any(outcome.ending is StepEnding.UNKNOWN for outcome in self.steps):
            return None
        return replace(self.plan, steps=open_steps)


def ending_of(steps: Sequence[StepOutcome]) -> Ending:
    """Sum up what became of a plan whose first step that is not done ended it."""
    last = next((outcome for outcome in steps if not outcome.settled and _ended(outcome)), None)
    if last is None:
        return Ending.DONE
    if any(outcome.ending is StepEnding.DONE for outcome in steps):
        return Ending.PARTLY
    return _ENDINGS[last.ending]


_ENDINGS: Final[Mapping[StepEnding, Ending]] = {
    StepEnding.CONFLICT: Ending.CONFLICT,
    StepEnding.FAILED: Ending.FAILED,
    StepEnding.UNKNOWN: Ending.UNKNOWN,
}


def _ended(outcome: StepOutcome) -> bool:
    return outcome.ending in _ENDINGS


def _turned(outcome: StepOutcome, undo: Step) -> Step:
    """Give the undo of a step that is done, whose own undo is the step.

    What the undo needs of the step's answer is filled in; done again, the step has another answer, so there it is not.
    """
    step = outcome.step
    back = resolved_step(undo, {step.key: outcome.answer} if step.key and outcome.answer is not None else {})
    return back if back.undo is not None else replace(back, undo=step)


def _turned_changes(changes: Sequence[FieldChange], done: set[str]) -> tuple[FieldChange, ...]:
    return tuple(
        replace(change, before=change.after, after=change.before)
        for change in changes
        if not change.thing or change.thing in done
    )
