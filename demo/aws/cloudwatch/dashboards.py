"""Dashboards: kept by moto, whose handlers are right for them."""

from __future__ import annotations

from typing import Any

from moto.cloudwatch.models import CloudWatchBackend, cloudwatch_backends
from moto.cloudwatch.responses import CloudWatchResponse
from moto.core.responses import ActionResult

from demo.aws.cloudwatch.base import CloudWatchBase


class DashboardOperations(CloudWatchBase):
    @property
    def cloudwatch_backend(self) -> CloudWatchBackend:
        """What moto's handlers ask for."""
        return cloudwatch_backends[self.scope.account][self.scope.region]

    def put_dashboard(self) -> ActionResult:
        return _moto(CloudWatchResponse.put_dashboard, self)

    def get_dashboard(self) -> ActionResult:
        return _moto(CloudWatchResponse.get_dashboard, self)

    def list_dashboards(self) -> ActionResult:
        return _moto(CloudWatchResponse.list_dashboards, self)

    def delete_dashboards(self) -> ActionResult:
        return _moto(CloudWatchResponse.delete_dashboards, self)


def _moto(handler: Any, request: DashboardOperations) -> ActionResult:
    """Let moto's handler answer our request: it asks for parameters and the backend only."""
    return handler(request)  # type: ignore[no-any-return]
