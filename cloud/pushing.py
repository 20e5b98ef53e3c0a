"""Sends metrics: PutMetricData with a body that is made already, so that botocore neither checks nor writes each value.

botocore still finds the endpoint, signs, and reads errors. Its event `before-call` is not among those that it
documents: where a version does not know it, or speaks another protocol, the same body goes the ordinary way.
"""

from __future__ import annotations

import gzip
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

import orjson
from botocore import exceptions as aws

from cloud.faults import EXPECTED, CloudError, ServiceFailure, translate

READ_SECONDS: Final = 10
"""How long an answer may take; after that it counts as lost."""
_JSON: Final = "application/x-amz-json-1.0"
_LEVEL: Final = 6
"""Of gzip: botocore's 9 takes five times as long for the same size. benchmarks/README.md"""
_NOT_SENT: Final = (aws.EndpointConnectionError, aws.ConnectTimeoutError, aws.ProxyConnectionError)


class Pusher:
    """Puts metrics in one account and region, a call at a time. Threads may share it."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._client: Any = None
        self._is_swapped = True
        self._body: bytes | None = None
        """What the next call is to carry."""
        self._left = False
        """Whether it does."""

    def put(self, namespace: str, body: bytes) -> None:
        """Make one call, with the JSON of its parameters as `body`. Raises a `cloud.faults.CloudError`."""
        with self._lock:
            try:
                if self._client is None:
                    self._client = self._made()
                if not (self._is_swapped and self._put_swapped(namespace, body)):
                    self._is_swapped = False
                    self._client.put_metric_data(**_parameters(body))
            except EXPECTED as error:
                raise translate(error) from error

    def _made(self) -> Any:
        client = self._make()
        client.meta.events.register("before-call.cloudwatch.PutMetricData", self._swap)
        self._is_swapped = client.meta.service_model.resolved_protocol == "json"
        return client

    def _put_swapped(self, namespace: str, body: bytes) -> bool:
        """Make the call with the body swapped; give False where botocore did not let us: then nothing was put."""
        self._body, self._left = body, False
        try:
            self._client.put_metric_data(Namespace=namespace)
        except EXPECTED:
            if self._left:
                raise
        finally:
            self._body = None
        return self._left

    def close(self) -> None:
        with self._lock:
            if self._client is not None:
                self._client.close()
                self._client = None

    def _swap(self, params: dict[str, Any], **_: Any) -> None:
        if self._body is not None and params["headers"].get("Content-Type") == _JSON:
            params["body"] = gzip.compress(self._body, _LEVEL, mtime=0)
            params["headers"]["Content-Encoding"] = "gzip"
            self._left = True


def may_have_arrived(error: CloudError) -> bool:
    """Say whether a call that failed so may have been done all the same: its answer was lost, or AWS failed halfway."""
    if isinstance(error, ServiceFailure):
        return True
    cause = error.__cause__
    return isinstance(cause, aws.HTTPClientError | aws.ConnectionError) and not isinstance(cause, _NOT_SENT)


def _parameters(body: bytes) -> dict[str, Any]:
    """Give a body as the parameters that botocore's method takes."""
    given: dict[str, Any] = orjson.loads(body)
    for datum in given["MetricData"]:
        datum["Timestamp"] = datetime.fromtimestamp(datum["Timestamp"], UTC)
    return given
