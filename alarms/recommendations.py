"""Alarms that are worth having: the table beside this file, with its sources, as values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from alarms.kinds import Comparison, MissingData

_SIGNS: Final = {
    ">": Comparison.GREATER,
    ">=": Comparison.GREATER_OR_EQUAL,
    "<": Comparison.LESS,
    "<=": Comparison.LESS_OR_EQUAL,
}
FROM_HISTORY: Final = "history"


@dataclass(frozen=True, slots=True)
class Recommendation:
    """One alarm that is worth having on each resource of a kind."""

    namespace: str
    metric: str
    dimensions: tuple[tuple[str, str | None], ...]
    """(name, value) by name; None is any value, so that each is a resource of its own."""
    statistic: str
    period: int
    """Seconds."""
    m: int
    n: int
    comparison: Comparison
    threshold: float | None
    """None where the resource's own past gives it."""
    missing_data: MissingData
    why: str
    """What an alarm would tell, as a clause."""
    choose: str
    """What a threshold from the past should express; empty where the threshold is fixed."""
    by_aws: bool
    """AWS's own recommendation; otherwise Watchkeeper's."""

    @property
    def upwards(self) -> bool:
        return self.comparison in {Comparison.GREATER, Comparison.GREATER_OR_EQUAL}

    @property
    def names(self) -> tuple[str, ...]:
        """The names of its dimensions, sorted, as a metric has them."""
        return tuple(name for name, _ in self.dimensions)

    @property
    def condition(self) -> str:
        """What it asks, for people.

        >>> [each.condition for each in recommendations() if each.metric == "StatusCheckFailed"]
        ['Maximum >= 1 in 2 of 2 periods of 300 s']
        """
        sign = next(sign for sign, comparison in _SIGNS.items() if comparison is self.comparison)
        bound = "what its history gives" if self.threshold is None else f"{self.threshold:g}"
        return f"{self.statistic} {sign} {bound} in {self.m} of {self.n} periods of {self.period} s"


@cache
def recommendations() -> tuple[Recommendation, ...]:
    """Give the table's rows in their order."""
    text = Path(__file__).with_suffix(".txt").read_text(encoding="utf-8")
    return tuple(_read(text))


def _read(text: str) -> Iterator[Recommendation]:
    namespace, by_aws = "", False
    for line in text.splitlines():
        if line.startswith("["):
            namespace, _, source = line.strip("[]").partition(" ")
            by_aws = source == "aws"
        elif line and not line.startswith("#"):
            yield _row(namespace, [part.strip() for part in line.split(" | ")], by_aws=by_aws)


def _row(namespace: str, parts: list[str], *, by_aws: bool) -> Recommendation:
    dimensions, metric, statistic, period, counts, condition, missing, why, *choose = parts
    m, _, n = counts.partition(" of ")
    sign, _, bound = condition.partition(" ")
    pairs = (word.partition("=") for word in dimensions.split())
    return Recommendation(
        namespace,
        metric,
        tuple(sorted((name, value or None) for name, _, value in pairs)),
        statistic,
        int(period),
        int(m),
        int(n),
        _SIGNS[sign],
        None if bound == FROM_HISTORY else float(bound),
        MissingData(missing),
        why,
        choose[0] if choose else "",
        by_aws,
    )
