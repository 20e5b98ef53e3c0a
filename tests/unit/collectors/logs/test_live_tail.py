"""Live Tail: bought by the minute, shared by viewers, ended when its time is over or nobody looks."""

from __future__ import annotations

import json
import struct
import threading
import zlib
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from cloud.clients import Clients
from collectors.logs.live_tail import LEFT_ALONE, LiveTails, LiveTailView
from collectors.logs.question import LogQuestion
from core.money import Money
from core.reading import Scope
from core.timespan import Timespan
from tests.unit.collectors.endpoint import Endpoint
from tests.unit.collectors.logs.world import GROUP, NOW

SCOPE = Scope("111111111111", "us-east-1")
ARN = f"arn:aws:logs:us-east-1:111111111111:log-group:{GROUP}"
QUESTION = LogQuestion(SCOPE, GROUP, Timespan(NOW.replace(hour=9), NOW), "ERROR")


def framed(kind: str, document: Mapping[str, Any]) -> bytes:
    """One message of AWS's event-stream encoding: https://smithy.io/2.0/aws/amazon-eventstream.html"""
    headers = b"".join(
        bytes([len(name)]) + name.encode() + b"\x07" + struct.pack("!H", len(value)) + value.encode()
        for name, value in ((":message-type", "event"), (":event-type", kind), (":content-type", "application/json"))
    )
    body = json.dumps(document).encode()
    prelude = struct.pack("!II", 16 + len(headers) + len(body), len(headers))
    message = prelude + struct.pack("!I", zlib.crc32(prelude)) + headers + body
    return message + struct.pack("!I", zlib.crc32(message))


BEGIN = framed("initial-response", {}) + framed("sessionStart", {"sessionId": "1"})


def update(*messages: str, sampled: bool = False) -> bytes:
    lines = [
        {"logStreamName": "s", "logGroupIdentifier": GROUP, "message": text, "timestamp": 1, "ingestionTime": 2}
        for text in messages
    ]
    return framed("sessionUpdate", {"sessionMetadata": {"sampled": sampled}, "sessionResults": lines})


class Clock:
    """Seconds that a test lets pass, one at each look of the reader."""

    def __init__(self) -> None:
        self.now = 0.0
        self.step = 0.0

    def __call__(self) -> float:
        self.now += self.step
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def tails(rich: Clients, clock: Clock) -> Iterator[LiveTails]:
    tails = LiveTails(rich, clock=clock)
    yield tails
    tails.close()


def sent(endpoint: Endpoint, *updates: bytes) -> None:
    """Let the endpoint send a session of those updates, and then end it."""
    endpoint.answers["StartLiveTail"] = lambda _: BEGIN + b"".join(updates)


def waited(look: Callable[[], LiveTailView | None], until: Callable[[LiveTailView], bool]) -> LiveTailView:
    gate = threading.Event()
    for _ in range(500):
        view = look()
        assert view is not None
        if until(view):
            return view
        gate.wait(0.01)
    raise AssertionError("it never came to that")


def test_lines_come_in_their_order_and_the_session_ends_with_its_reason(tails: LiveTails, endpoint: Endpoint) -> None:
    sent(endpoint, update("one", "two"), update("three", sampled=True))
    name = tails.start(QUESTION, ARN, minutes=5)
    view = waited(lambda: tails.look(name, 0), lambda view: bool(view.ended))
    assert [line.message for line in view.lines] == ["one", "two", "three"]
    assert (view.next, view.lost, view.sampled, view.ended) == (3, 0, True, "AWS ended the session.")
    (request,) = endpoint.requests("StartLiveTail")
    assert request == {"logGroupIdentifiers": [ARN], "logEventFilterPattern": "ERROR"}
    later = tails.look(name, 2)
    assert later is not None
    assert [line.message for line in later.lines] == ["three"]


def test_minutes_that_were_not_taken_are_given_back(tails: LiveTails, endpoint: Endpoint, rich: Clients) -> None:
    sent(endpoint, update("one"))
    assert tails.quote(30).cost == Money(Decimal("0.30"))
    name = tails.start(QUESTION, ARN, minutes=30)
    waited(lambda: tails.look(name, 0), lambda view: bool(view.ended))
    waited(lambda: tails.look(name, 0), lambda _: rich.meter.spent_this_month() == Money(Decimal("0.01")))


def test_viewers_of_the_same_lines_share_a_session(tails: LiveTails, endpoint: Endpoint) -> None:
    gate = threading.Event()

    def answer(_: Mapping[str, Any]) -> bytes:
        gate.wait(5)
        return BEGIN + update("one")

    endpoint.answers["StartLiveTail"] = answer
    first = tails.start(QUESTION, ARN, minutes=5)
    assert tails.start(QUESTION, ARN, minutes=5) == first
    other = LogQuestion(SCOPE, GROUP, QUESTION.span, "WARN")
    assert tails.start(other, ARN, minutes=5) != first
    gate.set()
    waited(lambda: tails.look(first, 0), lambda view: bool(view.ended))
    assert len(endpoint.requests("StartLiveTail")) == 2


def test_it_ends_when_nobody_looks_any_more(tails: LiveTails, endpoint: Endpoint, clock: Clock) -> None:
    clock.step = LEFT_ALONE / 4
    sent(endpoint, *(update(str(number)) for number in range(50)))
    name = tails.start(QUESTION, ARN, minutes=60)
    for thread in threading.enumerate():
        if thread.name == "live tail":
            thread.join(10)
    clock.step = 0
    view = waited(lambda: tails.look(name, 0), lambda view: bool(view.ended))
    assert view.ended == "Nobody looked at it any more."


def test_it_ends_when_its_minutes_are_over(tails: LiveTails, endpoint: Endpoint, clock: Clock) -> None:
    clock.step = 299
    sent(endpoint, *(update(str(number)) for number in range(50)))
    name = tails.start(QUESTION, ARN, minutes=5)
    view = waited(lambda: tails.look(name, 0), lambda view: bool(view.ended))
    assert view.ended in {"Its 5 minutes are over.", "Nobody looked at it any more."}
    assert view.next < 50


def test_at_a_cap_of_zero_it_is_refused_and_polling_goes_on(clients: Clients, endpoint: Endpoint) -> None:
    tails = LiveTails(clients)
    quoted = tails.quote(15)
    assert not quoted.verdict.allowed
    assert quoted.verdict.reason == (
        "15 minutes of Live Tail cost $0.15, and the monthly cap on our own calls is $0.00."
        " Polling, which is free, goes on."
    )
    name = tails.start(QUESTION, ARN, minutes=15)
    view = waited(lambda: tails.look(name, 0), lambda view: bool(view.ended))
    assert "$0.00" in view.ended
    assert endpoint.requests("StartLiveTail") == []


def test_what_aws_refuses_costs_nothing(tails: LiveTails, endpoint: Endpoint, rich: Clients, tmp_path: Path) -> None:
    endpoint.answers["StartLiveTail"] = lambda _: (400, {"__type": "AccessDeniedException", "message": "no"})
    name = tails.start(QUESTION, ARN, minutes=15)
    view = waited(lambda: tails.look(name, 0), lambda view: bool(view.ended))
    assert "logs:StartLiveTail" in view.ended
    waited(lambda: tails.look(name, 0), lambda _: rich.meter.spent_this_month() == Money(Decimal(0)))


def test_a_session_that_is_not_here_is_none(tails: LiveTails) -> None:
    assert tails.look("elsewhere", 0) is None
