"""What is new, gone, more or less in one span than in another, by a rule that is not taken in by small counts.

Lines of a template come at a rate. If nothing changed, each line falls into one of the two spans by their lengths
alone, and the chance of a split at least as uneven as the one seen is a binomial one. Where lines come before and
after, those that come in bursts are weighed down by how much they burst (the variance of the earlier span's counts over
their mean): a hundred lines in one burst are one event more than a hundred.

new   no line before, at least one after. Even a single new line is worth a look, so none is held back.
gone  none after, and a chance below one in a thousand that so many stay out.
more  at least half as many again for the same time, and a chance below one in a thousand.
less  the same the other way.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from collectors.patterns.templates import Mined, Template

CHANCE: Final = 0.001
"""Below this a difference is not left to chance. With some hundred templates one in ten comparisons errs once."""
FACTOR: Final = 1.5
"""Rates that differ by less are the same to people."""
FEWEST_PARTS: Final = 5
"""Parts of the earlier span below which its bursts cannot be told."""
_EXACT: Final = 1_000
"""Lines up to which the chance is summed exactly; above, the normal distribution is as good."""


class Kind(StrEnum):
    """How a template changed."""

    NEW = "new"
    GONE = "gone"
    MORE = "more"
    LESS = "less"
    SAME = "same"


@dataclass(frozen=True, slots=True)
class Change:
    """One template in two spans."""

    template: Template
    kind: Kind
    before: int
    after: int
    factor: float | None
    """Rate after over rate before; None where there was none before."""
    chance: float
    """Of a difference like this where nothing changed."""


@dataclass(frozen=True, slots=True)
class Lengths:
    """How many milliseconds of each span were read whole."""

    before: int
    after: int


def compare(mined: Mined, lengths: Lengths) -> tuple[Change, ...]:
    """Compare what lies before the edge of `mined` with what lies after it, the most telling first.

    Where one of the spans was not read at all, nothing can be told and nothing is.
    """
    if lengths.before <= 0 or lengths.after <= 0:
        return ()
    found = [change(each, lengths, width=mined.width) for each in mined.templates]
    order = list(Kind)
    return tuple(sorted(found, key=lambda each: (order.index(each.kind), each.chance, -each.template.lines)))


def change(template: Template, lengths: Lengths, *, width: int) -> Change:
    """Say how one template changed."""
    before, after = template.before, template.lines - template.before
    factor = (after / lengths.after) / (before / lengths.before) if before else None
    heavy = burstiness(_parts(template), lengths.before // max(width, 1)) if after else 1.0
    share = lengths.after / (lengths.before + lengths.after)
    chance = chance_of(round(before / heavy), math.ceil(after / heavy) if after else 0, share)
    return Change(template, _kind(after, factor=factor, chance=chance), before, after, factor, chance)


def _kind(after: int, *, factor: float | None, chance: float) -> Kind:
    if factor is None:
        return Kind.NEW if after else Kind.SAME
    if chance >= CHANCE:
        return Kind.SAME
    if not after:
        return Kind.GONE
    if factor >= FACTOR:
        return Kind.MORE
    return Kind.LESS if factor <= 1 / FACTOR else Kind.SAME


def _parts(template: Template) -> list[int]:
    """Give the counts of the earlier span's parts, as far as they hold lines."""
    left, found = template.before, []
    for lines in template.counts.values():
        taken = min(lines, left)
        if taken <= 0:
            break
        found.append(taken)
        left -= taken
    return found


def burstiness(counts: Iterable[int], parts: int) -> float:
    """Say how many times more the counts of equal parts of time vary than single lines would; at least 1.

    `counts` are those that are not zero.

    >>> burstiness([60], 60), burstiness([1] * 60, 60)
    (60.0, 1.0)
    """
    counted = list(counts)
    parts = max(parts, len(counted))
    if parts < FEWEST_PARTS or not counted:
        return 1.0
    mean = sum(counted) / parts
    squares = sum((each - mean) ** 2 for each in counted) + (parts - len(counted)) * mean**2
    return max(1.0, squares / (parts - 1) / mean)


def chance_of(before: int, after: int, share: float) -> float:
    """Give the chance of a split at least so uneven, if each line falls into the later span with chance `share`.

    >>> round(chance_of(10, 0, 0.5), 5), chance_of(5, 5, 0.5)
    (0.00195, 1.0)
    """
    total = before + after
    if not total:
        return 1.0
    many = after >= total * share
    if total <= _EXACT:
        side = range(after, total + 1) if many else range(after + 1)
        tail = math.fsum(_binomial(total, number, share) for number in side)
    else:
        spread = math.sqrt(total * share * (1 - share))
        away = abs(after - total * share) - 0.5
        tail = 0.5 * math.erfc(away / spread / math.sqrt(2))
    return min(1.0, 2 * tail)


def _binomial(total: int, number: int, share: float) -> float:
    ways = math.lgamma(total + 1) - math.lgamma(number + 1) - math.lgamma(total - number + 1)
    return math.exp(ways + number * math.log(share) + (total - number) * math.log1p(-share))
