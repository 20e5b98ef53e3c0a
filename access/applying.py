"""Applying a plan: look, refuse what changed meanwhile, write, find out, write down.

What is live is read before the first write, and again before a write is repeated. AWS has no write that depends on a
version, so a change by someone else in the second between the look and the write is not seen.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, Protocol

from access.approvals import Approvals, takes_two
from access.audit import Audit
from access.identity import Actor
from access.outcomes import Ending, Outcome, StepEnding, StepOutcome, ending_of
from access.plans import ChangePlan, Document, Grant, Look, Step, authorize, canonical, is_open, resolved_step
from access.recording import begun, ended, refused
from cloud.faults import CloudError, NotFound, ServiceFailure, Throttled, Unreachable
from cloud.metering import feature
from cloud.permissions import IAM_PREFIX
from core.reading import Scope, Verdict

ATTEMPTS: Final = 4
FIRST_PAUSE: Final = 1.0
"""Seconds before a throttled call is made again; then twice as long each time. PutMetricAlarm takes 3 a second."""
FEATURE: Final = "changes"
"""What these calls are booked to in the ledger."""

Pause = Callable[[float], object]


class Writing(Protocol):
    """What can write in one scope."""

    def write(self, service: str, operation: str, params: Mapping[str, Any]) -> Mapping[str, Any]: ...


class Cloud(Protocol):
    """The part of `cloud.clients.Clients` that applying needs."""

    def read(self, scope: Scope, service: str, operation: str, params: Mapping[str, Any]) -> Mapping[str, Any]: ...

    def writer(self, scope: Scope, actor_name: str) -> AbstractContextManager[Writing]: ...


def carry_out(
    plan: ChangePlan, actor: Actor, cloud: Cloud, audit: Audit, *, now: datetime, approvals: Approvals | None = None
) -> Outcome:
    """Authorize and apply, as a click on a button asks for it; a refusal is an outcome, and written down.

    An approval that the plan needs is looked up in `approvals`, and used up.
    """
    approval = approvals.granted(plan, now=now) if approvals is not None and takes_two(plan) else None
    grant = authorize(plan, actor, approval=approval)
    if not isinstance(grant, Verdict) and approval is not None and approvals is not None:
        used = approvals.use(approval, now=now)
        grant = grant if used else Verdict(allowed=False, reason="Its approval was used by somebody else just now.")
    if isinstance(grant, Verdict):
        refused(audit, plan, actor, grant, at=now)
        return Outcome(plan, Ending.REFUSED, grant.reason, _untried(plan.steps))
    return apply(plan, grant, cloud, audit, now=now)


def apply(
    plan: ChangePlan, grant: Grant, cloud: Cloud, audit: Audit, *, now: datetime, pause: Pause = time.sleep
) -> Outcome:
    """Do what `plan` says, in its order, up to the first step that cannot be done; all of it is in the audit record.

    Nothing is written where something is live that the plan did not expect, nor where the audit record cannot be kept.
    Raises ValueError for a grant that was given for another plan.
    """
    if grant.fingerprint != plan.fingerprint:
        raise ValueError(f"the grant is for another plan than {plan.title!r}; authorize this one")
    try:
        begun(audit, plan, grant.actor, at=now)
    except OSError as error:
        sentence = f"Nothing was changed, because the audit record cannot be written: {error}"
        return Outcome(plan, Ending.FAILED, sentence, _untried(plan.steps))
    with feature(FEATURE):
        steps = _Applying(plan, grant.actor, cloud, pause).steps()
    outcome = Outcome(plan, ending_of(steps), _sentence(steps), steps)
    try:
        ended(audit, outcome, grant.actor, at=now)
    except OSError as error:
        return replace(outcome, sentence=f"{outcome.sentence} This could not be written to the audit record: {error}")
    return outcome


@dataclass(slots=True)
class _Applying:
    plan: ChangePlan
    actor: Actor
    cloud: Cloud
    pause: Pause

    def steps(self) -> tuple[StepOutcome, ...]:
        found = self._looked()
        if any(outcome is not None and not outcome.settled for outcome in found):
            return tuple(
                outcome if outcome is not None and not outcome.settled else StepOutcome(step, StepEnding.NOT_TRIED)
                for step, outcome in zip(self.plan.steps, found, strict=True)
            )
        return tuple(self._done(found))

    def _looked(self) -> list[StepOutcome | None]:
        """Compare each step's expectation with what is live: None where it can go on."""
        seen: dict[str, Mapping[str, Any] | CloudError | None] = {}
        return [self._compared(step, seen) for step in self.plan.steps]

    def _compared(self, step: Step, seen: dict[str, Mapping[str, Any] | CloudError | None]) -> StepOutcome | None:
        if step.expected is None or is_open(step.expected.look.params):
            return None
        look = step.expected.look
        question = canonical([step.scope, look.service, look.operation, look.params])
        if question not in seen:
            seen[question] = self._read(step.scope, look)
        answer = seen[question]
        if isinstance(answer, CloudError):
            return StepOutcome(step, StepEnding.FAILED, _said(answer, step.scope, look.service, look.operation))
        return _judged(step, None if answer is None else look.version(answer))

    def _done(self, found: Sequence[StepOutcome | None]) -> Iterator[StepOutcome]:
        answers: dict[str, Document] = {}
        stopped = False
        with ExitStack() as stack:
            writers: dict[Scope, Writing] = {}
            for step, known in zip(self.plan.steps, found, strict=True):
                ready = resolved_step(step, answers)
                # What others need of a step's answer is got by doing it again, which changes nothing.
                if stopped or (known is not None and not _again(step)):
                    yield known if known is not None and not stopped else StepOutcome(ready, StepEnding.NOT_TRIED)
                    continue
                if is_open(ready.params):
                    stopped = True
                    yield StepOutcome(ready, StepEnding.FAILED, "It needs what an earlier step answers, and none does.")
                    continue
                if step.scope not in writers:
                    writers[step.scope] = stack.enter_context(self.cloud.writer(step.scope, self.actor.name))
                outcome = self._written(ready, writers[step.scope])
                if known is not None and outcome.ending is StepEnding.DONE:
                    outcome = replace(outcome, ending=StepEnding.ALREADY)
                stopped = not outcome.settled
                if step.key and outcome.answer is not None:
                    answers[step.key] = outcome.answer
                yield outcome

    def _written(self, step: Step, writer: Writing) -> StepOutcome:
        """Write; after a call without an answer, look before writing again."""
        sentence, answered = "", True
        for attempt in range(ATTEMPTS):
            if attempt:
                self.pause(FIRST_PAUSE * 2 ** (attempt - 1))
            try:
                answer = writer.write(step.service, step.operation, step.params)
                return StepOutcome(step, StepEnding.DONE, answer=_plain(answer))
            except Throttled as error:
                answered = True
                sentence = _said(error, step.scope, step.service, step.operation)
            except (Unreachable, ServiceFailure) as error:
                answered = step.expected is not None
                sentence = _said(error, step.scope, step.service, step.operation)
                ending = self._found_out(step, sentence)
                if ending is not None:
                    return ending
            except CloudError as error:
                return StepOutcome(step, StepEnding.FAILED, _said(error, step.scope, step.service, step.operation))
        return StepOutcome(step, StepEnding.FAILED if answered else StepEnding.UNKNOWN, sentence)

    def _found_out(self, step: Step, sentence: str) -> StepOutcome | None:
        """Say what became of a write that brought no answer; None where it has to be made again."""
        unknown = f"{sentence} Whether it was done is not known: look at what is live before you try again."
        if step.expected is None:
            return None if _again(step) else StepOutcome(step, StepEnding.UNKNOWN, unknown)
        answer = self._read(step.scope, step.expected.look)
        if isinstance(answer, CloudError):
            return StepOutcome(step, StepEnding.UNKNOWN, unknown)
        judged = _judged(step, None if answer is None else step.expected.look.version(answer))
        if judged is None or (_again(step) and judged.settled):
            return None
        if judged.ending is StepEnding.ALREADY:
            return replace(judged, ending=StepEnding.DONE)
        return judged

    def _read(self, scope: Scope, look: Look) -> Mapping[str, Any] | CloudError | None:
        try:
            return self.cloud.read(scope, look.service, look.operation, look.params)
        except NotFound:
            return None
        except CloudError as error:
            return error


