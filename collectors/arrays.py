"""Calls whose datapoints arrive as arrays: a handler of botocore's documented `before-send` event.

The handler sends the signed request itself, decodes the body, keeps the arrays and gives botocore the small rest.
Errors, retries and NextToken stay botocore's. It wakes only inside `call`, so the same client answers others as ever.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from io import BytesIO
from typing import Any, Final
from weakref import WeakSet

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.exceptions import ResponseStreamingError
from botocore.httpsession import URLLib3Session
from urllib3.exceptions import HTTPError

from collectors.decoding import DECODERS, Answer

_registering: Final = threading.Lock()
_ready: Final[WeakSet[Any]] = WeakSet()
"""Clients that have the handler: looking at it anew at each call would cost botocore a tenth of a small request."""


@dataclass(slots=True)
class _Capture:
    """One call in progress, and what the handler kept of its last attempt."""

    operation: str
    answer: Answer | None = None


_capture: ContextVar[_Capture | None] = ContextVar("watchkeeper_capture", default=None)

_METHODS: Final = {"GetMetricData": "get_metric_data", "GetMetricStatistics": "get_metric_statistics"}


def call(
    client: Any, operation: str, params: dict[str, Any], *, transport: Callable[[str], URLLib3Session]
) -> tuple[dict[str, Any], Answer | None]:
    """Call `operation` and give botocore's answer and the arrays taken out of it.

    Without arrays (None) the answer holds all datapoints as botocore parses them. Raises what botocore raises.
    `transport` gives the HTTP session for an address; it carries the client's proxy and TLS settings.
    """
    with _registering:
        if client not in _ready:
            client.meta.events.register("before-send", _Sender(transport))
            _ready.add(client)
    capture = _Capture(operation)
    token = _capture.set(capture)
    try:
        answer: dict[str, Any] = getattr(client, _METHODS[operation])(**params)
    finally:
        _capture.reset(token)
    return answer, capture.answer


class _Sender:
    """Handler of `before-send`. Stands at the event's root, so the meter, registered before it, runs first."""

    def __init__(self, transport: Callable[[str], URLLib3Session]) -> None:
        self._transport = transport

    def __call__(self, request: AWSPreparedRequest, event_name: str, **_: Any) -> AWSResponse | None:
        capture = _capture.get()
        if capture is None or not event_name.endswith(f".{capture.operation}"):
            return None
        capture.answer = None
        request.stream_output = True  # the body is read below, in one piece
        response: Any = self._transport(request.url).send(request)
        try:
            body = response.raw.read()
        except HTTPError as error:
            raise ResponseStreamingError(error=error) from error
        if response.status_code == 200:
            capture.answer = DECODERS[capture.operation](body)
        rest = capture.answer.rest if capture.answer else body
        return AWSResponse(response.url, response.status_code, response.headers, _Body(rest))


class _Body(BytesIO):
    """A body as `AWSResponse` reads it."""

    def stream(self, **_: Any) -> Iterator[bytes]:
        yield self.getvalue()
