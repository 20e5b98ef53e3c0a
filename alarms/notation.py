"""The time-line notation: values and states as a line of words, one a period.

`1 1 90 91 92x3 _ 1` is nine periods: `_` is a period without data, `92x3` is three times 92. States are written the
same way: `ok okx2 ALARM INSUFFICIENT_DATA`, in upper or lower case; `?` is INSUFFICIENT_DATA for short.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from typing import Final, TypeVar

import numpy as np

from alarms.state import StateValue
from core.series import Series

T = TypeVar("T")

_TIMES: Final = re.compile(r"(.+)x(\d+)")
_SHORT: Final = {"?": StateValue.INSUFFICIENT_DATA, "INSUFFICIENT": StateValue.INSUFFICIENT_DATA}


class NotationError(ValueError):
    """A line that is not in the notation."""


def read_values(line: str) -> list[float | None]:
    """Read values, None where there is no data.

    >>> read_values("1 2.5x2 _ -3")
    [1.0, 2.5, 2.5, None, -3.0]
    """
    return list(_words(line, _value))


def read_states(line: str) -> list[StateValue]:
    """Read states.

    >>> [str(state) for state in read_states("ok ALARMx2 ?")]
    ['OK', 'ALARM', 'ALARM', 'INSUFFICIENT_DATA']
    """
    return list(_words(line, _state))


def write_states(states: Iterable[StateValue]) -> str:
    """Write states: OK in lower case, so that the others stand out.

    >>> write_states([StateValue.OK, StateValue.ALARM, StateValue.ALARM])
    'ok ALARMx2'
    """
    words = []
    for state, group in groupby(states):
        count = sum(1 for _ in group)
        word = "ok" if state is StateValue.OK else str(state)
        words.append(word if count == 1 else f"{word}x{count}")
    return " ".join(words)


def series(line: str, *, period: int, start: int) -> Series:
    """Give the series of a line of values whose first period starts at `start`, epoch seconds."""
    pairs = [(start + place * period, value) for place, value in enumerate(read_values(line)) if value is not None]
    times = np.array([time for time, _ in pairs], dtype=np.int64)
    return Series(times, np.array([value for _, value in pairs], dtype=np.float64), period)


def _words(line: str, read: Callable[[str], T]) -> Iterator[T]:
    for word in line.split():
        match = _TIMES.fullmatch(word)
        yield from [read(match[1])] * int(match[2]) if match else [read(word)]


def _value(word: str) -> float | None:
    if word == "_":
        return None
    try:
        value = float(word)
    except ValueError as error:
        raise NotationError(f"{word!r} is no value; write a number, _ for no data, or 9x3 for three nines") from error
    if not np.isfinite(value):
        raise NotationError(f"{word!r} is not finite; write _ for no data")
    return value


def _state(word: str) -> StateValue:
    name = word.upper()
    if name in _SHORT:
        return _SHORT[name]
    try:
        return StateValue(name)
    except ValueError as error:
        raise NotationError(f"{word!r} is no state; write ok, ALARM, INSUFFICIENT_DATA or ? for it") from error