def _again(step: Step) -> bool:
    """Tell whether a step is done again to get its answer."""
    return bool(step.key) and not step.once


def _judged(step: Step, live: Document | None) -> StepOutcome | None:
    """Say what a look means for a step: a conflict, already so, or None: it can go on."""
    expected = step.expected
    if expected is None or canonical(live) == canonical(expected.before):
        return None
    if canonical(live) == canonical(expected.after):
        return StepOutcome(step, StepEnding.ALREADY, live=live)
    gone = " It is no longer there." if live is None else ""
    return StepOutcome(
        step,
        StepEnding.CONFLICT,
        f"{', '.join(step.targets)} was changed by someone else since you looked; nothing was written over it.{gone}",
        live=live,
    )


def _plain(answer: Mapping[str, Any]) -> Document:
    return {name: value for name, value in answer.items() if name != "ResponseMetadata"}


def _said(error: CloudError, scope: Scope, service: str, operation: str) -> str:
    sentence = error.sentence(scope, f"{IAM_PREFIX.get(service, service)}:{operation}")
    return f"{sentence}." if not error.detail or error.detail in sentence else f"{sentence}: {error.detail}"


def _untried(steps: Sequence[Step]) -> tuple[StepOutcome, ...]:
    return tuple(StepOutcome(step, StepEnding.NOT_TRIED) for step in steps)


def _sentence(steps: Sequence[StepOutcome]) -> str:
    stopped = next((outcome for outcome in steps if outcome.sentence and not outcome.settled), None)
    done = sum(outcome.settled for outcome in steps)
    if stopped is None:
        already = all(outcome.ending is StepEnding.ALREADY for outcome in steps)
        return "It was so already; nothing was written." if already else "Done."
    if not done:
        return stopped.sentence
    return f"{done} of {len(steps)} steps are done. {stopped.sentence}"
