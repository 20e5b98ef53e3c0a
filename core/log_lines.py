"""A log line: one event of a CloudWatch log stream, or one line of a file."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line. Everything in it but the times is foreign text."""

    milliseconds: int
    """When it happened, milliseconds since 1970 in UTC: CloudWatch's own `timestamp`."""
    group: str
    stream: str
    message: str
    event_id: str = ""
    """CloudWatch's id of the event; empty for a line of a file."""
    ingested: int | None = None
    """When CloudWatch took it, milliseconds since 1970; None where that is not known."""

    @property
    def at(self) -> datetime:
        return EPOCH + timedelta(milliseconds=self.milliseconds)
