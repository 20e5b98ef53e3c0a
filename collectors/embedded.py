"""An application's own metrics as lines of a log, in the embedded metric format: the second way beside the spool.

For Lambda, and wherever an agent reads the log; `collectors.log_lines_out` sends lines by itself. What the log loses
is lost.
"""

from __future__ import annotations

import atexit
import os
import sys
import threading
import weakref
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Protocol, Unpack

import orjson

from cloud.settings import Settings, load
from collectors import custom_rules as rules
from collectors.adding import Adding, now_ms
from collectors.admission import Strictness
from collectors.custom_delivery import Clock
from collectors.custom_rules import Definition, MetricRefusedError
from collectors.spool.folder import spool_of

EMBEDDED_FORMAT: Final = (
    "https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/"
    "CloudWatch_Embedded_Metric_Format_Specification.html"
)
MOST_VALUES: Final = 100
"""Values of one metric in a line. Source: EMBEDDED_FORMAT."""
MOST_METRICS: Final = 100
"""Metrics in a line. Source: EMBEDDED_FORMAT."""


class Target(Protocol):
    """Where lines go: an open text file, or `collectors.log_lines_out.LogLines`."""

    def write(self, text: str, /) -> int: ...

    def flush(self) -> None: ...


@dataclass(slots=True)
class _Line:
    """What leaves together: one set of dimensions at one time."""

    ms: int
    values: dict[Definition, list[float]] = field(default_factory=dict)


class EmbeddedMetrics(Adding):
    """Like `collectors.custom.Metrics`, but writes lines to `stream`; threads share it.

    A line leaves when one of its metrics has 100 values, when the next value is of another second, or with `flush`,
    which is also called at the end. Quota and metrics are kept in the spool; on Lambda name one under /tmp.
    """

    def __init__(
        self,
        namespace: str,
        *,
        stream: Target | None = None,
        dimensions: Mapping[str, str] | None = None,
        spool: Path | str | None = None,
        quota: int | None = None,
        settings: Settings | None = None,
        clock: Clock = now_ms,
        **strictness: Unpack[Strictness],
    ) -> None:
        own = spool_of(settings or load(), path=spool, quota=quota)
        super().__init__(namespace, own, dimensions=dimensions, clock=clock, **strictness)
        self._stream: Target = stream or sys.stdout
        self._lock = threading.Lock()
        self._lines: dict[tuple[tuple[str, str], ...], _Line] = {}
        atexit.register(self.close)
        _every.add(self)

    def put(
        self,
        name: str,
        value: float,
        *,
        unit: str | None = None,
        dimensions: Mapping[str, str] | None = None,
        at: datetime | None = None,
        resolution: int = 60,
    ) -> bool:
        """Accept a value; says whether it is. Raises `MetricRefusedError`."""
        try:
            metric, ms, _ = self._let_in(name, unit, dimensions, at, resolution)
            number = rules.number(name, value)
            _check_names(metric)
        except MetricRefusedError as error:
            return self._admission.refused(error)
        with self._lock:
            self._add(metric, ms // 1000 * 1000, number)
        return True

    def flush(self) -> None:
        """Write every line that has begun."""
        with self._lock:
            lines, self._lines = self._lines, {}
            for line in lines.values():
                self._write(line)

    def close(self) -> None:
        """Write what is left, and note what was refused."""
        atexit.unregister(self.close)
        self.flush()
        self._spool.close()

    def after_fork_in_child(self) -> None:
        """What was put before the fork is the parent's to write."""
        self._lock = threading.Lock()
        self._lines = {}

    def _add(self, metric: Definition, ms: int, number: float) -> None:
        line = self._lines.get(metric.dimensions)
        if line is not None and not _fits(line, metric, ms):
            self._write(line)
            line = None
        if line is None:
            line = self._lines[metric.dimensions] = _Line(ms)
        line.values.setdefault(metric, []).append(number)

    def _write(self, line: _Line) -> None:
        self._stream.write(orjson.dumps(_document(line)).decode() + "\n")
        self._stream.flush()


_every: weakref.WeakSet[EmbeddedMetrics] = weakref.WeakSet()


def _forget() -> None:
    for metrics in list(_every):
        metrics.after_fork_in_child()


os.register_at_fork(after_in_child=_forget)


def _fits(line: _Line, metric: Definition, ms: int) -> bool:
    """Say whether a value can join a line: one time, and one unit for each name."""
    there = line.values.get(metric)
    if line.ms != ms or (there is not None and len(there) == MOST_VALUES):
        return False
    others = (each for each in line.values if each.name == metric.name and each != metric)
    return len(line.values) + (there is None) <= MOST_METRICS and not any(others)


def _document(line: _Line) -> dict[str, Any]:
    """Give a line as CloudWatch Logs reads it."""
    (first, *_) = line.values
    directive = {
        "Namespace": first.namespace,
        "Dimensions": [[name for name, _ in first.dimensions]],
        "Metrics": [_described(metric) for metric in line.values],
    }
    return {
        "_aws": {"Timestamp": line.ms, "CloudWatchMetrics": [directive]},
        **dict(first.dimensions),
        **{metric.name: values[0] if len(values) == 1 else values for metric, values in line.values.items()},
    }


def _described(metric: Definition) -> dict[str, Any]:
    described: dict[str, Any] = {"Name": metric.name}
    if metric.unit is not None:
        described["Unit"] = metric.unit
    if metric.resolution != 60:
        described["StorageResolution"] = metric.resolution
    return described


def _check_names(metric: Definition) -> None:
    """In a line, metrics and dimensions share one level of names."""
    names = {"_aws", *(name for name, _ in metric.dimensions)}
    if metric.name in names:
        raise MetricRefusedError(
            f"metric {metric.name!r} has the name of a dimension, or is the format's own; call one otherwise"
        )
