"""What changed between two periods, and by how much: group by group, exact, the largest change first. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Context, Decimal
from enum import StrEnum
from typing import Final

Key = tuple[str | None, ...]
EXACT: Final = Context(prec=80)
"""Digits that a sum may have; Python's own 28 would round what exports hold."""


class Kind(StrEnum):
    """How a group changed."""

    NEW = "new"
    GONE = "gone"
    MORE = "more"
    LESS = "less"
    SAME = "same"
    UNKNOWN = "unknown"
    """In one of the periods its rows have no cost: neither zero nor comparable."""


@dataclass(frozen=True, slots=True)
class Change:
    """One group in both periods."""

    key: Key
    kind: Kind
    before: Decimal | None
    """None where the group was not there, or has no cost."""
    after: Decimal | None
    difference: Decimal | None
    """After less before, what was not there counting as nothing; None where a cost is unknown."""


def changes(before: Mapping[Key, Decimal | None], after: Mapping[Key, Decimal | None]) -> tuple[Change, ...]:
    """Compare each group of two periods; the largest change first, unknown ones last."""
    found = [_change(key, before, after) for key in dict.fromkeys((*after, *before))]
    return tuple(sorted(found, key=_rank))


def _change(key: Key, before: Mapping[Key, Decimal | None], after: Mapping[Key, Decimal | None]) -> Change:
    one, other = before.get(key), after.get(key)
    if (key in before and one is None) or (key in after and other is None):
        return Change(key, Kind.UNKNOWN, one, other, None)
    difference = EXACT.subtract(other or Decimal(0), one or Decimal(0))
    return Change(key, _kind(key in before, key in after, difference), one, other, difference)


def _kind(was: bool, now: bool, difference: Decimal) -> Kind:  # noqa: FBT001 - two facts, read in one glance
    if not was:
        return Kind.NEW
    if not now:
        return Kind.GONE
    return Kind.MORE if difference > 0 else Kind.LESS if difference < 0 else Kind.SAME


def _rank(change: Change) -> tuple[bool, Decimal]:
    return change.difference is None, -abs(change.difference or Decimal(0))


def added(amounts: Iterable[Decimal | None]) -> Decimal | None:
    """Add what is known; None where nothing is.

    >>> added([Decimal("0.1"), None, Decimal("0.2")]), added([None])
    (Decimal('0.3'), None)
    """
    total: Decimal | None = None
    for amount in amounts:
        if amount is not None:
            total = amount if total is None else EXACT.add(total, amount)
    return total
