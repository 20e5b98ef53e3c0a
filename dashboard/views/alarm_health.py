"""Alarm health: the doctor's findings and the coverage of recommended alarms, as tables and cards."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from alarms.as_code.writing import as_cli
from alarms.coverage import Cell, Proposal, State
from alarms.doctor import Finding, Light, Path, Severity
from alarms.kinds import Alarm
from core.money import ZERO
from dashboard.views.checkups import Checkup, Round, fix_request
from dashboard.views.coverage import Coverage
from dashboard.views.frame import Badge
from dashboard.views.things import Group, Item
from dashboard.wording import ALARM, INFO, NO_DATA, OK, WARNING, Look, count, plain

SEVERITIES: Mapping[Severity, tuple[Look, str]] = {
    Severity.BROKEN: (ALARM, "Broken"),
    Severity.WEAK: (WARNING, "Weak"),
    Severity.WASTE: (INFO, "Waste"),
}
"""Sign, colour and word of each severity."""
STATES: Mapping[State, tuple[Look, str]] = {
    State.GAP: (WARNING, "Gap"),
    State.SILENT: (NO_DATA, "Silent"),
    State.COVERED: (OK, "Covered"),
}
"""Sign, colour and word of each state of coverage; what wants doing first."""
_LIGHTS: Mapping[Light, tuple[Look, str]] = {
    Light.OPEN: (OK, "open"),
    Light.BLOCKED: (ALARM, "blocked"),
    Light.UNKNOWN: (NO_DATA, "not known"),
}


@dataclass(frozen=True, slots=True, eq=False)
class DoctorView:
    """The doctor's round."""

    table: pd.DataFrame
    """One row a finding: how bad, which alarm, what; foreign text."""
    keys: tuple[str, ...]
    """For each row what names it in a link."""
    healthy: str
    """Said in place of an empty table; empty where there are findings."""
    unexamined: pd.DataFrame
    """What could not be looked at, and of which alarms; foreign text."""


@dataclass(frozen=True, slots=True, eq=False)
class FindingView:
    """One finding in full."""

    alarm: Alarm
    """The alarm as it is."""
    fix: Alarm | None
    """The alarm without the fault, where there is one."""
    finding: Finding
    """What was found."""
    title: str
    """The alarm's name; foreign text."""
    badge: Badge
    """How bad it is."""
    hops: tuple[Group, ...]
    """The way of the notifications, a group an action; empty where the finding is about something else."""
    command: str
    """What could be run instead, as text; empty where the fix is for people."""


def doctor(found: Round, *, severities: Collection[Severity] = ()) -> DoctorView:
    """Give the doctor's round, of the chosen severities where some are."""
    findings = found.findings
    shown = [finding for finding in findings if not severities or finding.severity in severities]
    rows = [
        {
            "How bad": f"{SEVERITIES[each.severity][0].glyph} {SEVERITIES[each.severity][1]}",
            "Alarm": plain(each.alarm),
            "What is wrong": plain(each.what),
            "Fix": plain(each.fix_sentence),
        }
        for each in shown
    ]
    examined = count(len(found.checkups), "alarm")
    return DoctorView(
        table=pd.DataFrame(rows, columns=["How bad", "Alarm", "What is wrong", "Fix"], dtype="str"),
        keys=tuple(key_of(each) for each in shown),
        healthy="" if findings else _healthy(found, examined),
        unexamined=_unexamined(found.checkups),
    )


def doctor_badges(found: Round) -> tuple[Badge, ...]:
    """Say how many alarms were examined, and how many findings of each severity there are."""
    counts = Counter(finding.severity for finding in found.findings)
    bad = [Badge(f"{counts[each]:,} {word.lower()}", look) for each, (look, word) in SEVERITIES.items() if counts[each]]
    look = NO_DATA if found.faults or bad else OK
    return (Badge(f"{count(len(found.checkups), 'alarm')} examined", look), *bad)


def _healthy(found: Round, examined: str) -> str:
    if found.faults:
        return "Nothing was found in what could be read."
    return f"Nothing was found: {examined} examined." if found.checkups else "There are no alarms to examine."


def key_of(finding: Finding) -> str:
    """Give what names a finding in a link."""
    return f"{finding.code}~{finding.alarm}"


def finding(found: Round, key: str) -> FindingView | None:
    """Give the finding of a link; None where it is not there any more."""
    for checkup in found.checkups:
        for each in checkup.findings:
            if key_of(each) == key:
                return _finding_view(checkup, each)
    return None


def _finding_view(checkup: Checkup, each: Finding) -> FindingView:
    look, word = SEVERITIES[each.severity]
    about_delivery = any(hop.code is each.code for path in checkup.paths for hop in path.hops)
    return FindingView(
        checkup.alarm,
        each.fix,
        each,
        plain(each.alarm),
        Badge(word, look),
        tuple(_hops(path) for path in checkup.paths) if about_delivery else (),
        _command(each),
    )


