"""A spool: what is accepted and what is not, from any thread and process of one machine."""

from __future__ import annotations

import os
import re
import threading
import time
import weakref
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import orjson

from cloud.pricing import custom_metrics_cost
from cloud.settings import Settings
from collectors.custom_prices import AccountMetrics, CustomPrice
from collectors.custom_rules import Definition, MetricRefusedError
from collectors.spool import segments
from collectors.spool.journal import Counts, Journal
from collectors.spool.locks import SpoolBusyError, locked
from collectors.spool.pauses import Pause, Pauses
from collectors.spool.register import Register, month
from core.money import Money

MEASURED_SECONDS: Final = 1.0
"""How often the size of all that waits is looked at; between looks only our own puts are added."""
_PAGE: Final = 4096
_REGION: Final = re.compile(r"[a-z]{2}(-[a-z]+)+-\d")
HOME: Final = "home"
"""Name of the spool of the region that settings or credentials name."""
RESERVE_BYTES: Final = 2**19
"""Kept on the disk for the ledger, which has to note a call before it is made: given up when the disk is full."""


class SpoolFullError(MetricRefusedError):
    """No room is left; what was accepted stays accepted."""

    reason = "full"


class SpoolDownError(MetricRefusedError):
    """The spool cannot be written, or not soon enough; what was accepted stays accepted."""

    reason = "spool down"


def spool_of(
    settings: Settings, *, region: str | None = None, path: Path | str | None = None, quota: int | None = None
) -> Spool:
    """Give the spool that settings name, or the one at `path`. Raises `SpoolDownError`."""
    if region is not None and not _REGION.fullmatch(region):
        raise MetricRefusedError(f"{region!r} is no region; give one such as us-east-1")
    return Spool(
        Path(path) if path is not None else spools_in(settings) / (region or HOME),
        quota=settings.custom_metrics_quota if quota is None else quota,
        most_bytes=settings.custom_metrics_spool_mb * 1_000_000,
        patience=settings.custom_metrics_patience_ms / 1000,
    )


def spools_in(settings: Settings) -> Path:
    """Give the folder of the spools that nobody named otherwise, one a region."""
    return settings.data_dir / "custom"


@dataclass(frozen=True, slots=True)
class Status:
    """What a spool holds."""

    waiting: int
    """Slots: datapoints, of which a statistic set takes two."""
    size: int
    """Bytes that wait."""
    oldest_ms: int | None
    """Time of the oldest datapoint at the front of each file that waits; None where nothing does."""
    counts: Counts
    trouble: str
    """Why delivery failed last; empty where it did not."""
    refused: Mapping[str, int]
    """Puts that were not accepted, by reason."""
    metrics: tuple[Definition, ...]
    """Of this month."""
    price: CustomPrice
    """Of these metrics; it adds nothing to them."""
    paused: frozenset[Pause]
    """Metrics of which nothing is sent now."""

    @property
    def cost(self) -> Money:
        """What the metrics cost in a month in which they report every hour, where nobody else uses the free ones."""
        return custom_metrics_cost(self.price.known)


