"""What went wrong in a case, so that a person sees it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from alarms.state import StateValue
from alarms.suites.cases import Case, Notification
from alarms.suites.running import Outcome

SHOWN: Final = 12
"""Words of a long line that are shown around its first difference."""


def differences(case: Case, outcome: Outcome) -> tuple[str, ...]:
    """Give one block of text for each thing that is not as the case expects; none where all is."""
    return (*_states(case, outcome), *_notifications(case, outcome))


def _states(case: Case, outcome: Outcome) -> Iterator[str]:
    for name, expected in case.expect.items():
        found = outcome.states[name]
        wrong = [place for place in range(len(expected)) if expected[place] is not found[place]]
        if not wrong:
            continue
        first = max(0, min(wrong[0] - SHOWN // 3, len(expected) - SHOWN))
        places = range(first, min(first + SHOWN, len(expected)))
        rows = [("", [duration(place * case.period) for place in places])]
        rows += [(key, [number(values[place]) for place in places]) for key, values in case.series.items()]
        rows += [(key, [word(states[place]) for place in places]) for key, states in case.states.items()]
        rows += [
            ("expected", [word(expected[place]) for place in places]),
            ("got", [word(found[place]) for place in places]),
            ("", ["^" if place in wrong else "" for place in places]),
        ]
        more = f"\n{len(wrong)} of {len(expected)} words differ" if len(wrong) > 1 else ""
        reason = outcome.reasons[name][wrong[0]]
        said = f"at {duration(wrong[0] * case.period)}: {reason}"
        yield f"{name}\n{_table(rows)}{more}\n{said}"


def _notifications(case: Case, outcome: Outcome) -> Iterator[str]:
    if case.notifications is None:
        return
    expected = set(case.notifications)
    found = {note for note in outcome.sent if _is_asked(note, case, outcome)}
    lines = [f"  not sent:     {_said(note)}" for note in sorted(expected - found)]
    lines += [f"  not expected: {_said(note)}" for note in sorted(found - expected)]
    if lines:
        yield "\n".join(["notifications", *lines])


def _is_asked(note: Notification, case: Case, outcome: Outcome) -> bool:
    """Whether the case says anything of such a message: of this alarm and state, or, with an empty list, of any."""
    if case.notifications:
        return (note.alarm, note.state) in {(asked.alarm, asked.state) for asked in case.notifications}
    return note.state is StateValue.ALARM or note.alarm not in outcome.silent


def _said(note: Notification) -> str:
    return f"{duration(note.at)} {note.alarm} {note.state}"


def _table(rows: Sequence[tuple[str, Sequence[str]]]) -> str:
    """Rows whose words stand under one another."""
    widths = [max(len(cells[place]) for _, cells in rows) for place in range(len(rows[0][1]))]
    longest = max(len(name) for name, _ in rows)
    lines = []
    for name, cells in rows:
        words = "  ".join(cell.rjust(width) for cell, width in zip(cells, widths, strict=True))
        lines.append(f"  {name.ljust(longest)}  {words}".rstrip())
    return "\n".join(lines)


def word(state: StateValue) -> str:
    """Write a state as the notation does, short."""
    return {StateValue.OK: "ok", StateValue.ALARM: "ALARM", StateValue.INSUFFICIENT_DATA: "?"}[state]


def number(value: float | None) -> str:
    """Write a value as the notation does."""
    return "_" if value is None else f"{value:g}"


def duration(seconds: int) -> str:
    """Write a duration: 4m, 1h30m.

    >>> duration(5400)
    '1h30m'
    """
    if seconds == 0:
        return "0m"
    parts = (
        (seconds // 86_400, "d"),
        (seconds % 86_400 // 3600, "h"),
        (seconds % 3600 // 60, "m"),
        (seconds % 60, "s"),
    )
    return "".join(f"{count}{unit}" for count, unit in parts if count)
