"""Plans of the guard: freeze, scale to zero, stop, and back again. Pure; `access.changes` carries them out.

Only what has the tag of the allow list is touched. A freeze suspends what asks for more instances (`HELD`), not
`Launch`: an instance that fails is still replaced, and AWS itself keeps the group's sizes as they are. Lowering the
maximum instead could terminate instances when the group grew between the look and the write.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from access.changes import ChangePlan, Document, Expected, FieldChange, Look, Step, differences
from access.policy import Action
from budgets.guard import ORDER, Rung
from budgets.prices import UsagePrices
from cloud.permissions import GUARDED
from core.money import ZERO, Money
from core.reading import Scope

HELD: Final = ("AlarmNotification", "ScheduledActions")
"""What a freeze suspends: scaling that alarms ask for, and scaling by the clock.
https://docs.aws.amazon.com/autoscaling/ec2/userguide/understand-how-suspending-processes-affects-other-processes.html"""
STOPS_AT_ONCE: Final = 50
"""Instances in one StopInstances: a call that fails leaves no more than these in doubt."""

_SUSPEND: Final = ("autoscaling", "SuspendProcesses")
_RESUME: Final = ("autoscaling", "ResumeProcesses")
_UPDATE: Final = ("autoscaling", "UpdateAutoScalingGroup")
_STOP: Final = ("ec2", "StopInstances")
_START: Final = ("ec2", "StartInstances")
_GROUPS: Final = ("autoscaling", "DescribeAutoScalingGroups")
_INSTANCES: Final = ("ec2", "DescribeInstances")

LOST: Final = (
    "What was in the memory and on instance-store disks of a stopped instance is gone; its public address too."
)
BY_HAND: Final = (
    "A freeze does not hold what people set by hand, predictive scaling, or services other than Auto Scaling groups."
)
HELD_IN: Final = "While frozen, a group does not shrink either when alarms ask for it."


@dataclass(frozen=True, slots=True)
class Group:
    """An Auto Scaling group as it is."""

    scope: Scope
    name: str
    arn: str
    minimum: int
    desired: int
    maximum: int
    suspended: frozenset[str] = frozenset()
    kinds: tuple[str, ...] = ()
    """Instance types of its members."""
    protected: int = 0
    """Members that scaling in does not terminate."""
    tags: Mapping[str, str] | None = None

    @property
    def key(self) -> str:
        return self.arn or self.name

    @property
    def free_to_grow(self) -> bool:
        return not set(HELD) <= self.suspended


@dataclass(frozen=True, slots=True)
class Instance:
    """An instance that no Auto Scaling group has, as it is."""

    scope: Scope
    id: str
    kind: str
    state: str
    tags: Mapping[str, str] | None = None

    @property
    def key(self) -> str:
        return self.id


Thing = Group | Instance


@dataclass(frozen=True, slots=True)
class Prior:
    """How a thing was before the guard touched it first. A second freeze never writes over it."""

    scope: Scope
    key: str
    name: str
    at: datetime
    rung: Rung
    """The highest rung that was done to it."""
    minimum: int = 0
    desired: int = 0
    suspended: frozenset[str] = frozenset()
    """Of `HELD`, what was suspended already: it stays so."""
    state: str = ""
    """Of an instance."""


def is_listed(thing: Thing) -> bool:
    """Whether a thing is on the allow list: it has the tag that the guard's role is bound to."""
    tags = thing.tags or {}
    return all(tags.get(key) == value for key, value in GUARDED.items())


def prior_of(thing: Thing, rung: Rung, *, at: datetime) -> Prior:
    """Note how a thing is now."""
    if isinstance(thing, Group):
        held = thing.suspended & set(HELD)
        return Prior(thing.scope, thing.key, thing.name, at, rung, thing.minimum, thing.desired, held)
    return Prior(thing.scope, thing.key, thing.id, at, rung, state=thing.state)


def merged(known: Prior | None, new: Prior) -> Prior:
    """Keep what was known of a thing; only the rung may rise."""
    if known is None:
        return new
    return replace(known, rung=max(known.rung, new.rung, key=ORDER.index))


def plan(rung: Rung, things: Iterable[Thing], *, place: str) -> ChangePlan:
    """Plan all that a rung does, with what the rungs below it do and is not done yet. Notifying changes nothing."""
    listed = [thing for thing in things if is_listed(thing)]
    groups = [thing for thing in listed if isinstance(thing, Group)]
    steps = [step for group in groups for step in _freeze(group)] if rung is not Rung.NOTIFY else []
    warnings = [BY_HAND, HELD_IN] if steps else []
    if rung in {Rung.ZERO, Rung.STOP}:
        steps += [step for group in groups for step in _zero(group)]
        warnings += [f"{g.name} has {g.protected} protected instances, which stay." for g in groups if g.protected]
    if rung is Rung.STOP:
        stops = list(_stops([thing for thing in listed if isinstance(thing, Instance)]))
        steps += stops
        warnings += [LOST] if stops else []
    return ChangePlan(f"{_TITLES[rung]} {place}", tuple(steps), _changes(steps), warnings=tuple(warnings))


