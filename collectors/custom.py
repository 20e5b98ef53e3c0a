"""An application's own metrics in CloudWatch, put from any thread or process and delivered once they can be.

    metrics = Metrics("Shop")
    metrics.put("PageLoadTime", 1.23, unit="Seconds", dimensions={"Page": "/"})

A put checks AWS's rules, prices what is new, and writes 40 bytes to a spool on this machine's disk; then it is
accepted, and survives the process. A thread delivers. No server of Watchkeeper's is needed. docs/custom-metrics.md
"""

from __future__ import annotations

import atexit
import functools
import inspect
import logging
import os
import time
import weakref
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Literal, Self, TypeVar, cast

from cloud.caps import month_of
from cloud.settings import Settings, load
from collectors import custom_rules as rules
from collectors.cardinality import HighCardinalityError, suspicions
from collectors.custom_delivery import Clock, Outcome
from collectors.custom_flushing import FLUSH_BYTES, Deliverer, Flusher
from collectors.custom_prices import CustomPrice
from collectors.custom_rules import Definition, MetricRefusedError
from collectors.spool.folder import Spool, Status
from collectors.spool.segments import EXTREMES, SET, slot

MOST_KNOWN: Final = 20_000
"""Metrics that a process knows by heart; beyond it looks them up again."""

log = logging.getLogger("watchkeeper.custom")
F = TypeVar("F", bound=Callable[..., Any])
Key = tuple[object, ...]


def now_ms() -> int:
    """Read the clock: an application that puts a value means now."""
    return time.time_ns() // 1_000_000


