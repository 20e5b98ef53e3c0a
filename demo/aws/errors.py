"""Errors as AWS gives them, in whichever wire protocol the caller spoke."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Any
from uuid import uuid4
from xml.sax.saxutils import escape

import cbor2
from botocore.model import ServiceModel
from moto.core.exceptions import ServiceException

Answer = tuple[int, dict[str, str], str | bytes]
"""HTTP status, headers, body: what moto's handlers give."""


class Protocol(StrEnum):
    """The wire protocols that AWS clients speak."""

    JSON = "json"
    CBOR = "smithy-rpc-v2-cbor"
    QUERY = "query"
    EC2 = "ec2"
    REST_JSON = "rest-json"
    REST_XML = "rest-xml"


class AwsError(ServiceException):
    """A refusal in AWS's code and words."""

    def __init__(self, code: str, message: str, *, status: int = 400, members: dict[str, Any] | None = None) -> None:
        super().__init__(code, message)
        self.status = status
        self.members = members or {}
        """What the modelled error holds besides its message."""


def protocol_of(*, content_type: str, path: str, has_target: bool, service: str) -> Protocol:
    """Tell which protocol a request speaks, from its headers; a botocore model is not needed."""
    if content_type.startswith("application/cbor") or "/operation/" in path:
        return Protocol.CBOR
    if has_target:
        return Protocol.JSON
    if content_type.startswith("application/x-www-form-urlencoded"):
        return Protocol.EC2 if service == "ec2" else Protocol.QUERY
    return Protocol.REST_XML if service in {"s3", "route53", "cloudfront"} else Protocol.REST_JSON


def error_answer(error: AwsError, protocol: Protocol, *, model: ServiceModel | None = None) -> Answer:
    """Give the HTTP answer that a client in `protocol` reads as `error`.

    With the service's model the error gets its modelled shape name and HTTP status.
    """
    shape = _shape(error.code, model)
    status = int((shape or {}).get("status") or error.status)
    fault = "Receiver" if status >= 500 else "Sender"
    request = str(uuid4())
    headers = {"x-amzn-RequestId": request}
    name = str((shape or {}).get("name") or error.code)
    if protocol in {Protocol.JSON, Protocol.CBOR, Protocol.REST_JSON}:
        headers["x-amzn-errortype"] = name
        if model is not None and "awsQueryCompatible" in model.metadata:
            headers["x-amzn-query-error"] = f"{error.code};{fault}"
        document = {"__type": name, "message": error.message, **error.members}
        if protocol is Protocol.CBOR:
            headers |= {"Content-Type": "application/cbor", "smithy-protocol": "rpc-v2-cbor"}
            return status, headers, cbor2.dumps(document)
        version = "1.0" if protocol is Protocol.JSON else ""
        headers["Content-Type"] = f"application/x-amz-json-{version}" if version else "application/json"
        return status, headers, json.dumps(document)
    headers["Content-Type"] = "text/xml"
    namespace = "" if model is None else model.metadata.get("xmlNamespace", "")
    return status, headers, _xml(error, protocol, fault=fault, request=request, namespace=namespace)


def unknown_operation(operation: str, service: str, protocol: Protocol) -> AwsError:
    """The answer to an operation that nothing here answers: a refusal that no client retries."""
    code = "InvalidAction" if protocol in {Protocol.QUERY, Protocol.EC2} else "UnknownOperationException"
    return AwsError(code, f"The demo cloud does not answer {service}:{operation or 'this request'}.")


def _shape(code: str, model: ServiceModel | None) -> dict[str, Any] | None:
    """Find the modelled error of `code`: its shape name and status."""
    for shape in () if model is None else model.error_shapes:
        error = shape.metadata.get("error", {})
        if code in {error.get("code"), shape.name}:
            return {"name": shape.name, "status": error.get("httpStatusCode")}
    return None


def _xml(error: AwsError, protocol: Protocol, *, fault: str, request: str, namespace: str) -> str:
    inner = f"<Code>{escape(error.code)}</Code><Message>{escape(str(error.message))}</Message>"
    if protocol is Protocol.EC2:
        return f"<Response><Errors><Error>{inner}</Error></Errors><RequestID>{request}</RequestID></Response>"
    if protocol is Protocol.REST_XML:
        return f"<Error>{inner}<RequestId>{request}</RequestId></Error>"
    xmlns = f' xmlns="{namespace}"' if namespace else ""
    typed = f"<Error><Type>{fault}</Type>{inner}</Error>"
    return f"<ErrorResponse{xmlns}>{typed}<RequestId>{request}</RequestId></ErrorResponse>"
