"""Findings and proposals as plans: what a person reads before saying yes. Nothing here calls AWS."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from access.changes import ChangePlan, joined
from alarms import publishing, topics
from alarms.doctor import Call, Code, Finding
from alarms.kinds import Alarm, LogAlarm
from alarms.live import Live
from alarms.pricing import price_of
from core.money import ZERO
from core.reading import Scope
from dashboard.wording import count

_PLANNED = frozenset({"DeleteAlarms", "CreateTopic"})
"""Calls that Watchkeeper makes itself; what changes the policy of a topic or a key is a person's to run."""


def is_planned(finding: Finding) -> bool:
    """Tell whether the fix of a finding can be carried out here, after a review."""
    return finding.fix is not None or (finding.call is not None and finding.call.operation in _PLANNED)


def plan_of(finding: Finding, *, live: Live | None, others: Sequence[Alarm], scope: Scope) -> ChangePlan | None:
    """Give the plan that mends a finding; None where there is none, or the alarm is gone.

    `live` is the alarm as it is, with its tags, and `others` every alarm that exists. Raises DefinitionErrors for
    actions that AWS would refuse.
    """
    if finding.call is not None and finding.call.operation == "CreateTopic":
        return topics.create_topic(str(finding.call.params["Name"]), scope=scope)
    if live is None:
        return None
    before = price_of(live.alarm, others=others).month
    if finding.code is Code.ACTIONS_DISABLED:
        return publishing.set_actions([live], enabled=True, scope=scope)
    if finding.fix is not None:
        fixed = with_tags(finding.fix, live)
        after = price_of(fixed, others=others).month
        return publishing.put(fixed, live=live, scope=scope, price_before=before, price_after=after)
    if _deletes(finding.call):
        return publishing.delete([live], scope=scope, price_before=before, price_after=ZERO)
    return None


def with_tags(fixed: Alarm, live: Live) -> Alarm:
    """Give a mended definition with the tags that the alarm has: the doctor looks at none, and takes none off."""
    if isinstance(fixed, LogAlarm) or isinstance(live.alarm, LogAlarm):
        return fixed
    return replace(fixed, tags=live.alarm.tags)


def creation(alarms: Sequence[Alarm], *, others: Sequence[Alarm], scope: Scope) -> ChangePlan:
    """Give the plan that creates several alarms, each priced beside those before it."""
    plans = []
    existing = list(others)
    for alarm in alarms:
        after = price_of(alarm, others=existing).month
        plans.append(publishing.put(alarm, live=None, scope=scope, price_before=ZERO, price_after=after))
        existing.append(alarm)
    return joined(f"Create {count(len(plans), 'recommended alarm')}", plans)


def _deletes(call: Call | None) -> bool:
    return call is not None and call.operation == "DeleteAlarms"
