"""Estimated charges as AWS/Billing has them: month to date before credits, every six hours, in us-east-1."""

from __future__ import annotations

from typing import Final

import numpy as np

from core.series import MetricId
from demo.bills import Bills
from demo.building import Built
from demo.emission import billing_scope
from demo.metric_store import Stores
from demo.usage import HOUR

EVERY: Final = 6 * HOUR
"""Seconds. https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/monitor_estimated_charges_with_cloudwatch.html"""


def send_charges(stores: Stores, built: Built, bills: Bills, *, start: int, end: int) -> None:
    """Put the charges published from `start` up to `end`, epoch seconds."""
    times = np.arange(-(-start // EVERY) * EVERY, end, EVERY, dtype=np.int64)
    if not times.size:
        return
    store = stores.of(billing_scope(built.scope))
    charged = bills.month_to_date(built.scope.account, times // HOUR)
    total = np.zeros(times.size)
    for service, dollars in charged.items():
        total += dollars
        dimensions = (("Currency", "USD"), ("ServiceName", service))
        store.put(MetricId("AWS/Billing", "EstimatedCharges", dimensions), times, np.round(dollars, 2), unit="None")
    store.put(
        MetricId("AWS/Billing", "EstimatedCharges", (("Currency", "USD"),)), times, np.round(total, 2), unit="None"
    )
