"""Delivers what a spool holds, in order of age: nothing accepted is lost, and nothing is sent twice without a reason.

AWS has no name for a request by which it would know it again. So a batch whose answer was lost is sent again and
counted as repeated; any other is sent once, whatever ends this process.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Protocol

import numpy as np

from cloud.faults import CloudError, InvalidRequest
from cloud.pushing import may_have_arrived
from collectors.custom_batches import Batch, batches
from collectors.custom_rules import Definition
from collectors.spool import segments
from collectors.spool.folder import Spool
from collectors.spool.journal import MOST_RANGES, Counts, Round, State
from collectors.spool.locks import SpoolBusyError, locked
from collectors.spool.pauses import Pause
from collectors.spool.segments import Slots

ROUND_SLOTS: Final = 100_000
"""Datapoints taken up together: delivery needs the memory of so many, some 30 MB, whatever waits."""

log = logging.getLogger("watchkeeper.custom")
Clock = Callable[[], int]
"""Gives the instant in epoch milliseconds."""


class Push(Protocol):
    """Makes one call of PutMetricData; raises a `cloud.faults.CloudError`."""

    def put(self, namespace: str, body: bytes, /) -> None: ...


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one try."""

    failed: CloudError | None = None
    is_elsewhere: bool = False
    """Another process delivers this spool."""


class Delivery:
    """Takes a spool's datapoints to AWS. One process does so at a time."""

    def __init__(self, spool: Spool, push: Push, *, clock: Clock) -> None:
        self._spool = spool
        self._push = push
        self._clock = clock
        self._state = State()
        self._paused: frozenset[Pause] = frozenset()

    def deliver(self) -> Outcome:
        """Send all that waits now, or as far as it goes. Raises `OSError` where the spool cannot be read."""
        try:
            with locked(self._spool.delivery_lock, patience=0):
                self._state = self._spool.journal.read()
                self._paused = self._spool.pauses.read()
                self._recall()
                return self._rounds()
        except SpoolBusyError:
            return Outcome(is_elsewhere=True)

    def _recall(self) -> None:
        """A batch that was under way when the last one who delivered came to its end may have arrived."""
        now = self._state.round
        if now is not None and now.under_way:
            self._note(round=replace(now, under_way=False, doubts=now.doubts + 1))

    def _rounds(self) -> Outcome:
        while True:
            now = self._state.round or self._begun()
            if now is None:
                return Outcome()
            if not now.over:
                failed = self._send(now)
                if failed is not None:
                    return Outcome(failed)
            self._end()

    def _begun(self) -> Round | None:
        """Take up the oldest that waits."""
        ranges: list[tuple[str, int, int]] = []
        left = ROUND_SLOTS * segments.SLOT.itemsize
        for each in segments.waiting(self._spool.path):
            if not each.waiting:
                each.remove_if_over()
                continue
            end = min(each.size, each.done + left)
            end -= self._half_a_set(each, end)
            if end > each.done:
                ranges.append((each.path.name, each.done, end))
                left -= end - each.done
            if not left or len(ranges) == MOST_RANGES:
                break
        if not ranges:
            return None
        begun = Round(tuple(ranges))
        self._note(round=begun)
        return begun

    def _half_a_set(self, segment: segments.Waiting, end: int) -> int:
        """Give the bytes at the end of a range that are the first half of a statistic set: they wait for the other.

        Unless they are all that is left of a process that is gone.
        """
        width = segments.SLOT.itemsize
        slots, _ = segment.read(max(segment.done, end - width), end)
        begins = len(slots) and slots["kind"][-1] == segments.SET
        return width if begins and (end - segment.done > width or not segment.is_abandoned()) else 0

    def _send(self, now: Round) -> CloudError | None:
        """Send the batches of a round that are not sent yet."""
        found, unreadable = self._batches(now)
        for batch in found[now.sent :]:
            failed = self._send_one(batch)
            if failed is not None:
                return failed
        done = self._state.round or now
        self._note(round=replace(done, over=True), counts=self._state.counts.plus(damaged=unreadable), trouble="")
        return None

    def _batches(self, now: Round) -> tuple[list[Batch], int]:
        """Give the requests of a round, always the same, and how many datapoints are in none."""
        slots: list[Slots] = [np.empty(0, segments.SLOT)]
        damaged = 0
        for name, start, end in now.ranges:
            try:
                read, lost = segments.Waiting(self._spool.path / name).read(start, end)
            except FileNotFoundError:  # somebody removed it
                damaged += (end - start) // segments.SLOT.itemsize
                continue
            slots.append(read)
            damaged += lost
        found, lost = batches(np.concatenate(slots), self._spool.find)
        return found, lost + damaged

    def _send_one(self, batch: Batch) -> CloudError | None:
        """Send one batch, or what AWS takes of it; give what made it fail for now."""
        now = self._state.round or Round()
        young = batch.young(now_ms=self._clock())
        wanted = young.but(self._is_paused)
        self._note(round=replace(now, under_way=True))
        try:
            tally = self._put(wanted)
        except CloudError as error:
            doubts = now.doubts + may_have_arrived(error)
            counts = self._state.counts.plus(requests=1)
            self._note(round=replace(now, doubts=doubts), counts=counts, trouble=error.detail or str(error.kind))
            return error
        again = wanted.points * now.doubts
        counts = self._state.counts.plus(
            delivered=tally.delivered,
            rejected=tally.rejected,
            requests=tally.requests,
            repeated=again,
            dropped=batch.points - young.points,
            paused=young.points - wanted.points,
        )
        self._note(round=Round(now.ranges, now.sent + 1), counts=counts)
        return None

    def _is_paused(self, metric: Definition) -> bool:
        return any(pause.covers(metric) for pause in self._paused)

    def _put(self, batch: Batch) -> Counts:
        """Send a batch; where AWS does not accept what is in it, its halves, down to the one that is to blame."""
        if not batch.data:
            return Counts()
        try:
            self._push.put(batch.namespace, batch.body)
        except InvalidRequest as error:
            if len(batch.data) == 1:
                log.warning("AWS refuses a datapoint of %s, which is dropped: %s", batch.namespace, error.detail)
                return Counts(rejected=batch.points, requests=1)
            parts = [self._put(half) for half in batch.halves()]
            return Counts(requests=1).plus(
                delivered=sum(part.delivered for part in parts),
                rejected=sum(part.rejected for part in parts),
                requests=sum(part.requests for part in parts),
            )
        return Counts(delivered=batch.points, requests=1)

    def _end(self) -> None:
        """Note in the segments that their ranges are delivered, then forget the round; may be done twice."""
        for name, _, end in (self._state.round or Round()).ranges:
            path: Path = self._spool.path / name
            if path.exists():
                segment = segments.Waiting(path)
                segment.deliver(end)
                segment.remove_if_over()
        self._note(round=None)

    def _note(self, **changes: object) -> None:
        self._state = replace(self._state, **changes)  # type: ignore[arg-type]
        self._spool.journal.write(self._state)
