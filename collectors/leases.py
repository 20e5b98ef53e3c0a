"""Leave to fetch, given to one reader a series at a time, across processes: the others wait and read what it stored.

A lease is a row in the store, so it is seen by every process, and no transaction is open while AWS is asked. Nobody
has to give it back: one whose process has ended counts for nothing, and one that stays as it is for `PATIENCE_SECONDS`
of somebody's waiting (a stopped process, another machine that died) is taken over. Waiting is counted, not measured.
"""

from __future__ import annotations

import os
import socket
import time
import uuid
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from cloud.database import Connection
from collectors.store import Store

PATIENCE_SECONDS: Final = 30.0
"""How long a lease that does not move is respected: longer than a fetch takes, retries and all."""
LOOK_SECONDS: Final = 0.03
"""How long a waiter waits between two looks."""
_MOST_TOGETHER: Final = 500
"""Names asked for in one statement."""


def _here() -> str:
    """Name the place in which a process id means something: machine, its start, and container."""
    parts = [socket.gethostname()]
    with suppress(OSError):  # systems other than Linux
        parts += [
            Path("/proc/sys/kernel/random/boot_id").read_text().strip(),
            str(Path("/proc/self/ns/pid").readlink()),
        ]
    return ":".join(parts)


_HOST: Final = _here()


class Leases:
    """Leases in the store. Safe to share between threads, and the store between processes."""

    def __init__(self, store: Store, *, patience: float = PATIENCE_SECONDS) -> None:
        self._store = store
        self._patience = patience

    def patient(self) -> Waiting:
        """Give what one reader remembers while it waits."""
        return Waiting(self._patience)

    @contextmanager
    def held(self, names: Collection[str], waiting: Waiting) -> Iterator[bool]:
        """Hold the leases of all `names`, or of none: gives whether they are held. Never waits."""
        holder = f"{_HOST} {os.getpid()} {uuid.uuid4().hex}"
        mine = self._take(sorted(names), holder, waiting)
        try:
            yield mine
        finally:
            if mine:
                with self._store.writing() as connection:
                    connection.execute("DELETE FROM leases WHERE holder=?", (holder,))

    def _take(self, names: list[str], holder: str, waiting: Waiting) -> bool:
        with self._store.reading() as connection:
            others = waiting.respected(_holders(connection, names))
        if not others:
            with self._store.writing() as connection:
                others = waiting.respected(_holders(connection, names))
                if not others:
                    connection.executemany(
                        "INSERT INTO leases VALUES (?,?) ON CONFLICT (name) DO UPDATE SET holder=excluded.holder",
                        [(name, holder) for name in names],
                    )
        waiting.note(others)
        return not others


class Waiting:
    """How often one reader met each holder in its way."""

    def __init__(self, patience: float) -> None:
        self._looks = patience / LOOK_SECONDS
        self._met: Counter[str] = Counter()

    def respected(self, holders: set[str]) -> set[str]:
        """Give those who are to be waited for: they live, and patience with them is not at its end."""
        return {holder for holder in holders if self._met[holder] < self._looks and _may_live(holder)}

    def note(self, holders: set[str]) -> None:
        self._met.update(holders)

    def pause(self) -> None:
        """Wait until it is worth looking again."""
        time.sleep(LOOK_SECONDS)


def _holders(connection: Connection, names: list[str]) -> set[str]:
    found: set[str] = set()
    for first in range(0, len(names), _MOST_TOGETHER):
        some = names[first : first + _MOST_TOGETHER]
        marks = ",".join("?" * len(some))
        rows = connection.execute(f"SELECT DISTINCT holder FROM leases WHERE name IN ({marks})", some)  # noqa: S608
        found.update(holder for (holder,) in rows)
    return found


def _may_live(holder: str) -> bool:
    """Whether the holder's process may still run; of another machine's nothing is known."""
    host, pid, _ = holder.rsplit(" ", 2)
    if host != _HOST or os.name != "posix":
        return True
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
