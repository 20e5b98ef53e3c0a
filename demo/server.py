"""The demo cloud as one WSGI application: the simulation's services in front of moto's.

`ROUTES` says what the simulation answers; moto answers the rest; what neither knows is refused as AWS refuses it.
"""

from __future__ import annotations

import gzip
import io
import json
import sys
import traceback
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlsplit

from flask import Flask, Response, request
from moto.core.request import Request
from moto.iam.models import get_account_id_from
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound

from core.reading import Scope
from demo.access_files import AccessFiles
from demo.aws.autoscaling import AutoScalingService
from demo.aws.budgets import BudgetsService
from demo.aws.cloudwatch import CloudWatchService
from demo.aws.cost_explorer import CostAndUsage
from demo.aws.cost_insights import CostInsights
from demo.aws.elbv2 import ElbV2Service
from demo.aws.errors import Answer, AwsError, Protocol, error_answer, unknown_operation
from demo.aws.free_tier import FreeTierService
from demo.aws.logs import LogsService
from demo.aws.sns import SnsService, mail
from demo.aws.wire import AwsService
from demo.calls import Calls
from demo.clock import StandingClock
from demo.exports import Exports
from demo.ground import Ground, Runner
from demo.routing import Address, ControlError, address, json_object

ServiceFactory = Callable[[Ground], AwsService]


class CostExplorerService(CostAndUsage, CostInsights):
    """Every Cost Explorer operation that the demo cloud answers, one method each."""


ROUTES: Final[dict[str, ServiceFactory]] = {
    "autoscaling": AutoScalingService,
    "budgets": BudgetsService,
    "ce": CostExplorerService,
    "cloudwatch": CloudWatchService,
    "elbv2": ElbV2Service,
    "freetier": FreeTierService,
    "logs": LogsService,
    "sns": SnsService,
}
"""botocore's service name -> what answers it in moto's place. What is not here is moto's."""

UNLOCKED: Final = frozenset({"cloudwatch"})
"""Services with locks of their own; every other request waits its turn, because moto has none."""

LONG_READS: Final = frozenset(
    ("logs", operation)
    for operation in (
        "StartQuery",
        "StopQuery",
        "DescribeQueries",
        "FilterLogEvents",
        "GetLogEvents",
        "GetQueryResults",
        "GetLogGroupFields",
        "GetLogRecord",
        "StartLiveTail",
    )
)
"""Operations that take long or wait for one that does, change nothing of moto's, and take the lock themselves where
they look at what changes."""

MADE_WHEN_READ: Final = ".log.gz"
"""How objects in S3 end that are made when they are read."""

BILLED_BY_REQUEST: Final = {
    "cloudwatch": ("AmazonCloudWatch", "CW:Requests"),
    "ce": ("AWSCostExplorer", "APIRequest"),
}
BILLED_OTHERWISE: Final = frozenset({"GetMetricData", "GetMetricWidgetImage", "GetInsightRuleReport"})

DEFAULT_ACCOUNT: Final = "111111111111"
"""Whose credentials are those that no AssumeRole gave out."""

MOTO_DEFAULT_ACCOUNT: Final = "123456789012"
"""What moto says of an access key that it has never seen."""

LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})

ControlHandler = Callable[[dict[str, Any]], tuple[int, Mapping[str, Any]]]
ADDRESS: Final = "watchkeeper.address"


