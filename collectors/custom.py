"""An application's own metrics in CloudWatch, put from any thread or process and delivered once they can be.

    metrics = Metrics("Shop")
    metrics.put("PageLoadTime", 1.23, unit="Seconds", dimensions={"Page": "/"})

A put checks AWS's rules, prices what is new, and writes 40 bytes to a spool on this machine's disk; then it is
accepted, and survives the process. A thread delivers. No server of Watchkeeper's is needed. docs/custom-metrics.md
"""

from __future__ import annotations

import atexit
import os
import weakref
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Unpack

from cloud.settings import Settings
from collectors import custom_rules as rules
from collectors.adding import Adding, now_ms, settings_in_force
from collectors.admission import Strictness
from collectors.custom_delivery import Clock, Outcome
from collectors.custom_flushing import FLUSH_BYTES, Deliverer, Flusher
from collectors.custom_prices import AccountMetrics, CustomPrice
from collectors.custom_rules import MetricRefusedError
from collectors.spool.folder import Status, spool_of
from collectors.spool.pauses import Pause
from collectors.spool.segments import EXTREMES, SET, slot


class Metrics(Adding):
    """The metrics of one namespace; threads share it, and a forked process goes on with it.

    `strictness` is `on_quota`, `on_many` and `on_refused`: see `collectors.admission.Strictness`. Without `background`
    nothing is delivered but by `flush`.
    """

    def __init__(
        self,
        namespace: str,
        *,
        dimensions: Mapping[str, str] | None = None,
        region: str | None = None,
        spool: Path | str | None = None,
        quota: int | None = None,
        flush_seconds: float = 10.0,
        exit_seconds: float = 2.0,
        background: bool = True,
        settings: Settings | None = None,
        clock: Clock = now_ms,
        **strictness: Unpack[Strictness],
    ) -> None:
        settings = settings_in_force(settings)
        own = spool_of(settings, region=region, path=spool, quota=quota)
        super().__init__(namespace, own, dimensions=dimensions, clock=clock, **strictness)
        self._exit_seconds = exit_seconds
        self._deliverer = Deliverer(self._spool, settings, region=region, clock=clock)
        self._flusher = Flusher(self._deliverer.deliver, seconds=flush_seconds, after=self._spool.note_refused)
        self._background = background
        self._unflushed = 0
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
            metric, ms, now = self._let_in(name, unit, dimensions, at, resolution, percentiles=percentiles)
            number = rules.number(name, value)
            times = 1.0 if count == 1 else rules.check_count(name, count)
            return self._keep(slot(metric.id, ms, number, times), now)
        except MetricRefusedError as error:
            return self._admission.refused(error)

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
            metric, ms, now = self._let_in(name, unit, dimensions, at, resolution)
            n, total, least, most = rules.check_set(name, (sample_count, total, minimum, maximum))
            return self._keep(slot(metric.id, ms, n, total, SET) + slot(metric.id, ms, least, most, EXTREMES), now)
        except MetricRefusedError as error:
            return self._admission.refused(error)

    def price(
        self, metrics: Iterable[tuple[str, Mapping[str, str]]], *, account: AccountMetrics | None = None
    ) -> CustomPrice:
        """Say what (name, dimensions) would add to the bill, without putting anything. Raises `MetricRefusedError`.

        `account` is what others of the account push, where that is known: they use the free metrics, too.
        """
        new = [self._admission.defined(name, None, dimensions) for name, dimensions in metrics]
        return self._spool.price(new, now_ms=self._clock(), account=account)

    def pause(self, *, add: Iterable[Pause] = (), remove: Iterable[Pause] = ()) -> frozenset[Pause]:
        """Stop sending some metrics, of any namespace of this spool, and let others go on; give those that are paused.

        Every process that delivers the spool obeys. What is put meanwhile is accepted, dropped and counted.
        """
        return self._spool.pauses.change(add=tuple(add), remove=tuple(remove))

    def check(
        self,
        name: str,
        value: float,
        *,
        unit: str | None = None,
        dimensions: Mapping[str, str] | None = None,
        at: datetime | None = None,
        count: float = 1,
        resolution: int = 60,
    ) -> None:
        """Raise the `MetricRefusedError` that a put would, but for the quota; put and count nothing."""
        self._admission.defined(name, unit, dimensions, resolution)
        if at is not None:
            rules.instant(name, at, now_ms=self._clock())
        rules.number(name, value)
        rules.check_count(name, count)

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

    # -- one put ----------------------------------------------------------------------------------------------------

    def _keep(self, slots: bytes, now: int) -> bool:
        self._spool.append(slots, now_ms=now)
        if self._background and not self._flusher.is_running:
            self._flusher.start()
        self._unflushed += len(slots)
        if self._unflushed > FLUSH_BYTES:
            self._unflushed = 0
            self._flusher.wake()
        return True

    # -- forks ------------------------------------------------------------------------------------------------------

    def before_fork(self) -> None:
        self._deliverer.before_fork()

    def after_fork_in_child(self) -> None:
        self._flusher.after_fork_in_child()
        self._deliverer.after_fork_in_child()


_every: weakref.WeakSet[Metrics] = weakref.WeakSet()


def _each(method: str) -> None:
    for metrics in list(_every):
        getattr(metrics, method)()


os.register_at_fork(before=lambda: _each("before_fork"), after_in_child=lambda: _each("after_fork_in_child"))
