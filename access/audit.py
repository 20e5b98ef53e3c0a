"""The record of what was done: one JSON object a line, appended and never rewritten."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

from access.identity import Actor
from access.policy import Action
from core.reading import Scope
from core.timespan import parse_instant

AUDIT_FILE: Final = "audit.jsonl"


@dataclass(frozen=True, slots=True)
class Record:
    """One thing that somebody did, or was refused."""

    at: datetime
    actor: str
    role: str
    action: str
    target: str
    """What it was done to, such as an alarm's name; may hold hostile text."""
    allowed: bool
    scope: str = ""
    detail: Mapping[str, str] = field(default_factory=dict)


class Audit:
    """The audit file. Lines are appended whole, so several processes may share it."""

    def __init__(self, data_dir: Path) -> None:
        data_dir.mkdir(parents=True, exist_ok=True)
        self._path = data_dir / AUDIT_FILE

    def record(
        self,
        actor: Actor,
        action: Action,
        target: str,
        *,
        at: datetime,
        allowed: bool,
        scope: Scope | None = None,
        detail: Mapping[str, str] | None = None,
    ) -> Record:
        """Append what `actor` did to `target` at `at`; it is on disk when this returns."""
        done = Record(at, actor.name, actor.role, action, target, allowed, str(scope or ""), dict(detail or {}))
        line = json.dumps(
            {
                "at": done.at.isoformat(),
                "actor": done.actor,
                "role": done.role,
                "action": done.action,
                "target": done.target,
                "allowed": done.allowed,
                "scope": done.scope,
                "detail": done.detail,
            }
        )
        with self._path.open("ab", buffering=0) as file:
            rest = b"\n" * self._is_cut_short() + line.encode() + b"\n"
            while rest:  # a full disk takes a part without a word, and says so only when the rest comes
                rest = rest[file.write(rest) :]
            os.fsync(file.fileno())
        return done

    def _is_cut_short(self) -> bool:
        """Whether a crash left half a line, which would swallow the next."""
        with self._path.open("rb") as file:
            if not file.seek(0, os.SEEK_END):
                return False
            file.seek(-1, os.SEEK_END)
            return file.read(1) != b"\n"

    def newest(self, count: int) -> tuple[Record, ...]:
        """Give the newest `count` records, newest first; a line that a crash cut short is left out."""
        if not self._path.exists():
            return ()
        lines = self._path.read_bytes().splitlines()[-count:]
        return tuple(record for line in reversed(lines) if (record := _parsed(line)) is not None)


def _parsed(line: bytes) -> Record | None:
    try:
        document = json.loads(line)
        return Record(**{**document, "at": parse_instant(document["at"])})
    except (ValueError, TypeError, KeyError):
        return None