_TITLES: Final = {
    Rung.NOTIFY: "Tell people about",
    Rung.FREEZE: "Freeze",
    Rung.ZERO: "Scale to zero",
    Rung.STOP: "Stop",
}


def restore(priors: Iterable[Prior], things: Iterable[Thing], *, place: str) -> ChangePlan:
    """Plan to put everything back as it was before the guard: sizes and instances first, then scaling again.

    What somebody changed since the guard did is left as it is, with a word on it.
    """
    live = {(thing.scope, thing.key): thing for thing in things}
    sizes: list[Step] = []
    resumes: list[Step] = []
    starts: list[Instance] = []
    warnings: list[str] = []
    for prior in priors:
        thing = live.get((prior.scope, prior.key))
        if thing is None:
            warnings.append(f"{prior.name} is no longer there, or could not be read.")
        elif isinstance(thing, Instance):
            starts += [thing] if prior.state == "running" and thing.state in {"stopped", "stopping"} else []
        else:
            size, word = _sizes_back(prior, thing)
            sizes += size
            warnings += word
            resumes += _resume(prior, thing)
    steps = [*sizes, *_starts(starts), *resumes]
    return ChangePlan(f"Restore {place}", tuple(steps), _changes(steps), warnings=tuple(warnings))


# -- what it saves ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """Exactly what a rung would do now, and what that saves. Nothing is done."""

    rung: Rung
    plan: ChangePlan
    saves: Money
    """An hour, by the price book, of what would no longer run."""
    avoids: Money
    """An hour: how much more the frozen groups could cost at most if they grew."""
    unknown: tuple[str, ...]
    """Things whose price is not known: what they save is more than `saves` says. Foreign text."""
    left_out: tuple[str, ...]
    """Things without the tag of the allow list, which are never touched. Foreign text."""


def rehearse(rung: Rung, things: Iterable[Thing], prices: UsagePrices, *, place: str) -> Rehearsal:
    """Say what a rung would do to `things`."""
    found = tuple(things)
    listed = [thing for thing in found if is_listed(thing)]
    counted = [_hourly(rung, thing, prices) for thing in listed]
    return Rehearsal(
        rung,
        plan(rung, found, place=place),
        sum((saves for saves, _, _ in counted), ZERO),
        sum((avoids for _, avoids, _ in counted), ZERO),
        tuple(thing.name if isinstance(thing, Group) else thing.id
              for thing, (_, _, known) in zip(listed, counted, strict=True) if not known),
        tuple(thing.name if isinstance(thing, Group) else thing.id for thing in found if not is_listed(thing)),
    )  # fmt: skip


def _hourly(rung: Rung, thing: Thing, prices: UsagePrices) -> tuple[Money, Money, bool]:
    """Give what an hour of a thing's part saves and avoids, and whether its price is known."""
    if isinstance(thing, Instance):
        each = prices.instance(thing.kind, thing.scope.region)
        concerned = rung is Rung.STOP and thing.state == "running"
        return (each or ZERO) if concerned else ZERO, ZERO, each is not None or not concerned
    known = [prices.instance(kind, thing.scope.region) for kind in set(thing.kinds)]
    dearest = max((price for price in known if price is not None), default=None, key=lambda price: price.amount)
    grows = max(0, thing.maximum - thing.desired) if rung is not Rung.NOTIFY and thing.free_to_grow else 0
    stops = thing.desired if rung in {Rung.ZERO, Rung.STOP} else 0
    each = dearest or ZERO
    return each * stops, each * grows, dearest is not None or not (stops or grows)


# -- steps ------------------------------------------------------------------------------------------------------------


def _freeze(group: Group) -> Iterator[Step]:
    ours = tuple(name for name in HELD if name not in group.suspended)
    if ours:
        yield replace(_suspension(group, ours, on=True), undo=_suspension(group, ours, on=False))


def _resume(prior: Prior, group: Group) -> Iterator[Step]:
    ours = tuple(name for name in HELD if name in group.suspended and name not in prior.suspended)
    if ours:
        yield replace(_suspension(group, ours, on=False), undo=_suspension(group, ours, on=True))


def _suspension(group: Group, names: Sequence[str], *, on: bool) -> Step:
    now, then = dict.fromkeys(names, not on), dict.fromkeys(names, on)
    return Step(
        *(_SUSPEND if on else _RESUME),
        {"AutoScalingGroupName": group.name, "ScalingProcesses": list(names)},
        group.scope,
        f"{'Hold back' if on else 'Let go on'} {' and '.join(names)} of {group.name}",
        Action.RUN_GUARD,
        (group.name,),
        expected=Expected(_group_look(group.name, SuspensionVersion(group.name, tuple(names))), now, then),
    )