class Metrics:
    """The metrics of one namespace; threads share it, and a forked process goes on with it.

    `on_quota`: a metric above the quota is refused, or folded into the one without the dimension that has the most
    values. `on_many`: a dimension whose value looks like one of many is refused, warned of, or let through.
    `on_refused`: what is not accepted raises, or is logged once for each reason; it is counted in both cases.
    """

    def __init__(
        self,
        namespace: str,
        *,
        dimensions: Mapping[str, str] | None = None,
        region: str | None = None,
        spool: Path | str | None = None,
        quota: int | None = None,
        on_quota: Literal["refuse", "fold"] = "refuse",
        on_many: Literal["refuse", "warn", "allow"] = "refuse",
        on_refused: Literal["raise", "log"] = "raise",
        flush_seconds: float = 10.0,
        exit_seconds: float = 2.0,
        settings: Settings | None = None,
        clock: Clock = now_ms,
    ) -> None:
        settings = settings or load()
        rules.check_namespace(namespace)
        self.namespace = namespace
        self._always = dict(dimensions or {})
        self._fold, self._on_many, self._on_refused = on_quota == "fold", on_many, on_refused
        self._exit_seconds = exit_seconds
        self._clock = clock
        self._spool = Spool(
            Path(spool) if spool is not None else settings.data_dir / "custom" / (region or "home"),
            quota=settings.custom_metrics_quota if quota is None else quota,
            most_bytes=settings.custom_metrics_spool_mb * 1_000_000,
            patience=settings.custom_metrics_patience_ms / 1000,
        )
        self._deliverer = Deliverer(self._spool, settings, region=region, clock=clock)
        self._flusher = Flusher(self._deliverer.deliver, seconds=flush_seconds, after=self._spool.note_refused)
        self._known: dict[Key, int] = {}
        self._month_ends = 0
        self._unflushed = 0
        self._said: set[str] = set()
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
        count: float = 1,
        resolution: int = 60,
        percentiles: bool = True,
    ) -> bool:
        """Accept a value, seen `count` times; says whether it is kept. Raises `MetricRefusedError`.

        `resolution` 1 makes a high-resolution metric. Without `percentiles` a period is sent as one statistic set.
        """
        try:
            now = self._clock()
            metric = self._metric(name, unit, dimensions, resolution, percentiles, now)
            ms = now if at is None else rules.instant(name, at, now_ms=now)
            number = rules.number(name, value)
            times = 1.0 if count == 1 else rules.check_count(name, count)
            self._keep(slot(metric, ms, number, times), now)
        except MetricRefusedError as error:
            return self._refused(error)
        return True

    def put_set(
        self,
        name: str,
        *,
        sample_count: float,
        total: float,
        minimum: float,
        maximum: float,
        unit: str | None = None,
        dimensions: Mapping[str, str] | None = None,
        at: datetime | None = None,
        resolution: int = 60,
    ) -> bool:
        """Accept a statistic set that was counted elsewhere: it has no percentiles. Raises `MetricRefusedError`."""
        try:
            now = self._clock()
            metric = self._metric(name, unit, dimensions, resolution, True, now)  # noqa: FBT003
            ms = now if at is None else rules.instant(name, at, now_ms=now)
            n, total, least, most = rules.check_set(name, (sample_count, total, minimum, maximum))
            self._keep(slot(metric, ms, n, total, SET) + slot(metric, ms, least, most, EXTREMES), now)
        except MetricRefusedError as error:
            return self._refused(error)
        return True

    def timed(self, name: str, *, dimensions: Mapping[str, str] | None = None, resolution: int = 60) -> Timed:
        """Measure seconds: a context manager, or a decorator of functions and coroutine functions."""
        return Timed(functools.partial(self.put, name, unit="Seconds", dimensions=dimensions, resolution=resolution))

    def price(self, metrics: Sequence[tuple[str, Mapping[str, str]]]) -> CustomPrice:
        """Say what (name, dimensions) would add to the bill, without putting anything. Raises `MetricRefusedError`."""
        new = [self._defined(name, None, dimensions, 60, percentiles=True) for name, dimensions in metrics]
        return self._spool.price(new, now_ms=self._clock())

    def flush(self) -> Outcome:
        """Deliver now, in this thread, all that waits or as far as it goes."""
        return self._deliverer.deliver()

    def status(self) -> Status:
        """Give what waits, what became of the rest, and which metrics there are."""
        return self._spool.status(now_ms=self._clock())

    def close(self) -> None:
        """Deliver for `exit_seconds` at most; what is left waits in the spool for the next process."""
        atexit.unregister(self.close)
        self._flusher.stop(seconds=self._exit_seconds)
        with suppress(MetricRefusedError):
            self._spool.close()
        self._deliverer.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # -- one put ----------------------------------------------------------------------------------------------------

    def _keep(self, slots: bytes, now: int) -> None:
        self._spool.append(slots, now_ms=now)
        if not self._flusher.is_running:
            self._flusher.start()
        self._unflushed += len(slots)
        if self._unflushed > FLUSH_BYTES:
            self._unflushed = 0
            self._flusher.wake()

    def _metric(
        self,
        name: str,
        unit: str | None,
        dimensions: Mapping[str, str] | None,
        resolution: int,
        percentiles: bool,  # noqa: FBT001
        now: int,
    ) -> int:
        """Give the number of a metric, which is registered where it is new this month."""
        if now >= self._month_ends or len(self._known) > MOST_KNOWN:
            self._known = {}
            self._month_ends = int(month_of(datetime.fromtimestamp(now / 1000, UTC)).end.timestamp() * 1000)
        key = (
            (name, unit, resolution, percentiles, *dimensions.items())
            if dimensions
            else (name, unit, resolution, percentiles)
        )
        try:
            return self._known[key]
        except KeyError:
            found = self._admitted(self._defined(name, unit, dimensions, resolution, percentiles=percentiles), now)
            return self._known.setdefault(key, found.id)
        except TypeError:  # not hashable, so it is no text: refused with a reason
            return self._defined(name, unit, dimensions, resolution, percentiles=percentiles).id

    def _defined(
        self, name: str, unit: str | None, dimensions: Mapping[str, str] | None, resolution: int, *, percentiles: bool
    ) -> Definition:
        wanted = {**self._always, **(dimensions or {})}
        found = rules.define(
            self.namespace, name, dimensions=wanted, unit=unit, resolution=resolution, percentiles=percentiles
        )
        many = suspicions(found.dimensions) if self._on_many != "allow" else ()
        if many and self._on_many == "refuse":
            raise HighCardinalityError(f'{found}: {many[0]}; or say on_many="warn"')
        for each in many:
            log.warning("%s: %s", found, each)
        return found

    def _admitted(self, wanted: Definition, now: int) -> Definition:
        found, price = self._spool.admit(wanted, now_ms=now, fold=self._fold)
        if price.adding:
            known = price.known + price.adding
            log.info("%s is new: %s; %d of the quota's %d this month", found, price, known, price.quota)
        if found.billed_as != wanted.billed_as:
            log.warning("%s is above the quota of %d metrics and is folded into %s", wanted, price.quota, found)
        return found

    def _refused(self, error: MetricRefusedError) -> bool:
        self._spool.refuse(error.reason)
        if self._on_refused == "raise":
            raise error
        if error.reason not in self._said:
            self._said.add(error.reason)
            log.warning("A metric was not accepted, and the next for this reason are only counted: %s", error)
        return False

    # -- forks ------------------------------------------------------------------------------------------------------

    def before_fork(self) -> None:
        self._deliverer.before_fork()

    def after_fork_in_child(self) -> None:
        self._flusher.after_fork_in_child()
        self._deliverer.after_fork_in_child()


class Timed(AbstractContextManager["Timed"]):
    """Puts the seconds that a block or a function took, also where it raises."""

    def __init__(self, put: Callable[[float], object]) -> None:
        self._put = put
        self._began: list[float] = []

    def __enter__(self) -> Self:
        self._began.append(time.perf_counter())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        self._put(time.perf_counter() - self._began.pop())

    def __call__(self, function: F) -> F:
        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def timed_coroutine(*arguments: Any, **options: Any) -> Any:
                with Timed(self._put):
                    return await function(*arguments, **options)

            return cast("F", timed_coroutine)

        @functools.wraps(function)
        def timed(*arguments: Any, **options: Any) -> Any:
            with Timed(self._put):
                return function(*arguments, **options)

        return cast("F", timed)


_every: weakref.WeakSet[Metrics] = weakref.WeakSet()


def _each(method: str) -> None:
    for metrics in list(_every):
        getattr(metrics, method)()


os.register_at_fork(before=lambda: _each("before_fork"), after_in_child=lambda: _each("after_fork_in_child"))
