"""What `python -m alarms check` says of files of alarms: each alarm loaded, or refused with reason and line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from alarms.as_code import Loaded, SourceError, load
from alarms.kinds import CompositeAlarm


@dataclass(frozen=True, slots=True)
class FileCheck:
    """What a file holds."""

    file: str
    alarms: tuple[Loaded, ...] = ()
    error: str = ""
    """Why the file could not be read at all."""
    error_line: int = 0

    @property
    def refused(self) -> int:
        return sum(alarm.definition is None and not alarm.left_out for alarm in self.alarms)


def check(path: Path, *, parameters: Mapping[str, str] | None = None) -> FileCheck:
    """Load a file's alarms; never raises for what is in the file."""
    try:
        return FileCheck(str(path), load(path, parameters=parameters))
    except SourceError as error:
        return FileCheck(str(path), error=error.reason, error_line=error.line)


def exit_code(checks: Iterable[FileCheck]) -> int:
    """Give 0 where every alarm loaded, 1 where one was refused, 2 where a file could not be read."""
    codes = [2 if check.error else 1 if check.refused else 0 for check in checks]
    return max(codes, default=0)


def report(checks: Iterable[FileCheck]) -> str:
    """Write a line for each alarm of each file, and a sum."""
    lines: list[str] = []
    loaded = refused = left_out = unreadable = 0
    for check in checks:
        lines.append(check.file)
        if check.error:
            unreadable += 1
            lines.append(f"  line {check.error_line}: cannot be read: {check.error}")
        elif not check.alarms:
            lines.append("  no alarms")
        for alarm in check.alarms:
            lines += _alarm_lines(alarm)
        loaded += sum(alarm.definition is not None for alarm in check.alarms)
        left_out += sum(alarm.left_out for alarm in check.alarms)
        refused += check.refused
    counts = [f"{loaded} loaded", f"{refused} refused"]
    counts += [f"{left_out} left out"] if left_out else []
    counts += [f"{unreadable} unreadable"] if unreadable else []
    return "\n".join([*lines, "", ", ".join(counts)])


def _alarm_lines(alarm: Loaded) -> list[str]:
    where = f"  line {alarm.line}: "
    called = alarm.name if alarm.name == alarm.address else f"{alarm.name} ({alarm.address})"
    if alarm.left_out:
        return [f"{where}left out {called}: {alarm.refusal}"]
    if alarm.definition is None:
        return [f"{where}refused {called}: {alarm.refusal}"]
    notes = [f"    open: {note}" for note in alarm.notes]
    evaluable = None if isinstance(alarm.definition, CompositeAlarm) else alarm.definition.evaluable
    if evaluable is not None and not evaluable.allowed:
        notes.append(f"    note: {evaluable.reason}")
    return [f"{where}loaded {called}", *notes]
