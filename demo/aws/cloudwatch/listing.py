"""ListMetrics: what there is to read."""

from __future__ import annotations

from typing import Final

from moto.core.responses import ActionResult

from demo.aws.cloudwatch.base import CloudWatchBase, dimension_list, page
from demo.aws.encoding import Prepared
from demo.metric_store import DimensionFilter

PAGE: Final = 500
"""Metrics a page. https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_ListMetrics.html"""
RECENT: Final = {"PT3H": 3 * 3600}


class ListMetrics(CloudWatchBase):
    def list_metrics(self) -> ActionResult:
        given = self.params
        found = self.store.list(
            given.get("Namespace"),
            given.get("MetricName"),
            [DimensionFilter(f["Name"], f.get("Value")) for f in given.get("Dimensions") or ()],
            recently_active=RECENT.get(given.get("RecentlyActive", "")),
            now=int(self.now.timestamp()),
        )
        if given.get("OwningAccount") not in {None, self.scope.account}:
            found = []  # no account is linked to this one
        metrics, token = page(found, given.get("NextToken"), PAGE)
        listed = [{"Namespace": m.namespace, "MetricName": m.name, "Dimensions": dimension_list(m)} for m in metrics]
        owners = [self.scope.account] * len(listed) if given.get("IncludeLinkedAccounts") else None
        return Prepared({"Metrics": listed, "OwningAccounts": owners, "NextToken": token})
