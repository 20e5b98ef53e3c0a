"""Which request goes where: the service and operation of a request, and the table of who answers them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qs

from demo.aws.errors import Protocol, protocol_of
from demo.aws.wire import CREDENTIAL_SCOPE, RPC_PATH

SIGNING_NAMES: Final = {
    "monitoring": "cloudwatch",
    "elasticloadbalancing": "elbv2",
    "tagging": "resourcegroupstaggingapi",
}
"""Signing name -> botocore's name, where they differ and a person would not know the first."""

REST_OPERATIONS: Final = {("lambda", "GET /2015-03-31/functions"): "ListFunctions"}
"""Operations of REST services that the product calls; any other is named by method and path."""

CLASSIC_ELB_VERSION: Final = "2012-06-01"
"""Classic load balancers share elbv2's signing name; only the API version tells them apart."""


class ControlError(ValueError):
    """A control request that cannot be done; the message says what can."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a request is going."""

    service: str
    """botocore's name of the service; empty where the request is not signed and says nothing."""
    operation: str
    """The operation as AWS names it; of most REST services the HTTP method and the path."""
    protocol: Protocol
    access_key: str = ""
    region: str = ""


def address(environ: dict[str, Any], body: bytes) -> Address:
    """Read the address from credential scope, target header, form body or path."""
    match = CREDENTIAL_SCOPE.search(environ.get("HTTP_AUTHORIZATION", ""))
    service = match["service"] if match else ""
    path = environ.get("PATH_INFO", "/")
    content_type = environ.get("CONTENT_TYPE", "")
    target = environ.get("HTTP_X_AMZ_TARGET", "")
    form = _form(environ, body, content_type)
    if service == "elasticloadbalancing" and form.get("Version") == CLASSIC_ELB_VERSION:
        service = "elb"
    service = SIGNING_NAMES.get(service, service)
    protocol = protocol_of(
        content_type="application/x-www-form-urlencoded" if "Action" in form else content_type,
        path=path,
        has_target=bool(target),
        service=service,
    )
    operation = _operation(environ, path=path, target=target, form=form)
    return Address(
        service=service,
        operation=REST_OPERATIONS.get((service, operation), operation),
        protocol=protocol,
        access_key=match["key"] if match else "",
        region=match["region"] if match else "",
    )


def _operation(environ: dict[str, Any], *, path: str, target: str, form: dict[str, str]) -> str:
    rpc = RPC_PATH.fullmatch(path)
    if rpc:
        return rpc["operation"]
    if target:
        return target.rsplit(".", 1)[-1]
    return form.get("Action") or f"{environ.get('REQUEST_METHOD', 'GET')} {path}"


def _form(environ: dict[str, Any], body: bytes, content_type: str) -> dict[str, str]:
    """Give Action and Version of a query request; they stand in the body, or in a GET's query string."""
    text = environ.get("QUERY_STRING", "")
    if content_type.startswith("application/x-www-form-urlencoded"):
        text = body.decode("utf-8", "replace")
    if "Action=" not in text:
        return {}
    fields = parse_qs(text)
    return {name: fields[name][0] for name in ("Action", "Version") if name in fields}


def json_object(body: bytes) -> dict[str, Any]:
    """Read a control request's JSON body; an empty one is an empty object."""
    found = json.loads(body or b"{}")
    if not isinstance(found, dict):
        raise ControlError(f'{found!r} is not a JSON object; send one such as {{"seconds": 60}}')
    return found
