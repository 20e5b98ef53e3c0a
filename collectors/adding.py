"""What both ways of putting a value share: into the spool (`collectors.custom`), or as lines of a log (`embedded`)."""

from __future__ import annotations

import functools
import inspect
import logging
import os
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from types import TracebackType
from typing import Any, Self, TypeVar, Unpack, cast

from cloud.settings import Settings, load, unsaid_demo
from collectors import custom_rules as rules
from collectors.admission import Admission, Strictness
from collectors.custom_delivery import Clock
from collectors.custom_rules import Definition
from collectors.spool.folder import Spool

log = logging.getLogger("watchkeeper.custom")
F = TypeVar("F", bound=Callable[..., Any])


def now_ms() -> int:
    """Read the clock: an application that puts a value means now."""
    return time.time_ns() // 1_000_000


def settings_in_force(settings: Settings | None) -> Settings:
    """Give an application's settings, or those of the environment; warn where these mean the demo by default."""
    if settings is not None:
        return settings
    found = load()
    mind_the_demo(found)
    return found


def mind_the_demo(settings: Settings) -> None:
    """Warn that values go to the demo cloud, where nobody said so: on an instance with a role AWS may be meant."""
    if unsaid := unsaid_demo(settings, os.environ):
        log.warning("Where custom metrics go: %s.", unsaid)


class Adding(ABC):
    """One namespace, with its door and its clock."""

    def __init__(
        self,
        namespace: str,
        spool: Spool,
        *,
        dimensions: Mapping[str, str] | None,
        clock: Clock,
        **strictness: Unpack[Strictness],
    ) -> None:
        self._spool = spool
        self._clock = clock
        self._admission = Admission(namespace, spool, always=dimensions or {}, **strictness)

    @abstractmethod
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

    @abstractmethod
    def close(self) -> None:
        """Let what was accepted leave."""

    def timed(self, name: str, *, dimensions: Mapping[str, str] | None = None, resolution: int = 60) -> Timed:
        """Measure seconds: a context manager, or a decorator of functions and coroutine functions."""
        return Timed(functools.partial(self.put, name, unit="Seconds", dimensions=dimensions, resolution=resolution))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _let_in(
        self,
        name: str,
        unit: str | None,
        dimensions: Mapping[str, str] | None,
        at: datetime | None,
        resolution: int,
        *,
        percentiles: bool = True,
    ) -> tuple[Definition, int, int]:
        """Give the metric, the time of its datapoint and the time that it is now. Raises `MetricRefusedError`."""
        now = self._clock()
        metric = self._admission.metric(name, unit, dimensions, resolution, percentiles=percentiles, now=now)
        return metric, now if at is None else rules.instant(name, at, now_ms=now), now


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
