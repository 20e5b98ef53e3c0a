"""Suites of alarm tests as people write them: YAML in, cases out; every mistake with its line."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from alarms.as_code import Loaded, load, load_inline
from alarms.as_code.sources import SourceError, Table, parse_yaml, read_text
from alarms.notation import NotationError
from alarms.state import StateValue
from alarms.suites.lines import MAX_PERIODS, read_states, read_values
from core.timespan import check_period, parse_instant

FIRST_PERIOD: Final = datetime(2026, 1, 5, tzinfo=UTC)
"""Where a case's clock starts if it does not say: midnight of a Monday, so that days and weeks are whole."""
_SUITE: Final = ("alarms", "parameters", "tests")
_CASE: Final = ("name", "period", "start", "initial", "series", "states", "expect", "notifications")
_NOTIFICATION: Final = ("at", "alarm", "state")
_DURATION: Final = re.compile(r"(?=.)(?:(\d{1,4})d)?(?:(\d{1,5})h)?(?:(\d{1,6})m)?(?:(\d{1,7})s)?")

Values = tuple[float | None, ...]
States = tuple[StateValue, ...]


@dataclass(frozen=True, slots=True, order=True)
class Notification:
    """A message that an alarm sends."""

    at: int
    """Seconds from the case's start to the start of the period whose end changed the state."""
    alarm: str
    state: StateValue


@dataclass(frozen=True, slots=True)
class Case:
    """One test: what the metrics do, and what the alarms should make of it."""

    name: str
    line: int
    period: int
    """Seconds of one word."""
    start: datetime
    initial: Mapping[str, StateValue]
    """States before the first word, by alarm; the empty name is for all others."""
    series: Mapping[str, Values]
    bands: Mapping[str, tuple[Values, Values]]
    """Lower and upper lines, by the id of the band's expression."""
    states: Mapping[str, States]
    """Lines of alarms that are given and not evaluated."""
    expect: Mapping[str, States]
    notifications: tuple[Notification, ...] | None
    """None where the case says nothing of them."""

    @property
    def length(self) -> int:
        """Periods."""
        lines = [*self.series.values(), *self.states.values(), *(lower for lower, _ in self.bands.values())]
        return max(map(len, lines), default=0)


@dataclass(frozen=True, slots=True)
class Suite:
    """A file of cases and the alarms that they are about."""

    alarms: tuple[Loaded, ...]
    cases: tuple[Case, ...]


def read_suite(path: Path, *, parameters: Mapping[str, str]) -> Suite:
    """Read a suite and the files of alarms that it names; raises SourceError with the line."""
    document = parse_yaml(read_text(path, kind="YAML"))
    if not isinstance(document, Table):
        raise SourceError("a suite is an object with alarms and tests")
    _only(document, _SUITE, "a suite")
    alarms = _alarms(document, path, parameters)
    tests = document.get("tests")
    if not isinstance(tests, list) or not tests:
        raise SourceError("tests is a list of cases", line=document.lines.get("tests", document.line))
    return Suite(alarms, tuple(_case(test, place) for place, test in enumerate(tests, 1)))


def _alarms(document: Table, path: Path, parameters: Mapping[str, str]) -> tuple[Loaded, ...]:
    line = document.lines.get("alarms", document.line)
    own = document.get("parameters") or {}
    if not isinstance(own, dict):
        raise SourceError("parameters is an object", line=document.lines["parameters"])
    given = {name: str(value) for name, value in own.items()} | dict(parameters)
    sources = document.get("alarms")
    found: list[Loaded] = []
    for source in sources if isinstance(sources, list) else [sources]:
        if isinstance(source, str):
            try:
                found += load(path.parent / source, parameters=given)
            except SourceError as error:
                raise SourceError(f"{source}, line {error.line}: {error.reason}", line=line) from None
        elif isinstance(source, Table):
            found += load_inline(source, file=str(path))
        else:
            raise SourceError("alarms names a file of alarms, or holds definitions with AWS's members", line=line)
    return tuple(found)


def _case(test: Any, place: int) -> Case:
    if not isinstance(test, Table):
        raise SourceError(f"test {place} is no object")
    _only(test, _CASE, "a test")
    try:
        return _read_case(test, place)
    except (NotationError, ValueError) as error:
        if isinstance(error, SourceError):
            raise
        raise SourceError(str(error), line=test.line) from None