class DemoApp:
    """Takes every request, counts it, and hands it on."""

    def __init__(
        self,
        ground: Ground,
        runner: Runner,
        *,
        control: Mapping[tuple[str, str], ControlHandler] | None = None,
        account: str = DEFAULT_ACCOUNT,
    ) -> None:
        self._ground = ground
        self._runner = runner
        self._account = account
        self.calls = Calls()
        self._exports = Exports(ground)
        self._access_files = AccessFiles(ground)
        self._services = {name: _service_app(factory, ground) for name, factory in ROUTES.items()}
        self._moto = MotoFront(_moto_app)
        self._control: dict[tuple[str, str], ControlHandler] = {
            ("GET", "/_demo/health"): self._health,
            ("GET", "/_demo/calls"): lambda _: (200, self.calls.document()),
            ("GET", "/_demo/calls/watchkeeper"): lambda _: (200, self.calls.of_watchkeeper()),
            ("POST", "/_demo/calls"): self._reset_calls,
            ("GET", "/_demo/mail"): mail,
            ("POST", "/_demo/advance"): self._advance,
            **(control or {}),
        }

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        body = _body(environ)
        if _is_foreign(environ):
            return _json((403, {"error": "a web page of another host may not use the demo cloud"}), start_response)
        path = environ.get("PATH_INFO", "/")
        if path.startswith("/_demo/"):
            return _json(self._answer_control(environ["REQUEST_METHOD"], path, body), start_response)
        where = _prepared(environ, body)
        environ["HTTP_X_MOTO_ACCOUNT_ID"] = self._account_of(where.access_key)
        if where.service:
            self.calls.count(where.service, where.operation, agent=environ.get("HTTP_USER_AGENT", ""))
            self._bill(where, str(environ["HTTP_X_MOTO_ACCOUNT_ID"]))
        app = self._services.get(where.service, self._moto)
        if where.service in UNLOCKED or (where.service, where.operation) in LONG_READS:
            return app(environ, start_response)
        with self._ground.lock:
            if where.service == "s3":
                self._exports.refresh()
                self._access_files.refresh()
            if not where.operation.endswith(MADE_WHEN_READ):
                return list(app(environ, start_response))
        return list(app(environ, start_response))

    def _bill(self, where: Address, account: str) -> None:
        """Count the request where it is billed by the request; what it asks for bills GetMetricData by itself."""
        key = BILLED_BY_REQUEST.get(where.service)
        if key is not None and where.operation not in BILLED_OTHERWISE:
            scope = Scope(account, where.region)
            self._ground.bills.taps.add(scope, key, 1, at=self._ground.clock.now())

    def _account_of(self, access_key: str) -> str:
        account = get_account_id_from(access_key) if access_key else MOTO_DEFAULT_ACCOUNT
        return self._account if account == MOTO_DEFAULT_ACCOUNT else str(account)

    def _answer_control(self, method: str, path: str, body: bytes) -> tuple[int, Mapping[str, Any]]:
        handler = self._control.get((method, path))
        if handler is None:
            known = ", ".join(f"{m} {p}" for m, p in sorted(self._control))
            return 404, {"error": f"{method} {path} is not a control of the demo cloud; there are {known}"}
        try:
            return handler(json_object(body))
        except ValueError as error:
            return 400, {"error": str(error)}

    def _health(self, _: dict[str, Any]) -> tuple[int, Mapping[str, Any]]:
        return 200, {"status": "ok", "now": self._ground.clock.now().isoformat()}

    def _reset_calls(self, _: dict[str, Any]) -> tuple[int, Mapping[str, Any]]:
        self.calls.reset()
        return 200, {}

    def _advance(self, wanted: dict[str, Any]) -> tuple[int, Mapping[str, Any]]:
        clock = self._ground.clock
        if not isinstance(clock, StandingClock):
            raise ControlError("this demo cloud runs on the real clock; start it with --at to move time by hand")
        seconds = wanted.get("seconds")
        if isinstance(seconds, bool) or not isinstance(seconds, int | float) or seconds < 0:
            raise ValueError(f'seconds is {seconds!r}; send a number of seconds such as {{"seconds": 60}}')
        with self._ground.lock:
            clock.advance(timedelta(seconds=seconds))
            self._runner.advance(to=clock.now())
        return 200, {"now": clock.now().isoformat()}


class MotoFront(DomainDispatcherApplication):
    """moto's dispatcher; of a service that moto lacks it says None, and prints nothing."""

    def get_backend_for_host(self, host: str | None) -> Any:
        known = host is None or any(pattern.match(f"http://{host}") for _, pattern in self.backend_url_patterns)
        return super().get_backend_for_host(host if known or "amazonaws.com" not in str(host) else None)

    def get_application(self, environ: dict[str, Any]) -> Flask:
        try:
            return super().get_application(environ)
        except KeyError:  # moto reads headers that a malformed request leaves out
            return _quiet_flask()


