"""What one site writes: the lines of any of its groups in any minute of its past.

Nothing is kept but the last few minutes that were asked for.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock
from typing import Final

import numpy as np

from core.series import Values
from core.timespan import from_epoch
from demo.fleet import Group
from demo.logs import access, application, function, records
from demo.logs.block import EMPTY, Block, Row
from demo.logs.moments import SLOT, SLOTS, Moments, moments
from demo.logs.visits import visits
from demo.signals import MINUTE, Source, conditions
from demo.story import Telling, effects
from demo.world import LogKind, LogPlan, Site

ARRIVES: Final = 2
"""Seconds after the end of a slot at which its lines can be read: agents send every five seconds."""
KEPT_LINES: Final = 40_000
"""In memory at most, of all groups of a site."""
KEPT_MINUTES: Final = 16
ENDLESS: Final = 1 << 40
"""Epoch seconds: what is still written."""
DAY: Final = 86_400
SPILL: Final = 1
"""Minutes that an invocation may last beyond its own."""


@dataclass(slots=True)
class Journal:
    """The logs of one site. Safe to share between threads."""

    site: Site
    source: Source
    group: Group
    tellings: Callable[[], Sequence[Telling]]
    """The incidents of this site, now; it waits for whoever changes the fleet."""
    founded: datetime
    """Where the site's past begins."""
    load_balancer: str = ""
    """As the CloudWatch dimension has it."""
    _kept: OrderedDict[tuple[str, int], Block] = field(default_factory=OrderedDict)
    _lines: int = 0
    _divided: OrderedDict[int, Moments] = field(default_factory=OrderedDict)
    """The last minutes that were divided, once they are over: their groups are often read together."""
    _lock: Lock = field(default_factory=Lock)

    def plan(self, group: str) -> LogPlan | None:
        """Give the plan of the log group of this name, or None where it is not the site's."""
        return next((plan for plan in self.site.log_groups if plan.name == group), None)

    def span(self, plan: LogPlan) -> tuple[int, int]:
        """Give the epoch seconds between which a group was written: half open; far ahead while it goes on."""
        if plan.kind is LogKind.NOTHING:
            return 0, 0
        founded = int(self.founded.timestamp()) // MINUTE * MINUTE
        return founded - plan.began * DAY, ENDLESS if plan.ended is None else founded - plan.ended * DAY

    def block(self, plan: LogPlan, minute: int, *, now: float) -> Block:
        """Give the lines of a minute that can be read at `now`, epoch seconds."""
        first, last = self.span(plan)
        until = min(SLOTS, int((now - ARRIVES - minute) // SLOT))
        if until <= 0 or not first <= minute < last:
            return EMPTY
        if until < SLOTS:
            return self._written(plan, minute, until)
        with self._lock:
            found = self._kept.get((plan.name, minute))
            if found is not None:
                self._kept.move_to_end((plan.name, minute))
                return found
        found = self._written(plan, minute, SLOTS)
        self._keep(plan.name, minute, found)
        return found

    def requests(self, start: int, end: int) -> Values:
        """Give the requests of each minute between two epoch seconds."""
        times = np.arange(start, end, MINUTE, dtype=np.int64)
        return conditions(self.source, times, (), effects(self.tellings(), times)).requests

    def moments(self, minute: int) -> Moments:
        """Give what the site was under in one minute, slot by slot."""
        times = np.array([minute], np.int64)
        told = [t for t in self.tellings() if t.at.timestamp() < minute + MINUTE and t.ends.timestamp() > minute - SLOT]
        presences = self.group.presences(float(minute), float(minute) + MINUTE)
        now = conditions(self.source, times, presences, effects(told, times))
        return moments(now, presences, told, reads=self.site.read_capacity)

    def _keep(self, name: str, minute: int, block: Block) -> None:
        with self._lock:
            self._kept[name, minute] = block
            self._lines += len(block) + 1
            while self._lines > KEPT_LINES and len(self._kept) > 1:
                _, dropped = self._kept.popitem(last=False)
                self._lines -= len(dropped) + 1

    def _past(self, minute: int, until: int) -> Moments:
        """Give a minute's moments, from memory where it is over and was asked for of late."""
        with self._lock:
            found = self._divided.get(minute)
        if found is None:
            found = self.moments(minute)
            with self._lock:
                if until == SLOTS:
                    self._divided[minute] = found
                while len(self._divided) > KEPT_MINUTES:
                    self._divided.popitem(last=False)
        return found

    def _written(self, plan: LogPlan, minute: int, until: int) -> Block:
        end = (minute + until * SLOT) * 1000
        return Block.of(row for row in self._rows(plan, minute, until) if minute * 1000 <= row[0] < end)

    def _rows(self, plan: LogPlan, minute: int, until: int) -> Iterator[Row]:
        if plan.kind is LogKind.FUNCTION:
            for earlier in range(SPILL, -1, -1):
                found = self._past(minute - earlier * MINUTE, until if not earlier else SLOTS)
                yield from function.lines(found, function=self.site.function)
        elif plan.kind is LogKind.AUDIT:
            yield from records.audit(minute, self.source.key("audit"))
        elif plan.kind is LogKind.IMPORT:
            yield from records.imported(minute, self.source.key("import"))
        else:
            now = self._past(minute, until)
            asked = visits(now, until=until)
            if plan.kind is LogKind.ACCESS:
                yield from access.lines(now, asked, until)
            else:
                yield from application.lines(now, asked, until, table=self.site.table)


@dataclass(frozen=True, slots=True)
class Stream:
    """One stream of a group, and the first and last second in which it may have been written."""

    name: str
    first: int
    last: int


def streams(journal: Journal, plan: LogPlan, *, now: float) -> Iterator[Stream]:
    """Give the streams that a site has written in one of its groups by `now`."""
    if plan.kind in {LogKind.APPLICATION, LogKind.ACCESS}:
        for member in list(journal.group.members):
            first, last = (
                member.in_service.timestamp(),
                min(now, member.terminated.timestamp(), member.leaving.timestamp()),
            )
            if first < last:
                yield Stream(member.id, int(first), int(last))
        return
    first, last = journal.span(plan)
    last = min(int(now), last)
    if plan.kind is LogKind.AUDIT:
        yield Stream(records.AUDIT_STREAM, first, last)
    elif plan.kind is LogKind.IMPORT:
        for name in records.IMPORT_STREAMS:
            yield Stream(name, first, last)
    elif plan.kind is LogKind.FUNCTION:
        yield from _containers(journal, first, last)


def _containers(journal: Journal, first: int, last: int) -> Iterator[Stream]:
    """One container at a time, and as many as a runaway needs while it lasts."""
    length = function.CONTAINER_HOURS * 3600
    told = [t for t in journal.tellings() if t.story == "cost-surge"]
    for block in range(first // length, last // length + 1):
        began, ended = max(first, block * length), min(last, (block + 1) * length)
        width = 1
        if any(t.at < from_epoch(ended) and t.ends > from_epoch(began) for t in told):
            width = 11
        for order in range(width):
            yield Stream(function.stream_of(journal.source.key("container"), began * 1000, order), began, ended)
