"""What the doctor may find, in one shape: what is wrong, why it matters, and the way out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from alarms.kinds import Alarm


class Severity(StrEnum):
    """How bad a finding is."""

    BROKEN = "broken"
    """It cannot fire, or nobody would hear it."""
    WEAK = "weak"
    """It works, but misleads or tires the people who listen."""
    WASTE = "waste"
    """It costs without doing anything for it."""


class Code(StrEnum):
    """Each finding's name; kept stable, because scripts read it."""

    REFUSED = "refused"
    NEVER_SEEN = "metric-never-seen"
    DIMENSION_GONE = "dimension-gone"
    UNIT_MISMATCH = "unit-mismatch"
    UNREACHABLE = "threshold-unreachable"
    HIDES_DEAD_METRIC = "hides-dead-metric"
    PERIOD_TOO_FINE = "period-too-fine"
    NEEDLESS_RESOLUTION = "needless-high-resolution"
    CHILD_GONE = "child-gone"
    NO_ACTION = "no-action"
    ACTIONS_DISABLED = "actions-disabled"
    WRONG_REGION = "topic-in-other-region"
    TOPIC_GONE = "topic-gone"
    POLICY_BLOCKS = "topic-policy-blocks"
    KEY_BLOCKS = "key-blocks"
    NO_SUBSCRIBER = "no-confirmed-subscriber"
    ACTIONS_FAILED = "actions-failed"
    DUPLICATE = "duplicate"
    ORPHAN = "orphan"
    FLAPPING = "flapping"


@dataclass(frozen=True, slots=True)
class Call:
    """An AWS call that would mend what no alarm definition can; proposed, never made here."""

    service: str
    operation: str
    params: Mapping[str, Any] = field(hash=False)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong with an alarm. Sentences may hold foreign text: never Markdown or HTML."""

    alarm: str
    code: Code
    severity: Severity
    what: str
    why: str
    """Why it matters."""
    fix_sentence: str
    fix: Alarm | None = None
    """The definition without the fault, where one can be given."""
    call: Call | None = None
    """What would mend it instead, where that is a single call."""
