"""The alarm doctor: what is wrong with an alarm, why it matters and the way out, from evidence that others read.

`examine` is pure and looks at a draft as well as at an alarm that exists. It never finds on what was not read:
`unexamined` says what that was.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from alarms.doctor import data, delivery, noise
from alarms.doctor.delivery import Hop, Light, Path, paths
from alarms.doctor.evidence import Directory, Evidence, FailedAction, Live, Neighbours, history_span, watched_of
from alarms.doctor.findings import Call, Code, Finding, Severity
from alarms.kinds import Alarm, MetricAlarm
from core.reading import Unknown

__all__ = [
    "Call",
    "Code",
    "Directory",
    "Evidence",
    "FailedAction",
    "Finding",
    "Hop",
    "Light",
    "Live",
    "Neighbours",
    "Path",
    "Severity",
    "examine",
    "history_span",
    "paths",
    "unexamined",
    "watched_of",
]

_ORDER = {Severity.BROKEN: 0, Severity.WEAK: 1, Severity.WASTE: 2}


def examine(alarm: Alarm, evidence: Evidence) -> tuple[Finding, ...]:
    """Give what is wrong with an alarm, the worst first; nothing where nothing is known to be."""
    found = list(_findings(alarm, evidence))
    if any(finding.code is Code.ORPHAN for finding in found):
        # What is to be deleted needs no other mending.
        found = [finding for finding in found if finding.code is Code.ORPHAN]
    return tuple(sorted(found, key=lambda finding: _ORDER[finding.severity]))


def unexamined(alarm: Alarm, evidence: Evidence) -> tuple[str, ...]:
    """Give a sentence for each thing that could not be looked at."""
    return tuple(dict.fromkeys(_unexamined(alarm, evidence)))


def _findings(alarm: Alarm, evidence: Evidence) -> Iterator[Finding]:
    yield from data.findings(alarm, evidence)
    yield from delivery.findings(alarm, evidence)
    yield from noise.findings(alarm, evidence)


def _unexamined(alarm: Alarm, evidence: Evidence) -> Iterator[str]:
    history = evidence.history(alarm)
    if isinstance(alarm, MetricAlarm):
        yield from _unknowns({"Whether its metrics report": evidence.metrics, "What its values were": history})
        yield from _unknowns({"Whether the things it watches are there": evidence.resources})
    yield from _unknowns({"What other alarms there are": evidence.neighbours})
    live = evidence.live.get(alarm.name)
    if live is not None:
        yield from _unknowns({"How often it changed": live.changes, "Whether its actions failed": live.failures})
    for path in paths(alarm, evidence):
        yield from _dark(path.hops)


def _unknowns(parts: dict[str, object]) -> Iterator[str]:
    for what, value in parts.items():
        if isinstance(value, Unknown):
            yield f"{what} is not known: {value.why}."


def _dark(hops: Iterable[Hop]) -> Iterator[str]:
    for hop in hops:
        if hop.light is Light.UNKNOWN:
            yield f"{hop.name}: {hop.says}"