def _read_case(test: Table, place: int) -> Case:
    period = check_period(60 if test.get("period") is None else seconds(test["period"]))
    start = FIRST_PERIOD if test.get("start") is None else parse_instant(str(test["start"]))
    if start.timestamp() % min(period, 60):
        raise ValueError(f"start is {start.isoformat()}; give a whole minute")
    lines = _members(test, "series")
    expect = _members(test, "expect")
    if not expect:
        raise ValueError("expect gives a line of states for each alarm under test")
    case = Case(
        name=str(test.get("name") or f"test {place}"),
        line=test.line,
        period=period,
        start=start,
        initial=_initial(test.get("initial")),
        series={
            key: _at(test, "series", key, read_values) for key, line in lines.items() if not isinstance(line, dict)
        },
        bands={key: _band(line, lines) for key, line in lines.items() if isinstance(line, Table)},
        states={key: _at(test, "states", key, read_states) for key in _members(test, "states")},
        expect={key: _at(test, "expect", key, read_states) for key in expect},
        notifications=_notifications(test),
    )
    _check_lengths(case, lines)
    return case


def _members(test: Table, name: str) -> Table:
    members = test.get(name)
    if members is None:
        return Table({}, line=test.line, lines={})
    if not isinstance(members, Table):
        raise SourceError(f"{name} is an object: a line for each name", line=test.lines[name])
    return members


def _at(test: Table, name: str, key: str, read: Any) -> Any:
    """Read one line of a case, so that a mistake in it is told with its place."""
    members: Table = test[name]
    try:
        return tuple(read("" if members[key] is None else str(members[key])))
    except NotationError as error:
        raise SourceError(f"{name}, {key}: {error}", line=members.lines.get(key, members.line)) from None


def _band(line: Table, lines: Table) -> tuple[Values, Values]:
    if set(line) != {"lower", "upper"}:
        raise SourceError("a band has two lines, lower and upper", line=getattr(line, "line", lines.line))
    lower, upper = (_at(Table({"band": line}, line=line.line, lines={}), "band", side, read_values) for side in line)
    return (lower, upper) if next(iter(line)) == "lower" else (upper, lower)


def _initial(given: Any) -> dict[str, StateValue]:
    if given is None:
        return {"": StateValue.INSUFFICIENT_DATA}
    by_name = given if isinstance(given, dict) else {"": given}
    found = {name: read_states(str(state)) for name, state in by_name.items()}
    if any(len(states) != 1 for states in found.values()):
        raise ValueError("initial is one state, or one for each alarm")
    return {"": StateValue.INSUFFICIENT_DATA} | {name: states[0] for name, states in found.items()}


def _notifications(test: Table) -> tuple[Notification, ...] | None:
    given = test.get("notifications")
    if given is None:
        return None
    if not isinstance(given, list):
        raise SourceError("notifications is a list", line=test.lines["notifications"])
    return tuple(sorted(_notification(entry, test) for entry in given))


def _notification(entry: Any, test: Table) -> Notification:
    if not isinstance(entry, Table) or set(entry) != set(_NOTIFICATION):
        line = entry.line if isinstance(entry, Table) else test.lines["notifications"]
        raise SourceError(
            "a notification has at, alarm and state, such as {at: 4m, alarm: cpu, state: ALARM}", line=line
        )
    try:
        (state,) = read_states(str(entry["state"]))
        return Notification(seconds(entry["at"]), str(entry["alarm"]), state)
    except ValueError as error:
        raise SourceError(str(error), line=entry.line) from None


def seconds(given: Any) -> int:
    """Read a duration: `90s`, `4m`, `1h30m`, `2d`, or a bare number of seconds.

    >>> seconds("1h30m")
    5400
    """
    text = str(given).strip()
    if text.isdecimal() and len(text) < 9:
        return int(text)
    match = _DURATION.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no duration; write 90s, 4m, 1h30m or 2d")
    days, hours, minutes, rest = (int(part or 0) for part in match.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + rest


def _check_lengths(case: Case, lines: Table) -> None:
    """Every line of a case is as long as the others."""
    longest = case.length
    if not 0 < longest <= MAX_PERIODS:
        raise ValueError(f"series has {longest} periods; give 1 to {MAX_PERIODS:,}")
    given: dict[str, Values | States] = {**case.series, **case.states, **case.expect}
    for key, (lower, upper) in case.bands.items():
        given |= {f"{key} lower": lower, f"{key} upper": upper}
    for key, line in given.items():
        if len(line) != longest:
            where = lines.lines.get(key, case.line)
            raise SourceError(f"{key} has {len(line)} words where the longest line has {longest}", line=where)


def _only(table: Table, known: tuple[str, ...], what: str) -> None:
    for name in table:
        if name not in known:
            line = table.lines.get(name, table.line)
            raise SourceError(f"{name!r} is not known in {what}; known are {', '.join(known)}", line=line)
