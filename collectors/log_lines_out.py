"""Lines that go to CloudWatch Logs by themselves, without an agent: the `stream` of embedded metrics.

    with LogLines("/shop/metrics") as lines, EmbeddedMetrics("Shop", stream=lines) as metrics:
        metrics.put("PageLoadTime", 1.23, unit="Seconds")

Lines wait in memory for seconds, never on disk: what cannot be sent while they fit is lost, and counted.
"""

from __future__ import annotations

import atexit
import os
import socket
import threading
import weakref
from collections import deque
from dataclasses import dataclass
from typing import Final, Self

from cloud.clients import Clients
from cloud.faults import CloudError
from cloud.line_pushing import MOST_BYTES, MOST_LINES, Line, LinePusher
from cloud.metering import Meter, feature
from cloud.pricing import line_bytes
from cloud.settings import Settings
from collectors.adding import now_ms, settings_in_force
from collectors.custom_delivery import Clock, Outcome
from collectors.custom_flushing import FEATURE, Flusher
from core.timespan import from_epoch

WAITING_BYTES: Final = 8 * 2**20
"""Lines that wait may take so much memory; then the oldest are dropped."""
WAKE_BYTES: Final = MOST_BYTES // 2
"""So much is sent before its time."""
SECONDS: Final = 5.0
"""Between two calls: what CloudWatch's own agent waits."""


@dataclass(frozen=True, slots=True)
class LinesStatus:
    """What became of the lines of one process."""

    waiting: int
    sent: int
    refused: int
    """AWS did not take them because of their age."""
    dropped: int
    """They could not be sent while they fitted into memory, or one was longer than AWS takes."""
    trouble: str
    """Why the last try failed; empty where it did not. May hold text of AWS."""


class LogLines:
    """Takes text as a file does, and sends it line by line to a stream of a log group; threads share it.

    Each call is metered, and priced by the gigabyte: at a spending cap of zero nothing is sent, and `status` says so.
    Without `background` nothing is sent but by `send`.
    """

    def __init__(
        self,
        group: str,
        stream: str = "",
        *,
        region: str | None = None,
        seconds: float = SECONDS,
        exit_seconds: float = 2.0,
        background: bool = True,
        settings: Settings | None = None,
        clock: Clock = now_ms,
    ) -> None:
        """Send to `stream`, by default one named after this host and process."""
        self.group, self.stream = group, stream or f"{socket.gethostname()}-{os.getpid()}"
        self._settings, self._region, self._clock = settings_in_force(settings), region, clock
        self._exit_seconds, self._background = exit_seconds, background
        self._lines: deque[Line] = deque()
        self._bytes = self._sent = self._refused = self._dropped = self._newest = 0
        self._trouble = ""
        self._flusher = Flusher(self.send, seconds=seconds, after=lambda: None, waiting="Log lines wait in memory")
        self._begin()
        atexit.register(self.close)
        _every.add(self)

    def _begin(self) -> None:
        self._lock, self._one_at_a_time = threading.Lock(), threading.Lock()
        self._clients: Clients | None = None
        self._pusher: LinePusher | None = None

    # -- as a file ---------------------------------------------------------------------------------------------------

    def write(self, text: str) -> int:
        """Take whole lines."""
        with self._lock:
            self._newest = max(self._newest, self._clock())  # a call's lines have to be in the order of time
            for line in text.splitlines():
                self._take(line)
            due = self._bytes >= WAKE_BYTES
        if self._background and not self._flusher.is_running:
            self._flusher.start()
        if due:
            self._flusher.wake()
        return len(text)

    def flush(self) -> None:
        """Lines leave by time and by size: a call for each would be dear. `send` sends now."""

    # -- delivery ----------------------------------------------------------------------------------------------------

    def send(self) -> Outcome:
        """Send all that waits now, or as far as it goes."""
        with self._one_at_a_time:
            try:
                with feature(FEATURE):
                    while batch := self._batch():
                        self._send(batch)
            except CloudError as error:
                self._trouble = error.detail or str(error.kind)
                return Outcome(error)
            self._trouble = ""
            return Outcome()

    def status(self) -> LinesStatus:
        with self._lock:
            return LinesStatus(len(self._lines), self._sent, self._refused, self._dropped, self._trouble)

    def close(self) -> None:
        """Send for `exit_seconds` at most what is left."""
        atexit.unregister(self.close)
        if self._flusher.is_running:
            self._flusher.stop(seconds=self._exit_seconds)
        elif self._background and self._lines:
            self.send()
        if self._clients is not None:
            self._clients.close()
            self._clients.meter.rest()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def before_fork(self) -> None:
        """Leave no database connection open that a child would inherit."""
        if self._clients is not None:
            self._clients.meter.rest()

    def after_fork_in_child(self) -> None:
        """What was written before the fork is the parent's to send."""
        self._lines.clear()
        self._bytes = 0
        self._flusher.after_fork_in_child()
        self._begin()

    # -- one batch ---------------------------------------------------------------------------------------------------

    def _take(self, line: str) -> None:
        size = line_bytes(line)
        if not line or size > MOST_BYTES:
            self._dropped += bool(line)
            return
        self._lines.append((self._newest, line))
        self._bytes += size
        while self._bytes > WAITING_BYTES:
            _, oldest = self._lines.popleft()
            self._bytes -= line_bytes(oldest)
            self._dropped += 1

    def _batch(self) -> list[Line]:
        """Give the oldest lines that one call may hold; they stay until they are sent."""
        with self._lock:
            found: list[Line] = []
            size = 0
            for line in self._lines:
                size += line_bytes(line[1])
                if size > MOST_BYTES or len(found) == MOST_LINES:
                    break
                found.append(line)
            return found

    def _send(self, batch: list[Line]) -> None:
        refused = self._made().put(self.group, self.stream, batch)
        with self._lock:
            self._sent += len(batch) - refused
            self._refused += refused
            for line in batch:
                if self._lines and self._lines[0] is line:  # lines may have been dropped while the call was under way
                    self._lines.popleft()
                    self._bytes -= line_bytes(line[1])

    def _made(self) -> LinePusher:
        if self._pusher is None:
            clock, settings = self._clock, self._settings
            meter = Meter(settings.place, clock=lambda: from_epoch(clock() // 1000), caps=settings.caps)
            self._clients = Clients(settings, meter, reads=frozenset())
            self._pusher = self._clients.line_pusher(self._region)
        return self._pusher


_every: weakref.WeakSet[LogLines] = weakref.WeakSet()


def _each(method: str) -> None:
    for lines in list(_every):
        getattr(lines, method)()


os.register_at_fork(before=lambda: _each("before_fork"), after_in_child=lambda: _each("after_fork_in_child"))
