"""What was given last, kept in memory for while the shared store is down: pages show it with its age."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable
from typing import Any, Final, Generic, TypeVar

from core.reading import Reading

T = TypeVar("T")

MOST: Final = 64
"""Readings that are kept; those asked for longest ago go first."""


class LastGood(Generic[T]):
    """Readings by key. Safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[Hashable, Reading[Any]] = OrderedDict()

    def keep(self, key: Hashable, reading: Reading[T]) -> Reading[T]:
        """Remember a reading, and give it."""
        with self._lock:
            self._kept[key] = reading
            self._kept.move_to_end(key)
            while len(self._kept) > MOST:
                self._kept.popitem(last=False)
        return reading

    def get(self, key: Hashable) -> Reading[T] | None:
        """Give what was kept last under `key`."""
        with self._lock:
            return self._kept.get(key)
