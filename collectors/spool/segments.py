"""Files of datapoints: each process appends to one of its own, whoever delivers reads them all.

A datapoint is 40 bytes with a checksum. It is in the kernel's hands when `Segment.append` returns, so it survives the
process; a machine that loses its power may lose the last seconds. A file begins with a header, in which delivery notes
how far it has come, in place: that works on a full disk too.
"""

from __future__ import annotations

import errno
import os
import struct
import uuid
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from collectors.spool.locks import taken

MAGIC: Final = b"WKSPOOL1"
HEADER: Final = 64
SLOT: Final = np.dtype([("metric", "<u8"), ("ms", "<i8"), ("a", "<f8"), ("b", "<f8"), ("kind", "<u4"), ("sum", "<u4")])
"""`a` is a value, `b` how often it was seen; a statistic set takes two slots, (count, sum) and (minimum, maximum)."""
SEGMENT_BYTES: Final = 4 * 2**20
"""Where a process goes on in a new file, so that what is delivered can be removed."""
VALUE, SET, EXTREMES = 1, 2, 3
_BODY: Final = struct.Struct("<QqddI")
_SUM: Final = struct.Struct("<I")
_DONE: Final = struct.Struct("<q")
_TABLE: Final = np.array([zlib.crc32(bytes([n]), 0xFFFFFFFF) ^ 0xFFFFFFFF for n in range(256)], np.uint32)
_AHEAD: Final = 1000
_SUFFIX: Final = ".points"

Slots = npt.NDArray[np.void]


def slot(metric: int, ms: int, a: float, b: float, kind: int = VALUE) -> bytes:
    """Give the bytes of one slot."""
    body = _BODY.pack(metric, ms, a, b, kind)
    return body + _SUM.pack(zlib.crc32(body))


def _checksums(slots: Slots) -> npt.NDArray[np.uint32]:
    """Give `zlib.crc32` of each slot's body, of all at once: a loop would keep the application's threads waiting."""
    columns = slots.view(np.uint8).reshape(len(slots), SLOT.itemsize)[:, : _BODY.size].T.copy()
    sums = np.full(len(slots), 0xFFFFFFFF, np.uint32)
    for column in columns:
        sums = np.take(_TABLE, (sums ^ column) & 0xFF) ^ (sums >> np.uint32(8))
    return ~sums


class Segment:
    """The file that this process appends to. Not locked against threads: its owner is. Raises `OSError`."""

    def __init__(self, folder: Path, *, now_ms: int) -> None:
        self.name = f"{now_ms:014d}-{os.getpid()}-{uuid.uuid4().hex[:8]}{_SUFFIX}"
        new = folder / f"{self.name}.new"
        self._handle = os.open(new, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        self.size = HEADER
        try:
            taken(self._handle)  # before it has its name: whoever finds it unlocked takes its process for gone
            _write(self._handle, MAGIC.ljust(HEADER, b"\0"))
            new.rename(folder / self.name)
        except OSError:
            os.close(self._handle)
            new.unlink(missing_ok=True)
            raise

    def append(self, slots: bytes) -> None:
        """Keep slots, all or none."""
        try:
            _write(self._handle, slots)
        except OSError:
            os.ftruncate(self._handle, self.size)
            raise
        self.size += len(slots)

    def close(self) -> None:
        """End it: whoever delivers may remove it once it is delivered. In a forked child, let go of the parent's."""
        os.close(self._handle)


def _write(handle: int, data: bytes) -> None:
    if os.write(handle, data) != len(data):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


class Waiting:
    """A segment as delivery sees it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with path.open("rb") as file:
            header = file.read(HEADER)
            size = os.fstat(file.fileno()).st_size
        self.is_whole = header.startswith(MAGIC) and len(header) == HEADER
        self.done: int = max(HEADER, _DONE.unpack_from(header, len(MAGIC))[0]) if self.is_whole else HEADER
        """Bytes from the beginning that are delivered."""
        self.size: int = size - (size - HEADER) % SLOT.itemsize if self.is_whole else self.done
        """Bytes to the end of the last whole slot."""

    @property
    def waiting(self) -> int:
        """Bytes to deliver."""
        return max(0, self.size - self.done)

    def read(self, start: int, end: int) -> tuple[Slots, int]:
        """Give the slots of a range, and how many were damaged and left out."""
        with self.path.open("rb") as file:
            file.seek(start)
            data = file.read(end - start)
        found = np.frombuffer(data[: len(data) - len(data) % SLOT.itemsize], SLOT)
        sound = found["sum"] == _checksums(found)
        return found[sound], int(len(found) - sound.sum())

    def first_ms(self) -> int | None:
        """Give the time of the oldest of the datapoints that are delivered next; None where none can be read."""
        slots, _ = self.read(self.done, min(self.size, self.done + _AHEAD * SLOT.itemsize))
        return int(slots["ms"].min()) if len(slots) else None

    def deliver(self, done: int) -> None:
        """Note in place that all before `done` is delivered."""
        handle = os.open(self.path, os.O_WRONLY)
        try:
            os.pwrite(handle, _DONE.pack(done), len(MAGIC))
        finally:
            os.close(handle)
        self.done = done

    def is_abandoned(self) -> bool:
        """Say whether nobody appends to it any more."""
        handle = os.open(self.path, os.O_RDWR)
        try:
            return taken(handle)
        finally:
            os.close(handle)

    def remove_if_over(self) -> None:
        """Remove the file where all of it is delivered and nobody appends to it any more."""
        handle = os.open(self.path, os.O_RDWR)
        try:
            if taken(handle) and os.fstat(handle).st_size - self.done < SLOT.itemsize:
                self.path.unlink()
        finally:
            os.close(handle)


def waiting(folder: Path) -> Iterator[Waiting]:
    """Give the segments of every process, oldest first."""
    for path in sorted(folder.glob(f"*{_SUFFIX}")):
        try:
            yield Waiting(path)
        except FileNotFoundError:
            continue  # whoever delivers was done with it


def bytes_waiting(folder: Path) -> int:
    """Count the bytes that wait, of every process."""
    return sum(segment.waiting for segment in waiting(folder))
