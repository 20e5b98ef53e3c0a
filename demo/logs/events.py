"""Where an event is in its group: its id, and the ids and numbers that say the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from demo.noise import key

DIGITS: Final = 56
"""Of an event's id, as CloudWatch Logs writes it."""
NUMBER_BITS: Final = 64
GROUP_BITS: Final = 64
SPARE_BITS: Final = 16


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A place between the events of a group: before or after the event of this time and number."""

    milliseconds: int
    number: int


BEFORE_ALL: Final = -1
AFTER_ALL: Final = 1 << 62
"""Numbers that no event has: the place before and after all events of one millisecond."""


def event_id(group: str, milliseconds: int, number: int) -> str:
    """Give the id of an event; it is as long as AWS's, and sorts as the events do."""
    whole = milliseconds << NUMBER_BITS | number + 1
    return f"{(whole << GROUP_BITS | key(group)) << SPARE_BITS:0{DIGITS}d}"


def place_of(identity: str) -> Place:
    """Read the place back from an event's id; raises ValueError for what is none."""
    whole = int(identity) >> (GROUP_BITS + SPARE_BITS)
    return Place(whole >> NUMBER_BITS, (whole & ((1 << NUMBER_BITS) - 1)) - 1)
