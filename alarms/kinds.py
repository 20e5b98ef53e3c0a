"""The kinds of alarm, and what each is made of; AWS's members under house names."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from alarms.requirements import is_insights
from core.metric_math import DataQuery
from core.reading import Verdict
from core.series import MetricId
from core.statistics import Statistic


class Comparison(StrEnum):
    """AWS's comparison operators; the last three compare with a band."""

    GREATER_OR_EQUAL = "GreaterThanOrEqualToThreshold"
    GREATER = "GreaterThanThreshold"
    LESS = "LessThanThreshold"
    LESS_OR_EQUAL = "LessThanOrEqualToThreshold"
    OUTSIDE_BAND = "LessThanLowerOrGreaterThanUpperThreshold"
    BELOW_BAND = "LessThanLowerThreshold"
    ABOVE_BAND = "GreaterThanUpperThreshold"

    @property
    def takes_band(self) -> bool:
        return self in {Comparison.OUTSIDE_BAND, Comparison.BELOW_BAND, Comparison.ABOVE_BAND}


class MissingData(StrEnum):
    """How an alarm treats a period without data."""

    MISSING = "missing"
    IGNORE = "ignore"
    BREACHING = "breaching"
    NOT_BREACHING = "notBreaching"


@dataclass(frozen=True, slots=True)
class Actions:
    """The ARNs that run when an alarm enters each state."""

    ok: tuple[str, ...] = ()
    alarm: tuple[str, ...] = ()
    insufficient_data: tuple[str, ...] = ()
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class TagsPropagation:
    """Which of its tags an alarm's notifications carry (`ActionConfiguration`)."""

    enabled: bool
    included: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SingleMetric:
    """One metric and one statistic of it."""

    metric: MetricId
    statistic: Statistic
    period: int
    """Seconds."""
    unit: str | None = None


@dataclass(frozen=True, slots=True)
class MetricMath:
    """Metrics and expressions, one of which is watched; anomaly detection and Metrics Insights are of this form."""

    queries: tuple[DataQuery, ...]

    @property
    def metrics(self) -> tuple[DataQuery, ...]:
        return tuple(query for query in self.queries if query.metric is not None)


@dataclass(frozen=True, slots=True)
class PromQL:
    """A PromQL query that AWS evaluates; its contributors breach on their own."""

    query: str
    interval: int
    """Seconds between evaluations."""
    pending_period: int | None = None
    recovery_period: int | None = None


@dataclass(frozen=True, slots=True)
class EvaluationWindow:
    """Which range of data is evaluated: one that slides with every evaluation, or one aligned to the clock."""

    wall_clock: bool = False
    timezone: str | None = None
    """Of a wall-clock window: an IANA name or an offset; None is UTC."""


@dataclass(frozen=True, slots=True)
class WarmUp:
    """How long a new or changed alarm waits in INSUFFICIENT_DATA."""

    minutes: int
    only_after: bool | None = None
    """Wait for the whole period, even where data fill the evaluation window earlier; None is AWS's default, false."""


@dataclass(frozen=True, slots=True)
class MetricAlarm:
    """An alarm on a metric, an expression or a PromQL query, as PutMetricAlarm takes it.

    Members that the request left out are None, so that nothing is made up when it is written back; what they mean
    then is in `n`, `m`, `missing_data` and `sliding`.
    """

    name: str
    source: SingleMetric | MetricMath | PromQL
    evaluation_periods: int | None = None
    datapoints_to_alarm: int | None = None
    threshold: float | None = None
    comparison: Comparison | None = None
    threshold_metric_id: str | None = None
    treat_missing_data: MissingData | None = None
    low_samples: str | None = None
    """`evaluate` or `ignore`: what a percentile of few samples does."""
    window: EvaluationWindow | None = None
    warm_up: WarmUp | None = None
    description: str | None = None
    actions: Actions = Actions()
    tags_propagation: TagsPropagation | None = None
    tags: tuple[tuple[str, str], ...] = ()

    @property
    def n(self) -> int:
        """How many periods are evaluated."""
        return self.evaluation_periods or 1

    @property
    def m(self) -> int:
        """How many of them must breach."""
        return self.datapoints_to_alarm or self.n

    @property
    def period(self) -> int:
        """Seconds of one datapoint."""
        if isinstance(self.source, SingleMetric):
            return self.source.period
        if isinstance(self.source, PromQL):
            return self.source.interval
        watched = self.watched
        own = () if watched is None or watched.period is None else (watched.period,)
        return max(own or (query.period for query in self.source.queries if query.period), default=60)

    @property
    def watched(self) -> DataQuery | None:
        """The entry of a metric-math alarm whose values are compared."""
        if not isinstance(self.source, MetricMath):
            return None
        found = (q for q in self.source.queries if q.return_data and q.id != self.threshold_metric_id)
        return next(found, None)

    @property
    def metrics(self) -> tuple[MetricId, ...]:
        """The metrics whose data the alarm needs."""
        if isinstance(self.source, SingleMetric):
            return (self.source.metric,)
        if isinstance(self.source, MetricMath):
            return tuple(query.metric for query in self.source.queries if query.metric is not None)
        return ()

    @property
    def missing_data(self) -> MissingData:
        """How missing data are treated in effect; AWS ignores them for AWS/DynamoDB whatever the setting.

        https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html, TreatMissingData
        """
        if any(metric.namespace == "AWS/DynamoDB" for metric in self.metrics):
            return MissingData.IGNORE
        return self.treat_missing_data or MissingData.MISSING

    @property
    def sliding(self) -> bool:
        return self.window is None or not self.window.wall_clock

    @property
    def high_resolution(self) -> bool:
        return self.period < 60

    @property
    def evaluable(self) -> Verdict:
        """Whether Watchkeeper can evaluate the alarm itself, and why not."""
        if isinstance(self.source, PromQL):
            return Verdict(allowed=False, reason="PromQL is evaluated by AWS only; Watchkeeper keeps it as it is")
        expressions = [q.expression or "" for q in self.source.queries] if isinstance(self.source, MetricMath) else []
        if any(is_insights(expression) for expression in expressions):
            return Verdict(allowed=False, reason="Metrics Insights queries run on AWS's servers only")
        if any("INSIGHT_RULE_METRIC" in e or "LAMBDA(" in e or "DB_PERF_INSIGHTS" in e for e in expressions):
            return Verdict(allowed=False, reason="the expression reads a source that only AWS's servers reach")
        return Verdict(allowed=True, reason="evaluated here as AWS documents it")


@dataclass(frozen=True, slots=True)
class CompositeAlarm:
    """An alarm over the states of other alarms, as PutCompositeAlarm takes it."""

    name: str
    rule: str
    description: str | None = None
    actions: Actions = Actions()
    suppressor: str | None = None
    """Name or ARN of the alarm that holds the actions back while it is in ALARM."""
    suppressor_wait: int | None = None
    """Seconds that actions wait for the suppressor to enter ALARM."""
    suppressor_extension: int | None = None
    """Seconds that actions still wait after the suppressor left ALARM."""
    tags_propagation: TagsPropagation | None = None
    tags: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class LogAlarm:
    """An alarm on a scheduled log query (PutLogAlarm): carried whole, evaluated by AWS only."""

    name: str
    document: str
    """The request's other members, as JSON with sorted keys."""

    @property
    def evaluable(self) -> Verdict:
        return Verdict(allowed=False, reason="log alarms run their query on AWS's servers only")


Alarm = MetricAlarm | CompositeAlarm | LogAlarm
