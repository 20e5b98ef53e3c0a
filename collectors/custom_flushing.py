"""The thread that delivers a spool in the background of an application."""

from __future__ import annotations

import atexit
import logging
import random
import threading
from collections.abc import Callable
from typing import Final

from cloud.clients import Clients
from cloud.database import DatabaseDownError
from cloud.faults import CloudError
from cloud.metering import Meter, feature
from cloud.settings import Settings
from collectors.custom_delivery import Clock, Delivery, Outcome
from collectors.spool.folder import Spool
from core.timespan import from_epoch

FEATURE: Final = "custom metrics"
"""Under which our calls stand in the ledger."""
FLUSH_BYTES: Final = 2**20
"""So much is delivered before its time."""
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
"""Seconds between two tries that fail; each pause is twice the one before, less up to a half by chance."""

log = logging.getLogger("watchkeeper.custom")


class Flusher:
    """Delivers every `seconds`, and when `wake` is called; after a failure when its pause is over."""

    def __init__(
        self,
        deliver: Callable[[], Outcome],
        *,
        seconds: float,
        after: Callable[[], None],
        waiting: str = "Custom metrics wait in the spool",
    ) -> None:
        """Deliver by `deliver`, then call `after`; `waiting` says for the log what a failure leaves behind."""
        self._waiting = waiting
        self._deliver = deliver
        self._seconds = seconds
        self._after = after
        self._failures = 0
        self._said = ""
        self._begin()

    def _begin(self) -> None:
        self.is_running = False
        self._stopping = False
        self._due = threading.Event()
        self._guard = threading.Lock()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start the thread in this process, once."""
        with self._guard:
            if not self.is_running and not self._stopping:
                self._thread = threading.Thread(target=self._run, name="watchkeeper-custom", daemon=True)
                self._thread.start()
                self.is_running = True

    def wake(self) -> None:
        """Deliver now, unless a failure is being waited out."""
        if not self._failures:
            self._due.set()

    def stop(self, *, seconds: float) -> None:
        """Deliver a last time, for so long at most."""
        self._stopping = True
        self._due.set()
        if self._thread is not None:
            self._thread.join(seconds)

    def after_fork_in_child(self) -> None:
        """A forked child has no thread; it starts one of its own when it puts something."""
        self._begin()

    def _run(self) -> None:
        try:
            while not self._stopping:
                self._due.wait(self._pause())
                self._due.clear()
                self._try()
        finally:
            self.is_running = False  # whatever ended it, the next put starts another

    def _pause(self) -> float:
        if not self._failures:
            return self._seconds
        longest: float = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (self._failures - 1))
        return random.uniform(longest / 2, longest)

    def _try(self) -> None:
        try:
            outcome = self._deliver()
            why = outcome.failed.detail or str(outcome.failed.kind) if outcome.failed else ""
        except OSError as error:
            why = str(error)
        self._failures = self._failures + 1 if why else 0
        if why and why != self._said:
            log.warning("%s and are tried again: %s", self._waiting, why)
        self._said = why
        self._after()


class Deliverer:
    """A spool's delivery through `cloud.clients`, made when it is first used: an application starts without it."""

    def __init__(self, spool: Spool, settings: Settings, *, region: str | None, clock: Clock) -> None:
        self._spool = spool
        self._settings = settings
        self._region = region
        self._clock = clock
        self._clients: Clients | None = None
        self._delivery: Delivery | None = None
        self._left_behind: list[object] = []
        self._one_at_a_time = threading.Lock()

    def deliver(self) -> Outcome:
        """Send all that waits now, or as far as it goes. Raises `OSError` where the spool cannot be read."""
        with self._one_at_a_time:
            return self._delivered()

    def _delivered(self) -> Outcome:
        outcome = self._tried()
        if isinstance(outcome.failed, DatabaseDownError) and self._spool.give_reserve():
            outcome = self._tried()
        if outcome.failed is None:
            self._spool.take_reserve()
        return outcome

    def _tried(self) -> Outcome:
        try:
            with feature(FEATURE):
                return self._made().deliver()
        except CloudError as error:  # such as a ledger of a newer Watchkeeper
            return Outcome(error)

    def _made(self) -> Delivery:
        if self._delivery is None:
            meter = Meter(
                self._settings.place,
                clock=lambda: from_epoch(self._clock() // 1000),
                caps=self._settings.caps,
            )
            self._clients = Clients(self._settings, meter, reads=frozenset())
            self._delivery = Delivery(self._spool, self._clients.pusher(self._region), clock=self._clock)
        return self._delivery

    def close(self) -> None:
        """Close connections and write the ledger."""
        if self._clients is not None:
            self._clients.close()
            self._clients.meter.rest()

    def before_fork(self) -> None:
        """Leave no database connection open that a child would inherit: SQLite does not survive that."""
        if self._clients is not None:
            self._clients.meter.rest()

    def after_fork_in_child(self) -> None:
        """Make everything anew; what the parent uses is neither used nor closed here."""
        if self._clients is not None:
            atexit.unregister(self._clients.meter.close)  # the parent counts its own calls
        self._left_behind += [self._clients, self._delivery]
        self._clients = self._delivery = None
        self._one_at_a_time = threading.Lock()