def _zero(group: Group) -> Iterator[Step]:
    if group.minimum or group.desired:
        yield _sized(group, 0, 0)


def _sized(group: Group, minimum: int, desired: int) -> Step:
    def step(old: tuple[int, int], new: tuple[int, int]) -> Step:
        before, after = ({"MinSize": low, "DesiredCapacity": wanted} for low, wanted in (old, new))
        return Step(
            *_UPDATE,
            {"AutoScalingGroupName": group.name, **after},
            group.scope,
            f"Set {group.name} to {new[1]} instances, at least {new[0]}",
            Action.STOP_FLEET if new[1] < old[1] or new[0] < old[0] else Action.RUN_GUARD,
            (group.name,),
            expected=Expected(_group_look(group.name, SizesVersion(group.name)), before, after),
        )

    now, then = (group.minimum, group.desired), (minimum, desired)
    return replace(step(now, then), undo=step(then, now))


def _sizes_back(prior: Prior, group: Group) -> tuple[list[Step], list[str]]:
    before, now = (prior.minimum, prior.desired), (group.minimum, group.desired)
    if prior.rung not in {Rung.ZERO, Rung.STOP} or now == before:
        return [], []
    if now != (0, 0):
        return [], [f"{group.name} was set to {now[1]} instances by somebody since; that stays."]
    return [_sized(group, *before)], []


def _stops(instances: Sequence[Instance]) -> Iterator[Step]:
    yield from _switched([each for each in instances if each.state == "running"], on=False)


def _starts(instances: Sequence[Instance]) -> Iterator[Step]:
    yield from _switched(instances, on=True)


def _switched(instances: Sequence[Instance], *, on: bool) -> Iterator[Step]:
    for scope in dict.fromkeys(each.scope for each in instances):
        ids = sorted(each.id for each in instances if each.scope == scope)
        for start in range(0, len(ids), STOPS_AT_ONCE):
            part = ids[start : start + STOPS_AT_ONCE]
            step = replace(_switch(part, scope, on=on), undo=_switch(part, scope, on=not on))
            yield step if on else replace(step, lasting=LOST)


def _switch(ids: Sequence[str], scope: Scope, *, on: bool) -> Step:
    now, then = (dict.fromkeys(ids, state) for state in (("stopped", "running") if on else ("running", "stopped")))
    return Step(
        *(_START if on else _STOP),
        {"InstanceIds": list(ids)},
        scope,
        f"{'Start' if on else 'Stop'} {', '.join(ids)}",
        Action.RUN_GUARD if on else Action.STOP_FLEET,
        tuple(ids),
        expected=Expected(Look(*_INSTANCES, {"InstanceIds": list(ids)}, StatesVersion(tuple(ids))), now, then),
    )


def _changes(steps: Iterable[Step]) -> tuple[FieldChange, ...]:
    return tuple(
        change
        for step in steps
        if step.expected is not None
        for change in differences(step.expected.before, step.expected.after, thing=", ".join(step.targets))
    )


# -- looks ------------------------------------------------------------------------------------------------------------


def _group_look(name: str, version: SuspensionVersion | SizesVersion) -> Look:
    return Look(*_GROUPS, {"AutoScalingGroupNames": [name]}, version)


def _group_of(answer: Mapping[str, Any], name: str) -> Mapping[str, Any] | None:
    return next((one for one in answer.get("AutoScalingGroups", ()) if one["AutoScalingGroupName"] == name), None)


@dataclass(frozen=True, slots=True)
class SuspensionVersion:
    """Reads out of a DescribeAutoScalingGroups answer which of some processes are suspended."""

    group: str
    names: tuple[str, ...]

    def __call__(self, answer: Mapping[str, Any]) -> Document | None:
        found = _group_of(answer, self.group)
        if found is None:
            return None
        suspended = {each["ProcessName"] for each in found.get("SuspendedProcesses", ())}
        return {name: name in suspended for name in self.names}


@dataclass(frozen=True, slots=True)
class SizesVersion:
    """Reads out of a DescribeAutoScalingGroups answer a group's least and wanted size."""

    group: str

    def __call__(self, answer: Mapping[str, Any]) -> Document | None:
        found = _group_of(answer, self.group)
        return None if found is None else {name: found[name] for name in ("MinSize", "DesiredCapacity")}


_UNDER_WAY: Final = {"pending": "running", "stopping": "stopped"}


@dataclass(frozen=True, slots=True)
class StatesVersion:
    """Reads out of a DescribeInstances answer where instances are, or are on their way to."""

    ids: tuple[str, ...]

    def __call__(self, answer: Mapping[str, Any]) -> Document | None:
        found = {
            each["InstanceId"]: each["State"]["Name"]
            for reservation in answer.get("Reservations", ())
            for each in reservation["Instances"]
        }
        return {each: _UNDER_WAY.get(found.get(each, ""), found.get(each)) for each in self.ids}