def _hops(path: Path) -> Group:
    items = [
        Item(f"{path.action} {hop.name}", hop.name, _LIGHTS[hop.light][0], _LIGHTS[hop.light][1], hop.says)
        for hop in path.hops
    ]
    return Group(path.action, tuple(items))


def _command(each: Finding) -> str:
    if each.fix is not None:
        return as_cli(each.fix).rstrip()
    request = fix_request(each)
    if request is None:
        return ""
    return f"{request['service']}:{request['operation']}\n{json.dumps(request['params'], indent=2)}"


def _unexamined(checkups: Sequence[Checkup]) -> pd.DataFrame:
    about: dict[str, list[str]] = {}
    for checkup in checkups:
        for sentence in checkup.unexamined:
            about.setdefault(sentence, []).append(checkup.alarm.name)
    rows = [
        {"Not examined": plain(sentence), "Of": plain(names[0]) if len(names) == 1 else count(len(names), "alarm")}
        for sentence, names in about.items()
    ]
    return pd.DataFrame(rows, columns=["Not examined", "Of"], dtype="str")


# -- coverage -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class CoverageView:
    """Resources × recommended alarms."""

    table: pd.DataFrame
    """One row a recommended alarm on a resource: state, resource, metric, what it would tell, by which, condition."""
    keys: tuple[str, ...]
    """For each row the cell's key."""
    nothing: str
    """Why the table is empty; empty where it is not."""


@dataclass(frozen=True, slots=True, eq=False)
class ProposalsView:
    """What would fill the chosen gaps."""

    table: pd.DataFrame
    """One row a proposal: alarm, threshold, how it was found, what it would have done, price; foreign text."""
    alarms: tuple[Alarm, ...]
    """The alarms that can be made."""
    sentence: str
    """How many can be made, and what they cost a month together; not Markdown."""


def coverage(found: Coverage, *, states: Collection[State] = ()) -> CoverageView:
    """Give the coverage, of the chosen states where some are; gaps first."""
    order = list(STATES)
    shown = sorted(
        (cell for cell in found.cells if not states or cell.state in states), key=lambda cell: order.index(cell.state)
    )
    rows = [_cell(cell) for cell in shown]
    columns = ["State", "Resource", "Metric", "Would tell that", "Watched by", "Recommended"]
    return CoverageView(
        table=pd.DataFrame(rows, columns=columns, dtype="str"),
        keys=tuple(cell.key for cell in shown),
        nothing=_nothing(found),
    )


def coverage_badges(found: Coverage) -> tuple[Badge, ...]:
    """Say how many recommended alarms are in each state."""
    counts = found.counts
    return tuple(_state_badge(each, counts[each]) for each in STATES)


def _state_badge(state: State, number: int) -> Badge:
    look, word = STATES[state]
    return Badge(count(number, "gap") if state is State.GAP else f"{number:,} {word.lower()}", look)


def _nothing(found: Coverage) -> str:
    if found.cells:
        return ""
    if found.faults:
        return "What there is could not be read, so nobody can say what is missing."
    return "Nothing reports metrics for which alarms are recommended."


def _cell(cell: Cell) -> dict[str, str]:
    look, word = STATES[cell.state]
    by = "AWS" if cell.recommendation.by_aws else "Watchkeeper"
    return {
        "State": f"{look.glyph} {word}",
        "Resource": plain(cell.resource),
        "Metric": f"{plain(cell.metric.namespace)} {plain(cell.metric.name)}",
        "Would tell that": cell.recommendation.why,
        "Recommended": f"{cell.recommendation.condition} ({by})",
        "Watched by": plain(", ".join(cover.alarm for cover in cell.covers)),
    }


def chosen_gaps(view: CoverageView, found: Coverage, rows: Sequence[int]) -> tuple[str, ...]:
    """Give the keys of the gaps among the chosen rows; what is covered already needs no proposal."""
    gaps = {cell.key for cell in found.gaps}
    return tuple(view.keys[row] for row in rows if row < len(view.keys) and view.keys[row] in gaps)


def proposed(made: Sequence[Proposal]) -> ProposalsView:
    """Give the proposals for people."""
    rows = [
        {
            "Alarm": plain(each.cell.metric.name if each.alarm is None else each.alarm.name),
            "Threshold": "–" if each.alarm is None else f"{each.alarm.threshold:g}",
            "Where it comes from": plain(each.threshold_from),
            "Would have": plain(each.would_have) or "–",
            "Price": "–" if each.price is None else each.price.sentence,
        }
        for each in made
    ]
    able = tuple(each.alarm for each in made if each.alarm is not None)
    total = sum((each.price.month for each in made if each.price is not None and each.price.month is not None), ZERO)
    columns = ["Alarm", "Threshold", "Where it comes from", "Would have", "Price"]
    return ProposalsView(
        pd.DataFrame(rows, columns=columns, dtype="str"),
        able,
        f"{count(len(able), 'alarm')} of {len(made)} can be made; together they cost {total} a month more.",
    )
