"""Ends this process when the one that started it is gone, however that one ended: its end of a pipe closes then."""

from __future__ import annotations

import os
import signal
import threading
from typing import Final

VARIABLE: Final = "WATCHKEEPER_LIFELINE"
"""Names the descriptor of the pipe, for one start only."""
GRACE_SECONDS: Final = 10.0
"""How long a process may take to end in good order."""


def follow() -> None:
    """Watch the pipe that our starter names, if it names one: told to end once it closes, ended a little later."""
    number = os.environ.pop(VARIABLE, "")
    if number.isdigit():
        threading.Thread(target=_watch, args=(int(number),), name="lifeline", daemon=True).start()


def _watch(descriptor: int) -> None:
    try:
        while os.read(descriptor, 1):
            pass
    except OSError:
        return  # not handed on to us: then nobody is followed
    os.kill(os.getpid(), signal.SIGTERM)
    threading.Event().wait(GRACE_SECONDS)
    os._exit(1)
