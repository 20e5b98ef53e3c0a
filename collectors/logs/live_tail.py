"""Live Tail: AWS sends lines as they come, for money. Used only for as many minutes as somebody has paid for.

AWS bills a session by the minute. So it is bought for the minutes that a person accepted, ends by itself when they are
over, when nobody looks any more, or when it is stopped, and the minutes that it did not take are given back. Viewers of
the same lines share one session. Polling, which is free, does without all of this.
"""

from __future__ import annotations

import math
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextvars import copy_context
from dataclasses import dataclass, field
from typing import Any, Final

from botocore.exceptions import ClientError

from cloud.clients import Clients
from cloud.database import DatabaseDownError
from cloud.faults import EXPECTED, translate
from cloud.metering import feature
from cloud.scans import expecting
from collectors.logs.question import LogQuestion
from core.log_lines import LogLine
from core.money import ZERO, Money
from core.reading import Scope, Verdict

MINUTES: Final = (5, 15, 30, 60)
"""What a person can choose; AWS ends a session after three hours."""
LEFT_ALONE: Final = 45.0
"""Seconds after which a session ends that nobody looks at; ours."""
CLOSING_SECONDS: Final = 2.0
"""How long an end waits for a session; AWS sends an update each second."""
MOST_LINES: Final = 20_000
"""Lines of a session that are at hand; the oldest go first."""
FEATURE: Final = "live tail"
OPERATION: Final = "logs:StartLiveTail"
_MINUTE: Final = 60.0

Clock = Callable[[], float]


@dataclass(frozen=True, slots=True)
class LiveTailQuote:
    """A session's price before it begins."""

    minutes: int
    cost: Money
    left: str
    """What the caps leave, in words."""
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class LiveTailView:
    """What a session has brought since a viewer looked last."""

    lines: tuple[LogLine, ...]
    """Oldest first."""
    next: int
    """What to give the next time."""
    lost: int
    """Lines that came and went while nobody looked."""
    sampled: bool
    """More than 500 lines matched in one of the seconds: AWS sent 500 of them."""
    seconds: float
    """How long the session has run."""
    minutes: int
    """What was bought."""
    ended: str
    """Why it ended, in a sentence; empty while it runs."""


@dataclass(slots=True)
class _Session:
    question: LogQuestion
    minutes: int
    began: float
    looked: float
    lines: deque[LogLine] = field(default_factory=lambda: deque(maxlen=MOST_LINES))
    count: int = 0
    """Lines that came, those that are gone too."""
    sampled: bool = False
    ended: str = ""
    seconds: float = 0.0
    stop: bool = False
    thread: threading.Thread | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)


