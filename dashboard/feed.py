"""What is on screen, kept fresh in the background: one read serves every viewer, and no viewer waits for AWS twice.

A fragment that runs every few seconds must take milliseconds, or Streamlit fades it and queues the viewer's clicks.
So it looks at a snapshot; a small pool of threads renews each snapshot as long as somebody looks at it.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

T = TypeVar("T")

LOG: Final = logging.getLogger("watchkeeper.feed")

WORKERS: Final = 4
"""Threads that read; AWS's answers are waited for, not computed."""
IDLE_SECONDS: Final = 45.0
"""A snapshot that nobody looked at for this long is no longer renewed."""
KEPT_SECONDS: Final = 600.0
"""After this long it is forgotten."""
TICK_SECONDS: Final = 0.5
FORGOTTEN_SECONDS: Final = 10.0
"""A value this much older than its renewals allow is not shown before a new one was tried."""
MOMENT_SECONDS: Final = 2.0


class ForeseenError(Exception):
    """Why a read brought nothing, in words that a page shows; it needs no traceback."""


@dataclass(frozen=True, slots=True)
class Snapshot(Generic[T]):
    """The newest value of a read, and whether the read after it failed."""

    value: T
    failure: BaseException | None = None
    """Why the latest renewal brought nothing, while the value before it still stands."""


class _Entry:
    """One key's state; guarded by the feed's lock."""

    __slots__ = ("asked", "done", "every", "load", "running", "snapshot")

    def __init__(self, load: Callable[[], Any], *, every: float | None) -> None:
        self.load = load
        self.every = every
        self.asked = 0.0
        self.done = 0.0
        self.running: Future[Any] | None = None
        self.snapshot: Snapshot[Any] | None = None


class Feed:
    """Snapshots by key. Safe to use from every session's thread."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._entries: dict[Hashable, _Entry] = {}
        self._pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="feed")
        self._closed = threading.Event()
        self._ticker = threading.Thread(target=self._keep_fresh, name="feed-ticker", daemon=True)
        self._ticker.start()

    def look(
        self, key: Hashable, load: Callable[[], T], *, every: float | None, patience: float = 0.0
    ) -> Snapshot[T] | None:
        """Give the newest snapshot under `key`, or None when the first read takes longer than `patience` seconds.

        `key` carries everything that `load` depends on. `every` is the seconds between renewals; None reads once.
        A first read that raises, raises here.
        """
        with self._lock:
            entry = self._entries.setdefault(key, _Entry(load, every=every))
            entry.load, entry.every, entry.asked = load, every, time.monotonic()
            if entry.snapshot is not None and not _is_forgotten(entry):
                return entry.snapshot
            running, old = entry.running or self._start(entry), entry.snapshot
        if old is not None:
            # Nobody looked for a while: the new value is worth a moment, then the old one is shown with its age.
            wait([running], timeout=MOMENT_SECONDS)
            return entry.snapshot
        wait([running], timeout=patience)
        if not running.done():
            return None
        value: T = running.result()
        return Snapshot(value)

    def holds(self, key: Hashable) -> bool:
        """Say whether a look at `key` would be answered at once."""
        with self._lock:
            entry = self._entries.get(key)
            return entry is not None and entry.snapshot is not None and not _is_forgotten(entry)

    def forget(self, key: Hashable) -> None:
        """Drop a snapshot, so that the next look reads anew."""
        with self._lock:
            self._entries.pop(key, None)

    def renew(self, key: Hashable) -> None:
        """Renew a snapshot soon; what is on screen stays until the new one has come."""
        with self._lock:
            entry = self._entries.get(key)
            if entry is not None and entry.running is None and not self._closed.is_set():
                self._start(entry)

    def close(self) -> None:
        """Stop renewing; reads that run are not waited for."""
        self._closed.set()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _start(self, entry: _Entry) -> Future[Any]:
        entry.running = future = self._pool.submit(entry.load)
        future.add_done_callback(lambda done: self._finish(entry, done))
        return future

    def _finish(self, entry: _Entry, future: Future[Any]) -> None:
        with self._lock:
            entry.running, entry.done = None, time.monotonic()
            if future.cancelled():
                return
            failure = future.exception()
            if failure is None:
                entry.snapshot = Snapshot(future.result())
            else:
                if isinstance(failure, ForeseenError):
                    LOG.warning("%s", failure)
                else:
                    LOG.error("a read in the background failed", exc_info=failure)
                if entry.snapshot is not None:
                    entry.snapshot = Snapshot(entry.snapshot.value, failure)

    def _keep_fresh(self) -> None:
        while not self._closed.wait(TICK_SECONDS):
            now = time.monotonic()
            with self._lock:
                for key, entry in list(self._entries.items()):
                    if now - entry.asked > KEPT_SECONDS:
                        del self._entries[key]
                    elif _is_due(entry, now=now):
                        self._start(entry)


def _is_forgotten(entry: _Entry) -> bool:
    """Say whether a value that should be renewed was left to grow old, because nobody looked."""
    if entry.every is None or entry.running is not None:
        return False
    return time.monotonic() - entry.done > entry.every + FORGOTTEN_SECONDS


def _is_due(entry: _Entry, *, now: float) -> bool:
    if entry.every is None or entry.running is not None or entry.snapshot is None:
        return False
    return now - entry.asked <= IDLE_SECONDS and now - entry.done >= entry.every
