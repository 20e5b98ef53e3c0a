"""One read serves every viewer, and renewals never make a viewer wait."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from dashboard.feed import Feed

LONG = 10.0


@pytest.fixture
def feed() -> Iterator[Feed]:
    made = Feed()
    yield made
    made.close()


class Reader:
    """Counts its reads, and can be held up or made to fail."""

    def __init__(self) -> None:
        self.reads = 0
        self.gate = threading.Event()
        self.gate.set()
        self.done = threading.Event()
        self.failure: Exception | None = None

    def __call__(self) -> int:
        self.gate.wait(LONG)
        self.reads += 1
        self.done.set()
        if self.failure is not None:
            raise self.failure
        return self.reads

    def wait_for_next(self) -> None:
        self.done.clear()
        assert self.done.wait(LONG)


def test_many_viewers_cause_one_read(feed: Feed) -> None:
    reader = Reader()
    seen = [feed.look("wall", reader, every=None, patience=LONG) for _ in range(20)]
    assert {snapshot.value for snapshot in seen if snapshot} == {1}
    assert reader.reads == 1


def test_viewers_that_come_at_once_wait_for_the_same_read(feed: Feed) -> None:
    reader = Reader()
    reader.gate.clear()
    values: list[int] = []

    def view() -> None:
        snapshot = feed.look("wall", reader, every=None, patience=LONG)
        assert snapshot is not None
        values.append(snapshot.value)

    viewers = [threading.Thread(target=view) for _ in range(8)]
    for viewer in viewers:
        viewer.start()
    reader.gate.set()
    for viewer in viewers:
        viewer.join()
    assert values == [1] * 8


def test_a_first_read_that_takes_long_is_loading(feed: Feed) -> None:
    reader = Reader()
    reader.gate.clear()
    assert feed.look("wall", reader, every=None) is None
    reader.gate.set()
    snapshot = feed.look("wall", reader, every=None, patience=LONG)
    assert snapshot is not None
    assert snapshot.value == 1


def test_a_renewal_keeps_the_old_value_on_screen(feed: Feed) -> None:
    reader = Reader()
    feed.look("wall", reader, every=0.01, patience=LONG)
    reader.gate.clear()
    feed.renew("wall")
    snapshot = feed.look("wall", reader, every=0.01)
    assert snapshot is not None
    reader.gate.set()
    reader.wait_for_next()


def test_a_renewal_that_fails_keeps_the_old_value_and_says_so(feed: Feed) -> None:
    reader = Reader()
    feed.look("wall", reader, every=None, patience=LONG)
    reader.failure = ZeroDivisionError("a bug")
    reader.done.clear()
    feed.renew("wall")
    assert reader.done.wait(LONG)
    assert wait_for_failure(feed, reader) == (1, "a bug")


def wait_for_failure(feed: Feed, reader: Reader) -> tuple[int, str]:
    for _ in range(1_000):
        snapshot = feed.look("wall", reader, every=None)
        if snapshot is not None and snapshot.failure is not None:
            return snapshot.value, str(snapshot.failure)
        threading.Event().wait(0.005)
    raise AssertionError("the failure never showed")


def test_a_first_read_that_fails_raises_and_is_tried_again(feed: Feed) -> None:
    reader = Reader()
    reader.failure = ZeroDivisionError("a bug")
    with pytest.raises(ZeroDivisionError):
        feed.look("wall", reader, every=None, patience=LONG)
    reader.failure = None
    snapshot = feed.look("wall", reader, every=None, patience=LONG)
    assert snapshot is not None
    assert snapshot.failure is None


def test_what_somebody_looks_at_is_renewed_in_the_background(feed: Feed) -> None:
    reader = Reader()
    feed.look("wall", reader, every=0.01, patience=LONG)
    reader.wait_for_next()
    assert reader.reads >= 2


def test_who_comes_back_after_a_while_sees_a_new_value(feed: Feed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dashboard.feed.FORGOTTEN_SECONDS", -100.0)
    reader = Reader()
    feed.look("wall", reader, every=60, patience=LONG)
    snapshot = feed.look("wall", reader, every=60)
    assert snapshot is not None
    assert snapshot.value == 2


def test_forgetting_reads_anew(feed: Feed) -> None:
    reader = Reader()
    feed.look("wall", reader, every=None, patience=LONG)
    feed.forget("wall")
    snapshot = feed.look("wall", reader, every=None, patience=LONG)
    assert snapshot is not None
    assert snapshot.value == 2
