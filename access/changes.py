"""Plan → authorize → apply → audit: the one way in which anything in an account is changed.

A plan is a value that a person reads first. `authorize` gives a grant for it or the reason why not; `apply` needs both.
Nothing here knows what is changed: alarms and budgets make the plans.
"""

from __future__ import annotations

from access.applying import Cloud, apply, carry_out
from access.outcomes import Ending, Outcome, StepEnding, StepOutcome
from access.plans import (
    Answer,
    ChangePlan,
    Document,
    Expected,
    FieldChange,
    Grant,
    Look,
    Step,
    authorize,
    canonical,
    differences,
    joined,
)

__all__ = [
    "Answer",
    "ChangePlan",
    "Cloud",
    "Document",
    "Ending",
    "Expected",
    "FieldChange",
    "Grant",
    "Look",
    "Outcome",
    "Step",
    "StepEnding",
    "StepOutcome",
    "apply",
    "authorize",
    "canonical",
    "carry_out",
    "differences",
    "joined",
]
