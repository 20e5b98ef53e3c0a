"""Metric answers → numpy arrays, without a Python object per datapoint.

botocore parses each timestamp by itself, which is 92 % of its time here. These decoders cut the arrays out of the body,
read them whole, and leave botocore the rest. A body of any other shape gives None, and botocore's parser takes it all.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import orjson

from core.series import Times, Values

_ARRAY: Final = re.compile(rb'"(Timestamps|Values)"\s*:\s*\[([-+0-9.eE,\s]*)\]')
"""Numbers only. A quote inside a JSON string is escaped, so this never matches inside a label."""


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
    known: dict[bytes, Times] = {}
    rest: list[bytes] = []
    end = 0
    try:
        for found in _ARRAY.finditer(body):
            text = found[2]
            if found[1] == b"Values":
                values.append(_numbers(text))
            else:
                if text not in known:  # metrics of one call mostly share their times
                    known[text] = _seconds(_numbers(text))
                times.append(known[text])
            rest += (body[end : found.start(2)],)
            end = found.end(2)
    except (ValueError, TypeError, OverflowError):
        return None
    rest.append(body[end:])
    small = b"".join(rest)
    if not _all_taken(small, times, values):
        return None
    columns = tuple((t, {"": v}) for t, v in zip(times, values, strict=True))
    return Answer(columns, small)


def _all_taken(rest: bytes, times: list[Times], values: list[Values]) -> bool:
    """Whether every result gave one array of times and one of values, of one length."""
    results = rest.count(b'"Id"')
    return (
        len(times) == len(values) == results
        and rest.count(b'"Timestamps"') == rest.count(b'"Values"') == results
        and all(t.size == v.size for t, v in zip(times, values, strict=True))
    )


def _numbers(text: bytes) -> Values:
    return np.array(orjson.loads(b"[%b]" % text), dtype=np.float64)


def _seconds(epoch: Values) -> Times:
    seconds = np.rint(epoch).astype(np.int64)
    if not np.array_equal(seconds, epoch):
        raise ValueError("a time between two seconds")
    return seconds


def decode_statistics(body: bytes) -> Answer | None:
    """Decode a GetMetricStatistics answer in JSON, sorted by time; None where its shape is not the known one."""
    try:
        document = orjson.loads(body)
        datapoints = document["Datapoints"]
        times = _seconds(np.array([point["Timestamp"] for point in datapoints], dtype=np.float64))
        order = np.argsort(times, kind="stable")
        columns = {name: column[order] for name, column in _columns(datapoints).items()}
    except (ValueError, TypeError, KeyError, OverflowError):
        return None
    units = tuple(dict.fromkeys(point.get("Unit") for point in datapoints))
    rest = orjson.dumps({**document, "Datapoints": []})
    return Answer(((times[order], columns),), rest, units[:1] if len(units) == 1 else ())


def _columns(datapoints: list[dict[str, Any]]) -> dict[str, Values]:
    if not datapoints:
        return {}
    first = datapoints[0]
    if any(point.keys() != first.keys() for point in datapoints):
        raise ValueError("datapoints with different statistics")
    plain = [name for name in first if name not in {"Timestamp", "Unit", "ExtendedStatistics"}]
    columns = {name: np.array([point[name] for point in datapoints], dtype=np.float64) for name in plain}
    for name in first.get("ExtendedStatistics") or ():
        columns[name] = np.array([point["ExtendedStatistics"][name] for point in datapoints], dtype=np.float64)
    return columns


DECODERS: Final[dict[str, Callable[[bytes], Answer | None]]] = {
    "GetMetricData": decode_data,
    "GetMetricStatistics": decode_statistics,
}
