"""The lines of one log group in one minute, column by column: made at once, filtered at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Final, TypeAlias

Row: TypeAlias = tuple[int, int, str, str]
"""(milliseconds since 1970, number within the group, stream, message); the number makes the order one."""

OVERHEAD: Final = 26
"""Bytes that CloudWatch Logs counts for each event besides its message.
https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html"""

PLACE: Final = itemgetter(0, 1)


@dataclass(frozen=True, slots=True)
class Block:
    """Lines in the order of time; of one time in the order of their numbers."""

    rows: Sequence[Row] = field(default=())

    @classmethod
    def of(cls, rows: Iterable[Row]) -> Block:
        return cls(sorted(rows))  # no two rows have time and number in common, so texts are never compared

    def __len__(self) -> int:
        return len(self.rows)


EMPTY: Final = Block()
