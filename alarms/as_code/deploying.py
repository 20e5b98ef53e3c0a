"""The plan that makes the live alarms of a place those of a folder. Pure; `access.changes` carries it out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from access.changes import ChangePlan, FieldChange, joined
from alarms.as_code.folder import Difference, Standing
from alarms.composite import in_order, parse_rule
from alarms.kinds import Alarm, CompositeAlarm
from alarms.live import Live
from alarms.pricing import bill_of
from alarms.publishing import delete, put
from core.reading import Scope


def deployment(
    differences: Sequence[Difference], lives: Iterable[Live], *, place: Scope, prune: bool = False
) -> ChangePlan:
    """Plan every change that the folder asks for; only with `prune` are alarms deleted that it does not have.

    An alarm comes before the composite ones that name it. Raises `alarms.definition.DefinitionErrors` for actions that
    AWS would refuse, and `alarms.composite.RuleError` for rules that go in a circle.
    """
    live = {one.alarm.name: one for one in lives}
    written = {each.name: each.written for each in differences if each.written is not None}
    moved = {each.name for each in differences if each.standing in {Standing.NEW, Standing.CHANGED}}
    gone = [live[each.name] for each in differences if prune and each.standing is Standing.UNMANAGED]
    parts = [put(written[name], live=live.get(name), scope=place) for name in _ordered(written) if name in moved]
    parts += [delete(gone, scope=place)] if gone else []
    whole = joined(f"Make the alarms of {place} those of the folder", parts)
    before = {name: one.alarm for name, one in live.items()}
    after = {name: alarm for name, alarm in (before | written).items() if name not in {one.alarm.name for one in gone}}
    return ChangePlan(
        whole.title,
        whole.steps,
        _by_path(whole, differences),
        bill_of(before.values()).month,
        bill_of(after.values()).month,
        whole.warnings,
    )


def _ordered(written: Mapping[str, Alarm]) -> list[str]:
    """Names of alarms: each after those that its rule or its suppressor needs."""
    rules = {name: parse_rule(alarm.rule) for name, alarm in written.items() if isinstance(alarm, CompositeAlarm)}
    composites = in_order(rules)
    return [*(name for name in written if name not in rules), *composites]


def _by_path(whole: ChangePlan, differences: Iterable[Difference]) -> tuple[FieldChange, ...]:
    """The differences of changed alarms by their fields' paths, and of the others as they are planned."""
    fields = tuple(change for each in differences for change in each.fields)
    told = {change.thing for change in fields}
    return (*fields, *(change for change in whole.changes if change.thing not in told))
