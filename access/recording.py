"""Changes in the audit record: begun before the first write, ended after the last; refused ones too."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from access.audit import Audit
from access.identity import Actor
from access.outcomes import Outcome, StepOutcome
from access.plans import ChangePlan, Step, canonical
from core.reading import Verdict


def begun(audit: Audit, plan: ChangePlan, actor: Actor, *, at: datetime) -> None:
    """Write down what is about to be done. A plan that is begun and never ended was cut short: look at what is live."""
    steps = [_step(step) for step in plan.steps]
    _record(audit, plan, actor, {**_words(plan), "outcome": "begun", "steps": canonical(steps)}, at=at, allowed=True)


def ended(audit: Audit, outcome: Outcome, actor: Actor, *, at: datetime) -> None:
    """Write down what became of it."""
    detail = {
        "plan": outcome.plan.fingerprint,
        "title": outcome.plan.title,
        "outcome": str(outcome.ending),
        "sentence": outcome.sentence,
        "steps": canonical([_ended(step) for step in outcome.steps]),
    }
    _record(audit, outcome.plan, actor, detail, at=at, allowed=True)


def refused(audit: Audit, plan: ChangePlan, actor: Actor, verdict: Verdict, *, at: datetime) -> None:
    """Write down what somebody tried who may not."""
    detail = {**_words(plan), "outcome": "refused", "sentence": verdict.reason}
    _record(audit, plan, actor, detail, at=at, allowed=False)


def _record(
    audit: Audit, plan: ChangePlan, actor: Actor, detail: Mapping[str, str], *, at: datetime, allowed: bool
) -> None:
    if not plan.steps:
        return
    scope = plan.scopes[0] if len(plan.scopes) == 1 else None
    action, target = plan.steps[0].action, ", ".join(plan.targets)
    audit.record(actor, action, target, at=at, allowed=allowed, scope=scope, detail=detail)


def _words(plan: ChangePlan) -> dict[str, str]:
    changes = [[change.thing, change.field, change.before, change.after] for change in plan.changes]
    prices = {"price_before": plan.price_before, "price_after": plan.price_after}
    return {
        "plan": plan.fingerprint,
        "title": plan.title,
        "changes": canonical(changes),
        **{name: str(price) for name, price in prices.items() if price is not None},
    }


def _step(step: Step) -> dict[str, Any]:
    """A step with everything that it takes to see what was, and what was asked for."""
    return {
        "call": f"{step.service}:{step.operation}",
        "scope": str(step.scope),
        "params": step.params,
        "before": step.expected and step.expected.before,
        "after": step.expected and step.expected.after,
    }


def _ended(outcome: StepOutcome) -> dict[str, Any]:
    return {
        "call": f"{outcome.step.service}:{outcome.step.operation}",
        "targets": outcome.step.targets,
        "ending": str(outcome.ending),
        "sentence": outcome.sentence,
        "live": outcome.live,
    }
