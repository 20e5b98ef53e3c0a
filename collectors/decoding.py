"""Metric answers → numpy arrays, without a Python object per datapoint.

botocore parses each timestamp by itself, which is 92 % of its time here. These decoders cut the arrays out of the body,
read them whole, and leave botocore the rest. A body of any other shape gives None, and botocore's parser takes it all.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, Final

import numpy as np
import orjson

from core.series import Times, Values

_KEYS: Final = (b'"Timestamps"', b'"Values"')
"""A quote inside a JSON string is escaped, so these bytes are keys, or else whole strings that `_all_taken` notices."""
_COLON: Final = re.compile(rb"\s*:\s*")
_NO_NUMBERS: Final = (b'"', b"u", b"l", b"[", b"{")
"""Bytes that strings, null, true, false and nested values have, and numbers have not."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a decoder took out of a body."""

    columns: tuple[tuple[Times, dict[str, Values]], ...]
    """For each result in the order of the body: its times, and its values by statistic (`""` in GetMetricData)."""
    rest: bytes
    """The body without its datapoints, for botocore."""
    units: tuple[str | None, ...] = ()


def decode_data(body: bytes) -> Answer | None:
    """Decode a GetMetricData answer in JSON; None where its shape is not the known one."""
    times: list[Times] = []
    values: list[Values] = []
    rest: list[bytes] = []
    end = 0
    before: tuple[bytes, Times] = (b"", np.empty(0, np.int64))
    try:
        for is_values, start, stop in _arrays(body):
            if is_values:
                values.append(_numbers(body, start, stop))
            else:
                text = body[start:stop]
                if text != before[0]:  # metrics of one call mostly share their times
                    before = (text, _seconds(_numbers(body, start, stop)))
                times.append(before[1])
            rest += (body[end:start], b"[]")
            end = stop
    except (ValueError, TypeError, OverflowError):
        return None
    rest.append(body[end:])
    small = b"".join(rest)
    if not _all_taken(small, times, values):
        return None
    columns = tuple((t, {"": v}) for t, v in zip(times, values, strict=True))
    return Answer(columns, small)


def _arrays(body: bytes) -> Iterator[tuple[bool, int, int]]:
    """Give (is it values, where it starts, one past its end) of each array under one of the keys, in order.

    `bytes.find` runs at memory speed, a regular expression over the numbers does not.
    """
    found = [body.find(key) for key in _KEYS]
    while max(found) >= 0:
        is_values = found[0] < 0 or 0 <= found[1] < found[0]
        key = _KEYS[is_values]
        colon = _COLON.match(body, found[is_values] + len(key))
        start = colon.end() if colon else -1
        if start < 0 or body[start : start + 1] != b"[":
            raise ValueError("not an array")
        stop = body.index(b"]", start) + 1
        yield is_values, start, stop
        found[is_values] = body.find(key, stop)


def _all_taken(rest: bytes, times: list[Times], values: list[Values]) -> bool:
    """Whether every result gave one array of times and one of values, of one length."""
    results = rest.count(b'"Id"')
    return (
        len(times) == len(values) == results
        and rest.count(b'"Timestamps"') == rest.count(b'"Values"') == results
        and all(t.size == v.size for t, v in zip(times, values, strict=True))
    )


def _numbers(body: bytes, start: int, stop: int) -> Values:
    if any(body.find(byte, start + 1, stop) >= 0 for byte in _NO_NUMBERS):
        raise ValueError("not an array of numbers")
    numbers = orjson.loads(memoryview(body)[start:stop])
    return np.fromiter(numbers, np.float64, len(numbers))


_LATEST: Final = 2**53
"""Whole numbers up to here are exact as floats; a time beyond is none."""


def _seconds(epoch: Values) -> Times:
    if epoch.size and not np.abs(epoch).max() <= _LATEST:
        raise ValueError("a time that is no time")
    seconds = np.rint(epoch).astype(np.int64)
    if not np.array_equal(seconds, epoch):
        raise ValueError("a time between two seconds")
    return seconds


def decode_statistics(body: bytes) -> Answer | None:
    """Decode a GetMetricStatistics answer in JSON, sorted by time; None where its shape is not the known one."""
    for decode in (_uniform, _general):
        with suppress(ValueError, TypeError, KeyError, AttributeError, OverflowError):
            if answer := decode(body):
                return answer
    return None


