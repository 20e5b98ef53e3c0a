"""What a reader asks for: one statistic of one metric over a span."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from core.reading import Scope
from core.series import MetricId
from core.timespan import Timespan, check_period

PLAIN_STATISTICS: Final = ("SampleCount", "Average", "Sum", "Minimum", "Maximum")
"""The statistics that GetMetricStatistics gives five of in one call."""


@dataclass(frozen=True, slots=True)
class MetricQuery:
    """One statistic of one metric, at one period, over one span.

    `statistic` is spelled as CloudWatch spells it: `Average`, `Sum`, `p99`, `tm90`.
    """

    scope: Scope
    metric: MetricId
    statistic: str
    period: int
    span: Timespan

    _hash: int = field(init=False, repr=False, compare=False)
    """A query is a key many times on its way, so its hash is computed once."""

    def __post_init__(self) -> None:
        check_period(self.period)
        object.__setattr__(self, "_hash", hash((self.scope, self.metric, self.statistic, self.period, self.span)))

    def __hash__(self) -> int:
        return self._hash

    def over(self, span: Timespan) -> MetricQuery:
        """The same question over another span."""
        return MetricQuery(self.scope, self.metric, self.statistic, self.period, span)
