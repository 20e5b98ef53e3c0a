"""`python -m alarms export|diff|plan|apply`: the alarms of a place as code, and code as the alarms of a place."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from access.audit import Audit
from access.changes import ChangePlan, FieldChange, Outcome, authorize, carry_out
from access.identity import local_actor
from alarms.as_code import SourceError
from alarms.as_code.deploying import deployment
from alarms.as_code.folder import Difference, Folder, Standing, compare, read_folder
from alarms.as_code.writing import CannotWriteError, write
from alarms.composite import RuleError
from alarms.definition import DefinitionErrors
from alarms.kinds import Alarm
from alarms.publishing import Live, live_of
from collectors import alarm_documents, live_alarms
from collectors.sources import CloudSources
from core.reading import Scope, Verdict
from dashboard.console.reading import UNREAD, CommandError, say, scopes, sources

Clock = Callable[[], datetime]

DIFFERENT: Final = 1
"""Exit code of `diff` where there is a difference, and of `apply` where not everything is done."""
_SIGNS: Final[Mapping[Standing, str]] = {Standing.NEW: "+", Standing.CHANGED: "~", Standing.UNMANAGED: "-"}


def export(options: argparse.Namespace, *, clock: Clock) -> int:
    """Write the live alarms as code on standard output; what a language has no name for is told on standard error."""
    try:
        with sources("as-code", clock=clock) as found:
            place = _place(found, options)
            lives = _live(found, place, clock(), tagged=options.names or None)
        written = write(_chosen(lives, options.names, place), options.format)
    except (CommandError, CannotWriteError) as error:
        return _failed(error)
    say(written.text.rstrip("\n"))
    for sentence in written.left_out:
        say(f"left out: {sentence}", to_people=True)
    return 0


def diff(options: argparse.Namespace, *, clock: Clock) -> int:
    """Say how a folder differs from what is live: 0 where it does not, 1 where it does, 2 where that is not known."""
    try:
        with sources("as-code", clock=clock) as found:
            place, folder = _place(found, options), _folder(options)
            differences = _compared(folder, _live(found, place, clock(), tagged=folder.alarms))
    except CommandError as error:
        return _failed(error)
    say("\n".join(_told(place, differences, prune=options.prune)))
    return DIFFERENT if any(_counts(each, prune=options.prune) for each in differences) else 0


def plan(options: argparse.Namespace, *, clock: Clock) -> int:
    """Print what `apply` would do, its price, and whether this person may."""
    try:
        with sources("as-code", clock=clock) as found:
            planned = _planned(found, options, clock())
            verdict = authorize(planned, local_actor(found.clients.settings))
    except CommandError as error:
        return _failed(error)
    if planned.steps and isinstance(verdict, Verdict):
        say(f"It would be refused: {verdict.reason}", to_people=True)
    return 0


def apply(options: argparse.Namespace, *, clock: Clock) -> int:
    """Print the plan, ask, and carry it out: 0 where all is done, 1 where not, 2 where nothing was tried."""
    try:
        with sources("as-code", clock=clock) as found:
            planned = _planned(found, options, clock())
            if not planned.steps:
                return 0
            _agree(options)
            settings = found.clients.settings
            outcome = carry_out(planned, local_actor(settings), found.clients, Audit(settings.data_dir), now=clock())
    except CommandError as error:
        return _failed(error)
    say("\n".join(_ended(outcome)))
    return 0 if outcome.done else DIFFERENT


def _planned(found: CloudSources, options: argparse.Namespace, now: datetime) -> ChangePlan:
    """Plan, and print the plan."""
    place, folder = _place(found, options), _folder(options)
    lives = _live(found, place, now, tagged=None if options.prune else folder.alarms)
    differences = _compared(folder, lives)
    try:
        planned = deployment(differences, lives, place=place, prune=options.prune)
    except (DefinitionErrors, RuleError) as error:
        raise CommandError(str(error)) from error
    say("\n".join([*_told(place, differences, prune=options.prune), *_terms(planned)]))
    return planned


def _agree(options: argparse.Namespace) -> None:
    """Ask the person; a program, which cannot be asked, has to say --yes."""
    if not options.yes and not (sys.stdin.isatty() and input("Apply? Type yes: ").strip() == "yes"):
        raise CommandError("nothing was changed; give --yes to apply without a question")


# -- reading ----------------------------------------------------------------------------------------------------------


def _place(found: CloudSources, options: argparse.Namespace) -> Scope:
    """Give the one place that is meant: a folder is the alarms of one account and region."""
    places = scopes(found, account=options.account, region=options.region)
    if len(places) > 1:
        names = ", ".join(str(place) for place in places)
        raise CommandError(f"{names} are watched; say which is meant, with --account and --region")
    return places[0]


def _live(found: CloudSources, place: Scope, now: datetime, *, tagged: Collection[str] | None) -> list[Live]:
    """Give every live alarm; with its tags, which take a call each, those named in `tagged`, or all."""
    every = _whole(alarm_documents.read(found.clients, place, now=now))
    names = [str(one["AlarmName"]) for one in every]
    wanted = names if tagged is None else [name for name in names if name in tagged]
    whole = {str(one["AlarmName"]): one for one in _whole(live_alarms.read(found.clients, place, wanted, now=now))}
    return [live_of(whole.get(str(one["AlarmName"]), one)) for one in every]


def _whole(reading: live_alarms.Documents) -> Sequence[Mapping[str, Any]]:
    """Give what was read; half of it would make the rest look deleted."""
    if reading.faults:
        raise CommandError("; ".join(fault.message for fault in reading.faults))
    return reading.value


def _chosen(lives: Sequence[Live], names: Sequence[str], place: Scope) -> list[Alarm]:
    """Give the alarms of these names, or all where none is named."""
    unknown = sorted(set(names) - {live.alarm.name for live in lives})
    if unknown:
        raise CommandError(f"there is no alarm {', '.join(map(repr, unknown))} in {place}")
    return [live.alarm for live in lives if not names or live.alarm.name in names]


def _folder(options: argparse.Namespace) -> Folder:
    """Read the folder; one that is not wholly understood is not compared: what is missing would look deleted."""
    try:
        folder = read_folder(options.folder, parameters=dict(options.set))
    except SourceError as error:
        raise CommandError(error.reason) from error
    if folder.problems:
        raise CommandError("\n".join(folder.problems))
    return folder


def _compared(folder: Folder, lives: Iterable[Live]) -> tuple[Difference, ...]:
    written = (one.definition for one in folder.alarms.values() if one.definition is not None)
    return compare(written, (live.alarm for live in lives))


# -- telling ----------------------------------------------------------------------------------------------------------


def _counts(each: Difference, *, prune: bool) -> bool:
    return each.standing in {Standing.NEW, Standing.CHANGED} or (prune and each.standing is Standing.UNMANAGED)


def _told(place: Scope, differences: Sequence[Difference], *, prune: bool) -> Iterator[str]:
    """A line for each difference, its fields below it, and the sum."""
    for each in differences:
        if _counts(each, prune=prune):
            yield f"{_SIGNS[each.standing]} {each.name}"
            yield from (f"    {_field(change)}" for change in each.fields)
    counts = {standing: sum(each.standing is standing for each in differences) for standing in Standing}
    only_live = "to delete" if prune else "only live, left alone"
    yield (
        f"{place}: {counts[Standing.NEW]} new, {counts[Standing.CHANGED]} changed, {counts[Standing.SAME]} as written, "
        f"{counts[Standing.UNMANAGED]} {only_live}"
    )


def _field(change: FieldChange) -> str:
    return f"{change.field}: {_shown(change.before)} → {_shown(change.after)}"


def _shown(value: object) -> str:
    return "not set" if value is None else json.dumps(value, ensure_ascii=False)


def _terms(planned: ChangePlan) -> Iterator[str]:
    """What it costs a month, and what to know before saying yes."""
    if planned.steps:
        yield f"price a month: {planned.price_before} → {planned.price_after}"
    yield from (f"note: {warning}" for warning in planned.warnings)


def _ended(outcome: Outcome) -> Iterator[str]:
    for step in outcome.steps:
        why = f": {step.sentence}" if step.sentence else ""
        yield f"{step.ending}: {step.step.sentence}{why}"
    yield f"{outcome.ending}: {outcome.sentence}"


def _failed(error: Exception) -> int:
    say(f"error: {error}", to_people=True)
    return UNREAD