_NUMERIC: Final = b"0123456789.+-E"
_NOT_NUMERIC: Final = bytes(set(range(256)).difference(_NUMERIC, b",}"))
_BRACE_TO_ZERO: Final = bytes.maketrans(b"}", b"0")
_DATAPOINTS: Final = b'"Datapoints":[{'


def _uniform(body: bytes) -> Answer | None:
    """Decode datapoints that are all written as the first is; None where they are not, or may not be.

    Deleting all that is no part of a number leaves `time,value,...,0,time,value,...`: the closing brace becomes a 0 in
    the place of the unit. No object is made for a datapoint, a third of what reading them as objects takes. Before
    that counts, the text without its numbers must be the first datapoint's repeated, with as many runs of digits.
    """
    start = body.find(_DATAPOINTS) + len(_DATAPOINTS) - 1
    stop = body.find(b"]", start)
    block = body[start:stop] + b","
    first = block[: block.find(b"}") + 2]
    layout = _layout(first) if start >= len(_DATAPOINTS) - 1 and stop > 0 else None
    if layout is None:
        return None
    names, unit = layout
    pattern = first.translate(None, _NUMERIC)
    count, beyond = divmod(len(text := block.translate(None, _NUMERIC)), len(pattern))
    if beyond or text != pattern * count or _runs(block) != _runs(first) * count:
        return None
    rest = body[:start] + body[stop:]
    if orjson.loads(rest)["Datapoints"] != [] or rest.count(b'"Datapoints"') != 1:
        return None
    table = np.array(_stripped(block), np.float64).reshape(count, len(names) + 1)
    columns = dict(zip(names, table.T, strict=False))
    return _ordered(columns, rest, (unit,))


def _layout(first: bytes) -> tuple[list[str], str] | None:
    """Give the names of a datapoint's numbers, in order, and its unit; None where it is not numbers and then a unit."""
    point = orjson.loads(first[:-1])
    unit = point.get("Unit")
    *names, last = point
    known = names and last == "Unit" and isinstance(unit, str)
    if not known or _stripped(first) != [*(point[name] for name in names), 0]:
        return None
    return names, unit


def _stripped(block: bytes) -> list[float]:
    numbers: list[float] = orjson.loads(b"[" + block.translate(_BRACE_TO_ZERO, _NOT_NUMERIC)[:-1] + b"]")
    return numbers


def _runs(text: bytes) -> int:
    """Count the runs of characters that numbers are written in: one a number, and one for each that lies astray."""
    characters = np.frombuffer(text, np.uint8)
    numeric = (characters - 45) < 13  # - . / 0 to 9; others wrap around
    numeric &= characters != ord("/")
    numeric |= (characters == ord("E")) | (characters == ord("+"))
    return int(np.count_nonzero(numeric[1:] > numeric[:-1]))


def _general(body: bytes) -> Answer:
    """Decode datapoints by way of an object each. Raises where they are not all of the same keys and numbers."""
    document = orjson.loads(body)
    datapoints = document["Datapoints"]
    columns = _columns(datapoints) if datapoints else {"Timestamp": np.empty(0)}
    units = set(map(_UNIT, datapoints)) if datapoints and "Unit" in datapoints[0] else set()
    rest = orjson.dumps({**document, "Datapoints": []})
    return _ordered(columns, rest, tuple(units) if len(units) == 1 else ())


def _ordered(columns: dict[str, Values], rest: bytes, units: tuple[str | None, ...]) -> Answer:
    times = _seconds(columns.pop("Timestamp"))
    order = np.argsort(times, kind="stable")
    return Answer(((times[order], {name: column[order] for name, column in columns.items()}),), rest, units)


_UNIT: Final = itemgetter("Unit")
_EXTENDED: Final = itemgetter("ExtendedStatistics")


def _columns(datapoints: list[dict[str, Any]]) -> dict[str, Values]:
    """Give a column for each key of the datapoints that has numbers; all must have the same keys."""
    first = datapoints[0]
    # A datapoint that lacks a key raises below, so equal sums mean equal keys.
    if sum(map(len, datapoints)) != len(first) * len(datapoints):
        raise ValueError("datapoints with different statistics")
    columns = {
        name: np.fromiter(map(itemgetter(name), datapoints), np.float64, len(datapoints))
        for name in first
        if name not in {"Unit", "ExtendedStatistics"}
    }
    if "ExtendedStatistics" in first:
        columns |= _columns(list(map(_EXTENDED, datapoints)))
    return columns


DECODERS: Final[dict[str, Callable[[bytes], Answer | None]]] = {
    "GetMetricData": decode_data,
    "GetMetricStatistics": decode_statistics,
}
