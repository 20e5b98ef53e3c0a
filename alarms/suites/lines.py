"""The notation as suites use it: bounded in length, and with steps: `10+5x3` is 10, 15, 20."""

from __future__ import annotations

import re
from typing import Final

from alarms import notation
from alarms.notation import NotationError
from alarms.state import StateValue

MAX_PERIODS: Final = 20_000
"""Words of one line, repetitions written out: two weeks of minutes."""
_REPEATED: Final = re.compile(r".+x(\d+)")
_STEPS: Final = re.compile(r"(-?[\d.]+)([+-][\d.]+)x(\d{1,5})")


def read_values(line: str) -> list[float | None]:
    """Read a line of values, None where there is no data.

    >>> read_values("1 10+5x3 _")
    [1.0, 10.0, 15.0, 20.0, None]
    """
    _check_length(line)
    values: list[float | None] = []
    for word in line.split():
        steps = _STEPS.fullmatch(word)
        values += _stepped(*steps.groups()) if steps else notation.read_values(word)
    return values


def read_states(line: str) -> list[StateValue]:
    """Read a line of states."""
    _check_length(line)
    return notation.read_states(line)


def _stepped(first: str, step: str, times: str) -> list[float]:
    try:
        start, by = float(first), float(step)
    except ValueError:
        raise NotationError(f"'{first}{step}x{times}' is no value; write 10+5x3 for 10, 15 and 20") from None
    return [start + by * place for place in range(int(times))]


def _check_length(line: str) -> None:
    length = 0
    for word in line.split():
        match = _REPEATED.fullmatch(word)
        length += 1 if match is None else int(match[1]) if len(match[1]) < 10 else MAX_PERIODS + 1
        if length > MAX_PERIODS:
            raise NotationError(f"a line has more than {MAX_PERIODS:,} words")