class LiveTails:
    """The sessions of this process. Safe to share between threads."""

    def __init__(self, clients: Clients, *, clock: Clock = time.monotonic) -> None:
        self._clients = clients
        self._clock = clock
        self._lock = threading.Lock()
        self._sessions: dict[str, _Session] = {}

    def quote(self, minutes: int) -> LiveTailQuote:
        """Say what a session costs, and whether the caps allow it."""
        price = self._clients.meter.prices.price("logs", "StartLiveTail")
        cost = price.each * minutes if price else ZERO
        try:
            left = self._clients.meter.money_left()
        except DatabaseDownError:
            why = "The ledger that keeps the cap cannot be read now. Polling, which is free, goes on."
            return LiveTailQuote(minutes, cost, "", Verdict(allowed=False, reason=why))
        if cost.amount <= left.amount.amount:
            return LiveTailQuote(minutes, cost, str(left), Verdict(allowed=True, reason=""))
        why = f"{minutes} minutes of Live Tail cost {cost}, and {left}. Polling, which is free, goes on."
        return LiveTailQuote(minutes, cost, str(left), Verdict(allowed=False, reason=why))

    def start(self, question: LogQuestion, arn: str, *, minutes: int) -> str:
        """Begin a session, or join the one that others have of the same lines; gives its name.

        `arn` is the group's: AWS takes no name here. What AWS or the cap refuses is told by `look`.
        """
        with self._lock:
            for name, session in self._sessions.items():
                if _same(session.question, question) and not session.ended:
                    return name
            now = self._clock()
            session, name = _Session(question, minutes, now, now), secrets.token_hex(8)
            self._sessions[name] = session
            for gone in [key for key, each in self._sessions.items() if each.ended and key != name]:
                del self._sessions[gone]
        context = copy_context()
        thread = threading.Thread(target=context.run, args=(self._run, session, arn), name="live tail", daemon=True)
        session.thread = thread
        thread.start()
        return name

    def look(self, name: str, since: int) -> LiveTailView | None:
        """Give the lines that came since, the oldest first; None where there is no such session in this process."""
        with self._lock:
            session = self._sessions.get(name)
        if session is None:
            return None
        with session.lock:
            session.looked = self._clock()
            new = min(session.count - min(since, session.count), len(session.lines))
            lines = tuple(session.lines)[len(session.lines) - new :]
            seconds = session.seconds if session.ended else self._clock() - session.began
            lost = session.count - since - new if since <= session.count else 0
            return LiveTailView(lines, session.count, lost, session.sampled, seconds, session.minutes, session.ended)

    def stop(self, name: str) -> None:
        """End a session; the minutes that it did not take are given back."""
        with self._lock:
            session = self._sessions.get(name)
        if session is not None:
            session.stop = True

    def close(self) -> None:
        """End every session, and wait a moment for the next update of each, so that its minutes are given back."""
        with self._lock:
            sessions = list(self._sessions.values())
        for session in sessions:
            session.stop = True
        for session in sessions:
            if session.thread is not None:
                session.thread.join(CLOSING_SECONDS)

    def _run(self, session: _Session, arn: str) -> None:
        why, began = "Live Tail broke off.", False
        try:
            with feature(FEATURE), expecting(session.minutes):
                stream = _begun(self._clients, session.question, arn)
            began = True
            why = self._read(session, stream)
        except EXPECTED as error:
            why = translate(error).sentence(session.question.scope, OPERATION)
            began = began or not isinstance(error, ClientError)  # what AWS refused is not charged
        finally:
            self._end(session, why, began=began)

    def _read(self, session: _Session, stream: Any) -> str:
        """Take what comes until there is a reason to end."""
        try:
            for event in stream:
                self._take(session, event)
                why = self._reason(session)
                if why:
                    return why
        finally:
            stream.close()
        return "AWS ended the session."

    def _take(self, session: _Session, event: Mapping[str, Any]) -> None:
        update = event.get("sessionUpdate")
        if update is None:
            return
        lines = [_line(session.question.group, each) for each in update.get("sessionResults", ())]
        with session.lock:
            session.lines.extend(lines)
            session.count += len(lines)
            session.sampled = session.sampled or bool(update.get("sessionMetadata", {}).get("sampled"))

    def _reason(self, session: _Session) -> str:
        now = self._clock()
        if session.stop:
            return "It was stopped."
        if now - session.began >= session.minutes * _MINUTE - 1:
            return f"Its {session.minutes} minutes are over."
        if now - session.looked >= LEFT_ALONE:
            return "Nobody looked at it any more."
        return ""

    def _end(self, session: _Session, why: str, *, began: bool) -> None:
        bought = self._clients.meter.last_paid("logs", "StartLiveTail")  # of this thread, which makes one call
        with session.lock:
            session.seconds = self._clock() - session.began
            session.ended = why
        if bought is not None:
            self._clients.meter.settle(bought, max(1, math.ceil(session.seconds / _MINUTE)) if began else 0)


def _same(one: LogQuestion, other: LogQuestion) -> bool:
    def lines(question: LogQuestion) -> tuple[Scope, str, str, tuple[str, ...]]:
        return question.scope, question.group, question.pattern, tuple(sorted(question.streams))

    return lines(one) == lines(other)


def _begun(clients: Clients, question: LogQuestion, arn: str) -> Iterator[Mapping[str, Any]]:
    params: dict[str, Any] = {"logGroupIdentifiers": [arn]}
    if question.pattern:
        params["logEventFilterPattern"] = question.pattern
    if question.streams:
        params["logStreamNames"] = list(question.streams)
    stream: Iterator[Mapping[str, Any]] = clients.client(question.scope, "logs").start_live_tail(**params)[
        "responseStream"
    ]
    return stream


def _line(group: str, event: Mapping[str, Any]) -> LogLine:
    return LogLine(
        int(event.get("timestamp", 0)),
        group,
        str(event.get("logStreamName", "")),
        str(event.get("message", "")),
        ingested=event.get("ingestionTime"),
    )