class Spool:
    """The folder `path`, made where it is missing. Raises `SpoolDownError` where it cannot be."""

    def __init__(self, path: Path, *, quota: int, most_bytes: int, patience: float) -> None:
        self.path = path
        self.quota = quota
        self._most_bytes = most_bytes
        self._patience = patience
        try:
            path.mkdir(parents=True, exist_ok=True, mode=0o700)
            self.journal = Journal(path / "journal")
        except OSError as error:
            raise SpoolDownError(f"the spool {path} cannot be used: {error.strerror or error}; name another") from error
        self.pauses = Pauses(path, patience=patience)
        self.delivery_lock = path / "delivery.lock"
        self._reserve = path / "reserve"
        self.take_reserve()
        self._refused: Counter[str] = Counter()
        self._begin()
        _spools.add(self)

    def _begin(self) -> None:
        """Have nothing open yet: in a new process, or a forked one."""
        self._lock = threading.Lock()
        self._counting = threading.Lock()
        self._is_held = False
        """Whether it is held for a fork."""
        self._register = Register(self.path, quota=self.quota, patience=self._patience)
        self._segment: segments.Segment | None = None
        self._waiting = 0
        self._measured = 0.0

    # -- putting ----------------------------------------------------------------------------------------------------

    def admit(self, wanted: Definition, *, now_ms: int, fold: bool) -> tuple[Definition, CustomPrice]:
        """Register a metric under the quota: give it, or what it is folded into, with its price.

        Raises `collectors.spool.register.QuotaReachedError` or `SpoolDownError`.
        """
        with self._mine():
            try:
                return self._register.admit(wanted, now_ms=now_ms, fold=fold)
            except OSError as error:
                raise SpoolDownError(f"{wanted} is new and cannot be noted in {self.path}: {_why(error)}") from error

    def append(self, slots: bytes, *, now_ms: int) -> None:
        """Keep slots, all or none. Raises `SpoolFullError` or `SpoolDownError`."""
        if not self._lock.acquire(timeout=self._patience):
            raise self._stuck()
        try:
            self._check_room(len(slots))
            self._write(slots, now_ms)
            self._waiting += len(slots)
        except OSError as error:
            raise SpoolDownError(f"the spool {self.path} takes no more: {_why(error)}") from error
        finally:
            self._lock.release()

    def price(self, new: list[Definition], *, now_ms: int, account: AccountMetrics | None = None) -> CustomPrice:
        """Say what metrics would add to the bill, beside those of the account where they are known."""
        with self._mine():
            return self._register.price(new, now_ms=now_ms, account=account)

    def refuse(self, reason: str) -> None:
        """Count a put that is not accepted; written with `note_refused`."""
        with self._counting:
            self._refused[reason] += 1

    def close(self) -> None:
        """End this process's file, and write what was refused."""
        with self._mine():
            if self._segment is not None:
                self._segment.close()
                self._segment = None
        self.note_refused()

    @contextmanager
    def _mine(self) -> Iterator[None]:
        if not self._lock.acquire(timeout=self._patience):
            raise self._stuck()
        try:
            yield
        finally:
            self._lock.release()

    def _stuck(self) -> SpoolDownError:
        return SpoolDownError(
            f"another thread writes to the spool for more than {self._patience:g} s; is the disk slow?"
        )

    def _check_room(self, more: int) -> None:
        if (now := time.monotonic()) - self._measured > MEASURED_SECONDS:
            self._waiting, self._measured = segments.bytes_waiting(self.path), now
        if self._waiting + more > self._most_bytes:
            raise SpoolFullError(
                f"the spool {self.path} holds {self._waiting:,} bytes that are not delivered, and may hold"
                f" {self._most_bytes:,}; `python -m collectors spool` says why;"
                " WATCHKEEPER_CUSTOM_METRICS_SPOOL_MB is the limit"
            )

    def _write(self, slots: bytes, now_ms: int) -> None:
        segment = self._segment
        if segment is None or segment.size + len(slots) > segments.SEGMENT_BYTES:
            segment = self._next(now_ms)
        try:
            segment.append(slots)
        except OSError:
            if segment.size > segments.HEADER:  # let go of it, so that delivery can make room by removing it
                segment.close()
                self._segment = None
            raise

    def _next(self, now_ms: int) -> segments.Segment:
        new = segments.Segment(self.path, now_ms=now_ms)
        if self._segment is not None:
            self._segment.close()
        self._segment = new
        return new

    def take_reserve(self) -> None:
        """Take room on the disk, where there is some, for the day on which it is full."""
        if self._reserve.exists():
            return
        try:
            self._reserve.write_bytes(b"\0" * RESERVE_BYTES)
        except OSError:
            self._reserve.unlink(missing_ok=True)

    def give_reserve(self) -> bool:
        """Make that room free; says whether there was any."""
        try:
            self._reserve.unlink()
        except OSError:
            return False
        return True

    # -- looking ----------------------------------------------------------------------------------------------------

    def find(self, metric: int) -> Definition | None:
        """Give the definition of a datapoint's metric."""
        with self._lock:
            return self._register.find(metric)

    def status(self, *, now_ms: int) -> Status:
        """Give what waits, what became of the rest, and which metrics there are. Raises `OSError`."""
        found = [each for each in segments.waiting(self.path) if each.waiting]
        state = self.journal.read()
        size = sum(each.waiting for each in found)
        oldest = min((ms for each in found if (ms := each.first_ms()) is not None), default=None)
        with self._mine():
            metrics, price = self._register.of_month(month(now_ms)), self._register.price((), now_ms=now_ms)
        return Status(
            size // segments.SLOT.itemsize,
            size,
            oldest,
            state.counts,
            state.trouble,
            self.refused(),
            metrics,
            price,
            self.pauses.read(),
        )

    def refused(self) -> Mapping[str, int]:
        """Give how many puts were refused, by reason, of every process."""
        with self._counting:
            return self._noted() + self._refused

    def note_refused(self) -> None:
        """Write what was refused; it stays in memory where it cannot be written."""
        with self._counting:
            new, self._refused = self._refused, Counter()
        if not new:
            return
        try:
            with locked(self.path / "refused.lock", patience=self._patience):
                written = orjson.dumps(dict(self._noted() + new))
                handle = os.open(self.path / "refused", os.O_WRONLY | os.O_CREAT, 0o600)
                try:
                    os.pwrite(handle, written.ljust(_PAGE), 0)
                finally:
                    os.close(handle)
        except OSError:
            with self._counting:
                self._refused.update(new)

    def _noted(self) -> Counter[str]:
        try:
            return Counter(orjson.loads((self.path / "refused").read_bytes()))
        except (OSError, orjson.JSONDecodeError):
            return Counter()

    # -- forks ------------------------------------------------------------------------------------------------------

    def before_fork(self) -> None:
        """Let no thread be in the middle of something; one that hangs in the disk is not waited for."""
        self._is_held = self._lock.acquire(timeout=self._patience)

    def after_fork(self) -> None:
        if self._is_held:
            self._is_held = False
            self._lock.release()

    def after_fork_in_child(self) -> None:
        """Go on with a file of our own; the parent's stays the parent's."""
        if self._segment is not None:
            self._segment.close()
        self._refused = Counter()
        self._begin()


def _why(error: OSError) -> str:
    return str(error) if isinstance(error, SpoolBusyError) else (error.strerror or str(error))


_spools: weakref.WeakSet[Spool] = weakref.WeakSet()


def _each(method: str) -> None:
    for spool in list(_spools):
        getattr(spool, method)()


os.register_at_fork(
    before=lambda: _each("before_fork"),
    after_in_parent=lambda: _each("after_fork"),
    after_in_child=lambda: _each("after_fork_in_child"),
)
