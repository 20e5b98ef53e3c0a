"""What the dashboard may know of the processes beside it: which ended by itself last, and when it starts again.

The supervisor of `make run` writes it, a small file in the data folder; where each process has a manager of its own,
there is none.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from core.timespan import parse_instant

NAME: Final = "processes.json"


@dataclass(frozen=True, slots=True)
class Death:
    """One process that ended without being told to."""

    process: str
    """`collector` or `dashboard`."""
    at: datetime
    code: int
    """Its exit code; negative: the number of the signal that killed it."""
    again_at: datetime
    """When it is, or was, started again."""


def write(folder: Path, deaths: Iterable[Death]) -> None:
    """Keep the last death of each process. What cannot be written is not worth ending anything for."""
    lines = [{**asdict(each), "at": each.at.isoformat(), "again_at": each.again_at.isoformat()} for each in deaths]
    made = folder / f"{NAME}.new"
    try:
        made.write_text(json.dumps(lines), encoding="utf-8")
        made.replace(folder / NAME)
    except OSError:
        return


def read(folder: Path) -> tuple[Death, ...]:
    """Give the last death of each process; nothing where none is known."""
    try:
        found = json.loads((folder / NAME).read_text(encoding="utf-8"))
        return tuple(
            Death(str(each["process"]), parse_instant(each["at"]), int(each["code"]), parse_instant(each["again_at"]))
            for each in found
        )
    except (OSError, ValueError, TypeError, KeyError):
        return ()
