"""What the demo cloud's time is: a clock that stands until told to move, or one that runs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol

from core.timespan import utc


class Clock(Protocol):
    """Gives the demo cloud's present instant, aware UTC."""

    def now(self) -> datetime: ...


class RunningClock:
    """Runs with the instant that `read` gives; only `__main__` hands in a real one."""

    def __init__(self, read: Callable[[], datetime]) -> None:
        self._read = read

    def now(self) -> datetime:
        return self._read()


class StandingClock:
    """Stands at `at`, and moves only when it is told to."""

    def __init__(self, at: datetime) -> None:
        self._at = utc(at)

    def now(self) -> datetime:
        return self._at

    def move_to(self, instant: datetime) -> None:
        """Move forward to `instant`; time never runs backwards, because what has happened stays."""
        instant = utc(instant)
        if instant < self._at:
            raise ValueError(f"the clock stands at {self._at.isoformat()} and cannot go back to {instant.isoformat()}")
        self._at = instant

    def advance(self, duration: timedelta) -> datetime:
        """Move forward by `duration` and give the new instant."""
        self.move_to(self._at + duration)
        return self._at
