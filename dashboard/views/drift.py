"""The live alarms beside a folder of alarms as code: what is as written, what was changed, what nobody wrote down."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import pandas as pd

from access.changes import ChangePlan
from alarms.as_code import SourceError
from alarms.as_code.deploying import deployment
from alarms.as_code.folder import Difference, Standing, compare, read_folder
from alarms.definition import Alarm, from_response
from alarms.kinds import LogAlarm
from alarms.live import Live, live_of
from core.reading import Scope
from dashboard.views.alarm_list import AS_WRITTEN, Tags
from dashboard.views.alarm_roll import Roll
from dashboard.views.review import said
from dashboard.wording import count, listed, plain

WORDS: Final[Mapping[Standing, str]] = {
    Standing.SAME: AS_WRITTEN,
    Standing.CHANGED: "changed",
    Standing.UNMANAGED: "not in the folder",
    Standing.NEW: "only in the folder",
}


@dataclass(frozen=True, slots=True)
class Written:
    """What a folder says."""

    alarms: Mapping[str, Alarm]
    """By name."""
    files: Mapping[str, str]
    """Where each is written, by name; foreign text."""
    problems: tuple[str, ...]
    """Why part of the folder, or all of it, could not be read; foreign text."""


@dataclass(frozen=True, slots=True)
class Drift:
    """How the live alarms stand to a folder."""

    differences: Mapping[str, Difference]
    """By the alarm's name."""
    files: Mapping[str, str]
    """Where each is written, by name; foreign text."""
    problems: tuple[str, ...]
    """Why part of it could not be compared; foreign text."""

    @property
    def words(self) -> Mapping[str, str]:
        """How each alarm stands, by name."""
        return {name: WORDS[each.standing] for name, each in self.differences.items()}

    @property
    def missing(self) -> tuple[str, ...]:
        """Names of alarms that are written and not live."""
        return tuple(name for name, each in self.differences.items() if each.standing is Standing.NEW)


def folder_of(setting: str | None, scope: Scope, *, first: Scope) -> Path | None:
    """Give the folder of an account and region; one without `{account}` and `{region}` is that of the first.

    >>> str(folder_of("alarms/{account}", Scope("1", "r"), first=Scope("2", "r")))
    'alarms/1'
    >>> folder_of("alarms", Scope("1", "r"), first=Scope("2", "r")) is None
    True
    """
    if setting is None:
        return None
    named = setting.replace("{account}", scope.account).replace("{region}", scope.region)
    return Path(named) if named != setting or scope == first else None


def read(folder: Path) -> Written:
    """Read a folder; what is wrong with it is a sentence."""
    try:
        found = read_folder(folder)
    except SourceError as error:
        return Written({}, {}, (error.reason,))
    known = {name: one for name, one in found.alarms.items() if one.definition is not None}
    return Written(
        {name: one.definition for name, one in known.items() if one.definition is not None},
        {name: f"{one.file}, line {one.line}" for name, one in known.items()},
        found.problems,
    )


def drift(written: Written, roll: Roll, tags: Tags) -> Drift | None:
    """Compare; tags count where those of the live alarm are read. None where the live alarms are not known."""
    if not roll.alarms and roll.faults:
        return None
    if not written.alarms and written.problems:
        # Nothing was read: no alarm is called unwritten for it.
        return Drift({}, {}, written.problems)
    live, ours = [], []
    for name, document in roll.documents.items():
        arn = str(document.get("AlarmArn"))
        pairs = [{"Key": key, "Value": value} for key, value in tags.get(arn, {}).items()]
        live.append(from_response({**document, "Tags": pairs}))
        if name in written.alarms:
            ours.append(written.alarms[name] if arn in tags else _untagged(written.alarms[name]))
    ours += [alarm for name, alarm in written.alarms.items() if name not in roll.documents]
    found = compare(ours, live)
    return Drift({each.name: each for each in found}, written.files, written.problems)


def _untagged(alarm: Alarm) -> Alarm:
    return alarm if isinstance(alarm, LogAlarm) else replace(alarm, tags=())


def way_back(stands: Drift, names: Sequence[str], lives: Sequence[Live], roll: Roll) -> ChangePlan:
    """Give the plan that makes the alarms of these names as they are written; `lives` are they as they are now.

    Raises what `alarms.as_code.deploying.deployment` raises.
    """
    written = (stands.differences[name].written for name in names)
    ours = [alarm for alarm in written if alarm is not None]
    others = [live_of(document) for name, document in roll.documents.items() if name not in names]
    found = compare(ours, [live.alarm for live in lives])
    return deployment(found, [*lives, *others], place=roll.scope)


def fields(difference: Difference) -> pd.DataFrame:
    """Give each field that differs: as it is live, and as it is written; foreign text."""
    rows = [{"Field": each.field, "Live": said(each.before), "Written": said(each.after)} for each in difference.fields]
    return pd.DataFrame(rows, columns=["Field", "Live", "Written"], dtype="str")


def summary(found: Drift) -> str:
    """Say in a sentence how the alarms stand to the folder; foreign text."""
    standings: Sequence[Standing] = [each.standing for each in found.differences.values()]
    changed = sum(each is Standing.CHANGED for each in standings)
    unmanaged = sum(each is Standing.UNMANAGED for each in standings)
    told = f"{count(changed, 'alarm')} changed since written, {unmanaged:,} not in the folder"
    missing = found.missing
    return plain(f"{told}, {len(missing):,} not live: {listed(missing)}" if missing else told)