def build_app(
    ground: Ground,
    runner: Runner,
    *,
    control: Mapping[tuple[str, str], ControlHandler] | None = None,
    account: str = DEFAULT_ACCOUNT,
) -> DemoApp:
    """Give the demo cloud's WSGI application over `ground`, made live by `runner`."""
    return DemoApp(ground, runner, control=control, account=account)


def _prepared(environ: dict[str, Any], body: bytes) -> Address:
    """Put the body back where handlers read it, unpacked where SDKs compress it, and tell where it goes."""
    if environ.get("HTTP_CONTENT_ENCODING") == "gzip" and "/s3/" not in environ.get("HTTP_AUTHORIZATION", ""):
        body = gzip.decompress(body)
        del environ["HTTP_CONTENT_ENCODING"]
    environ["wsgi.input"] = io.BytesIO(body)
    environ["CONTENT_LENGTH"] = str(len(body))
    where = address(environ, body)
    environ[ADDRESS] = where
    return where


def _body(environ: Mapping[str, Any]) -> bytes:
    """Read the whole body, and not a byte of the next request on the connection."""
    stream = environ["wsgi.input"]
    if environ.get("wsgi.input_terminated"):
        return bytes(stream.read())
    return bytes(stream.read(int(environ.get("CONTENT_LENGTH") or 0)))


def _is_foreign(environ: Mapping[str, Any]) -> bool:
    """Tell whether a web page from elsewhere is asking: SDKs send no Origin, and a browser always does."""
    origin = environ.get("HTTP_ORIGIN", "")
    return bool(origin) and urlsplit(origin).hostname not in LOOPBACK


def _service_app(factory: ServiceFactory, ground: Ground) -> Flask:
    """Mount one of our services as moto mounts its own: a Flask application for every path."""
    app = _quiet_flask()

    def dispatch(path: str = "") -> Response:  # noqa: ARG001 - every path leads here
        asked = Request(request.environ)
        asked.from_wsgi_server = True
        return _response(factory(ground)._dispatch(asked))  # noqa: SLF001 - moto's only entry for an instance

    app.add_url_rule("/", view_func=dispatch, methods=["GET", "POST"])
    app.add_url_rule("/<path:path>", view_func=dispatch, methods=["GET", "POST"])
    return app


def _moto_app(service: Any) -> Flask:
    """Give moto's application of `service`, with refusals for what it lacks; None is a service that it lacks."""
    app = _quiet_flask() if service is None else create_backend_app(service)
    app.register_error_handler(Exception, _refusal)
    return app


def _quiet_flask() -> Flask:
    app = Flask("demo", static_folder=None)
    app.register_error_handler(Exception, _refusal)
    return app


def _refusal(error: Exception) -> Response | HTTPException:
    """Turn what went wrong inside a service into an answer that AWS clients understand."""
    where: Address = request.environ[ADDRESS]
    if isinstance(error, HTTPException) and not isinstance(error, NotFound | MethodNotAllowed):
        return error  # moto raises its modelled errors as these
    if isinstance(error, HTTPException | NotImplementedError):
        refusal = unknown_operation(where.operation, where.service or "aws", where.protocol)
    else:
        traceback.print_exception(error, file=sys.stderr)
        refusal = AwsError("InternalFailure", f"The demo cloud failed at this request: {error!r}", status=500)
    return _response(error_answer(refusal, where.protocol))


def _response(answer: Answer) -> Response:
    status, headers, body = answer
    return Response(body, status=status, headers=headers)


def _json(answer: tuple[int, Mapping[str, Any]], start_response: Any) -> list[bytes]:
    status, document = answer
    body = json.dumps(document).encode()
    start_response(f"{status} ", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]


__all__ = ["ROUTES", "DemoApp", "Protocol", "build_app"]
