"""Locks between processes, which end with the process that holds them, however it ends."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

_LOOK_SECONDS: Final = 0.002
_held: set[int] = set()


class SpoolBusyError(OSError):
    """Another process holds the lock for longer than one may wait."""


@contextmanager
def locked(path: Path, *, patience: float) -> Iterator[None]:
    """Hold the lock on `path`; raises `SpoolBusyError` after `patience` seconds."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        deadline = time.monotonic() + patience
        while not taken(handle):
            if time.monotonic() >= deadline:
                raise SpoolBusyError(f"{path.name} is held by another process for more than {patience:g} s")
            time.sleep(_LOOK_SECONDS)
        _held.add(handle)
        yield
    finally:
        if handle in _held:
            _held.discard(handle)
            fcntl.flock(handle, fcntl.LOCK_UN)  # a child that was forked meanwhile shares it; closing would leave it
        os.close(handle)


def taken(handle: int) -> bool:
    """Take the lock of an open file where nobody has it."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _let_go() -> None:
    """In a forked child: the locks are the parent's, and end with it."""
    for handle in _held:
        os.close(handle)
    _held.clear()


os.register_at_fork(after_in_child=_let_go)
