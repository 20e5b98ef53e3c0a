"""What a plan leaves out because it costs money, noted in the ledger: the own-bill page says what is off, and why."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta

from cloud.ledger import Refusal
from cloud.metering import Meter, current_feature
from cloud.pricing import STATISTICS_BILLED_ONCE
from collectors.planning import Plan
from core.reading import Scope
from core.series import MetricId


def note(planned: Plan, meter: Meter, *, now: datetime, every: timedelta) -> None:
    """Note each metric that `planned` would have had to buy; `every` is how often it would be bought."""
    wanted: dict[tuple[Scope, MetricId], set[str]] = defaultdict(set)
    for query in planned.unaffordable:
        wanted[query.scope, query.metric].add(query.statistic)
    price = meter.prices.price("cloudwatch", "GetMetricData")
    if price is None:
        return
    for (scope, metric), statistics in wanted.items():
        units = -(-len(statistics) // STATISTICS_BILLED_ONCE)
        meter.refuse(
            Refusal(
                at=now,
                service="cloudwatch",
                operation="GetMetricData",
                account=scope.account,
                region=scope.region,
                feature=current_feature(),
                what=f"{_words(metric)}: {', '.join(sorted(statistics))}",
                units=units,
                cost=price.each * units,
                every=int(every.total_seconds()),
            )
        )


def _words(metric: MetricId) -> str:
    where = ", ".join(value for _, value in metric.dimensions)
    return f"{metric.namespace} {metric.name}{f' of {where}' if where else ''}"
