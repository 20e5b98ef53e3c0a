"""What stands in the review of a change before anybody says yes: the difference, the price, the warnings, the call."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

from access.changes import ChangePlan, Document, FieldChange, Outcome, authorize, canonical, differences
from access.identity import Actor
from alarms import publishing
from alarms.definition import DefinitionErrors, to_request
from alarms.kinds import Alarm
from alarms.live import Live, version_of
from alarms.pricing import price_of
from core.money import ZERO, Money
from core.reading import Scope, Verdict
from dashboard.wording import plain


@dataclass(frozen=True, slots=True, eq=False)
class Review:
    """A change of an alarm, ready to be read."""

    plan: ChangePlan | None
    """None where there is none that could be applied; `problem` says why."""
    problem: str
    """Why it cannot be applied as it is; foreign text."""
    fields: pd.DataFrame
    """Field, Live now, Planned: one row a difference; foreign text."""
    clash: pd.DataFrame
    """Field, When you began, Live now, Yours: what somebody else changed since; empty where nobody did."""
    current: Alarm | None
    """What is live now."""
    price: str
    """What a month costs, and what that is more or less than now."""
    may: Verdict
    """Whether this viewer may apply it."""


def build(
    alarm: Alarm, *, base: Alarm | None, now: Live | None, others: Iterable[Alarm] | None, scope: Scope, actor: Actor
) -> Review:
    """Give the review of making `alarm` what is live.

    `base` is what was live when its form was opened (None for a new alarm), `now` what is live at this moment.
    """
    # AWS renames nothing: under another name it is another alarm.
    base = base if base is not None and base.name == alarm.name else None
    clash = clashing(base, None if now is None else now.alarm, alarm)
    problem = _problem(alarm, base, now, clash)
    before, after, sentence = _prices(alarm, now, others)
    plan = None
    if not problem:
        try:
            plan = publishing.put(alarm, live=now, scope=scope, price_before=before, price_after=after)
        except DefinitionErrors as error:
            problem = str(error)
    may = Verdict(allowed=False, reason=problem) if plan is None else verdict(plan, actor)
    fields = difference(() if plan is None else plan.changes)
    return Review(plan, problem, fields, clash, None if now is None else now.alarm, sentence, may)


def verdict(plan: ChangePlan, actor: Actor) -> Verdict:
    """Say whether somebody may apply a plan, and why not."""
    found = authorize(plan, actor)
    return found if isinstance(found, Verdict) else Verdict(allowed=True, reason=f"{actor.name} may apply this.")


def _problem(alarm: Alarm, base: Alarm | None, now: Live | None, clash: pd.DataFrame) -> str:
    if base is None and now is not None:
        return f"There is an alarm of the name {alarm.name} already. Give another name, or change that one."
    if base is not None and now is None:
        return f"{base.name} was deleted since you opened it. Make it anew, or leave it."
    if len(clash):
        return "Somebody else changed this alarm since you looked. Both versions stand below."
    return ""


def clashing(base: Alarm | None, now: Alarm | None, mine: Alarm) -> pd.DataFrame:
    """Give what somebody else changed since `base`, beside what is planned."""
    columns = ["Field", "When you began", "Live now", "Yours"]
    if base is None or now is None:
        return pd.DataFrame(columns=columns, dtype="str")
    began, live, own = (_compared(each) for each in (base, now, mine))
    names = [name for name in dict.fromkeys([*began, *live]) if canonical(began.get(name)) != canonical(live.get(name))]
    rows = [
        dict(zip(columns, (name, *(said(each.get(name)) for each in (began, live, own))), strict=True))
        for name in names
    ]
    return pd.DataFrame(rows, columns=columns, dtype="str")


def _compared(alarm: Alarm) -> Document:
    """What two versions are compared by: a default that AWS writes out is no change, and tags count."""
    tags = to_request(alarm).get("Tags")
    return {**version_of(alarm), **({"Tags": tags} if tags else {})}


def difference(changes: Sequence[FieldChange]) -> pd.DataFrame:
    """Give one row a field that would be another, with whose it is where several things change."""
    columns = ["Field", "Live now", "Planned"]
    rows = [dict(zip(columns, (each.field, said(each.before), said(each.after)), strict=True)) for each in changes]
    table = pd.DataFrame(rows, columns=columns, dtype="str")
    if len({each.thing for each in changes}) > 1:
        table.insert(0, "Of", [plain(each.thing) for each in changes])
    return table


MOST_ROWS = 8
"""Rows of a difference that are seen at once; the rest is scrolled to."""


def height(plan: ChangePlan) -> int | Literal["content"]:
    """Give how high the difference of a plan is drawn: whole, unless it is long."""
    return "content" if len(plan.changes) <= MOST_ROWS else 36 * (MOST_ROWS + 1)


def said(value: Any) -> str:
    """Write a value of a request for a table cell; what is not set is a dash."""
    if value is None:
        return "–"
    return plain(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str))


def _prices(alarm: Alarm, now: Live | None, others: Iterable[Alarm] | None) -> tuple[Money | None, Money | None, str]:
    if others is None:
        return None, None, "The price is not known, because the other alarms of the account could not be read."
    found = tuple(others)
    after = price_of(alarm, others=found)
    if now is None:
        return ZERO, after.month, after.sentence
    before = price_of(now.alarm, others=found)
    return before.month, after.month, after.sentence


def price(alarm: Alarm, others: Iterable[Alarm] | None) -> str:
    """Say what a month of an alarm costs beside the others."""
    return _prices(alarm, None, others)[2]


def price_change(plan: ChangePlan) -> str:
    """Say what a plan adds to a month's bill."""
    change = plan.price_difference
    if change is None:
        return ""
    if change == ZERO:
        return "The month's bill stays the same."
    return f"{change} more a month." if change > ZERO else f"{ZERO - change} less a month."


def calls(plan: ChangePlan) -> str:
    """Write a plan's calls as JSON, in their order."""
    found = [{"call": f"{step.service}:{step.operation}", "request": step.params} for step in plan.steps]
    return json.dumps(found, indent=2, ensure_ascii=False, default=str)


def steps(outcome: Outcome) -> tuple[str, ...]:
    """Say what became of each step; foreign text."""
    return tuple(
        f"{each.step.sentence}: {each.ending}{f'. {each.sentence}' if each.sentence else ''}" for each in outcome.steps
    )


def both_versions(outcome: Outcome) -> pd.DataFrame:
    """Give what a conflict found beside what was expected: Field, Expected, Live now."""
    rows = [
        {"Field": change.field, "Expected": said(change.before), "Live now": said(change.after)}
        for conflict in outcome.conflicts
        for change in differences(conflict.step.expected.before if conflict.step.expected else None, conflict.live)
    ]
    return pd.DataFrame(rows, columns=["Field", "Expected", "Live now"], dtype="str")
