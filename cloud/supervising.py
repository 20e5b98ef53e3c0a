"""Processes side by side: what they say on one console, one that dies started again, all of them ended together.

A process that was up and dies is started again, sooner or later by how often it dies. One that never gets up is a
mistake that no second start mends: then everything ends. All of them hold one end of a pipe whose other end is ours, so
that they end with us even where nobody could tell them to (`core.lifeline`).
"""

from __future__ import annotations

import contextlib
import os
import queue
import shlex
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Protocol

from cloud.deaths import Death
from core import lifeline

TICK_SECONDS: Final = 0.1
KILL_SECONDS: Final = 5.0
"""How long a process may take to end after it was told to."""
PROVEN_SECONDS: Final = 10.0
"""A process that lived this long was up."""
FIRST_PAUSE: Final = 1.0
LONGEST_PAUSE: Final = 60.0
"""Pauses before a start double from the first to the longest, and begin anew with a process that outlived this."""


class Console(Protocol):
    """Where lines of processes and sentences of ours go."""

    def line(self, name: str, text: str) -> None: ...
    def say(self, text: str) -> None: ...


@dataclass(slots=True)
class _Child:
    """One process, and what became of its last ones."""

    name: str
    command: str
    process: subprocess.Popen[bytes] | None = None
    reader: threading.Thread | None = None
    started: float = 0.0
    deaths: int = 0
    """In a row."""
    proven: bool = False
    told: bool = False
    """To end."""
    due: float | None = None
    """When it is started again; None while it runs."""


@dataclass(slots=True)
class Supervisor:
    """Runs commands by name."""

    commands: Mapping[str, str]
    env: Mapping[str, str]
    folder: str
    console: Console
    clock: Callable[[], datetime]
    noted: Callable[[Death], None]
    """Told of each death that is followed by a start."""
    irreplaceable: frozenset[str] = frozenset()
    """Processes whose end ends everything: what was in them does not come back."""
    wished: bool = False
    """Somebody asked for the end."""
    _children: list[_Child] = field(default_factory=list)
    _said: queue.SimpleQueue[tuple[str, str]] = field(default_factory=queue.SimpleQueue)
    _pipe: tuple[int, int] = (-1, -1)
    _deadline: float | None = None
    """When what still runs is killed; None while nothing is being ended."""

    def run(self) -> None:
        """Start everything, and come back when everything has ended."""
        self._children = [_Child(name, command) for name, command in self.commands.items()]
        self._pipe = os.pipe()
        try:
            with self._signals():
                for child in self._children:
                    self._start(child)
                while self._deadline is None or any(child.process for child in self._children):
                    self._turn()
        finally:
            for child in self._children:
                _kill(child)
            for end in self._pipe:
                os.close(end)
            self._print(wait=False)

    def _turn(self) -> None:
        self._print()
        for child in self._children:
            if child.process is not None and child.process.poll() is not None:
                self._ended(child, child.process.returncode)
        if self.wished and self._deadline is None:
            self.console.say("Stopping.")
            self._stop()
        for child in self._children:
            self._move_on(child, time.monotonic())

    def _move_on(self, child: _Child, now: float) -> None:
        """Start a process that is due; one that is to end is told to, and killed when it does not."""
        if self._deadline is None:
            if child.due is not None and now >= child.due:
                self._start(child)
        elif child.process is not None and not child.told:
            child.told = True
            child.process.terminate()
        elif now > self._deadline:
            _kill(child)

    def _stop(self) -> None:
        self._deadline = time.monotonic() + KILL_SECONDS

    # -- one process --------------------------------------------------------------------------------------------------

    def _start(self, child: _Child) -> None:
        env = {**self.env, lifeline.VARIABLE: str(self._pipe[0])}
        child.process = subprocess.Popen(  # noqa: S603 - the Procfile's own words
            shlex.split(child.command),
            env=env,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=(self._pipe[0],),
            start_new_session=True,
        )
        child.started, child.due = time.monotonic(), None
        child.reader = threading.Thread(
            target=self._read, args=(child.name, child.process), name=f"output of {child.name}", daemon=True
        )
        child.reader.start()

    def _read(self, name: str, process: subprocess.Popen[bytes]) -> None:
        for line in process.stdout or ():
            self._said.put((name, line.decode("utf-8", "replace").rstrip()))

    def _ended(self, child: _Child, code: int) -> None:
        """Say that a process ended; start it again later, or end the others."""
        _kill(child)  # what it started itself would hold ports and the console
        if child.reader is not None:
            child.reader.join(TICK_SECONDS)
        self._print(wait=False)
        child.process = None
        lived = time.monotonic() - child.started
        child.proven = child.proven or lived >= PROVEN_SECONDS or code < 0
        if self._deadline is not None:
            return
        if child.name in self.irreplaceable or not child.proven:
            self.console.say(f"The {child.name} process ended by itself (exit code {code}); stopping the others.")
            self._stop()
            return
        self._wait(child, code, lived)

    def _wait(self, child: _Child, code: int, lived: float) -> None:
        child.deaths = 1 if lived > LONGEST_PAUSE else child.deaths + 1
        pause = pause_after(child.deaths)
        child.due = time.monotonic() + pause
        self.console.say(
            f"The {child.name} process ended by itself (exit code {code}); it starts again in {pause:.0f} s."
        )
        at = self.clock()
        self.noted(Death(child.name, at, code, at + timedelta(seconds=pause)))

    # -- the console and the outer world ------------------------------------------------------------------------------

    def _print(self, *, wait: bool = True) -> None:
        """Print what processes said, waiting a moment for it."""
        with contextlib.suppress(queue.Empty):
            name, text = self._said.get(timeout=TICK_SECONDS) if wait else self._said.get_nowait()
            while True:
                if text:
                    self.console.line(name, text)
                name, text = self._said.get_nowait()

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        """End everything on Ctrl-C and SIGTERM."""

        def told(_number: int, _frame: object) -> None:
            self.wished = True

        before = {number: signal.signal(number, told) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def pause_after(deaths: int) -> float:
    """Give the seconds before a start, after so many deaths in a row.

    >>> [pause_after(deaths) for deaths in (1, 2, 3, 7, 99)]
    [1.0, 2.0, 4.0, 60.0, 60.0]
    """
    return min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(deaths - 1, 10))


def _kill(child: _Child) -> None:
    """Kill a process with all that it started: each has a group of its own."""
    if child.process is not None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.process.pid, signal.SIGKILL)
