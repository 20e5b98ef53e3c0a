"""Answers written straight to JSON 1.0, CBOR and query XML: moto's serializers take microseconds a datapoint."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4
from xml.sax.saxutils import escape

import cbor2
import numpy as np
import orjson
from botocore.model import OperationModel
from moto.core.responses import ActionResult

from core.series import Times, Values
from core.timespan import from_epoch
from demo.aws.errors import Answer, Protocol

CBOR_EPOCH = 1
"""The CBOR tag of a timestamp in epoch seconds. https://www.rfc-editor.org/rfc/rfc8949#section-3.4.2"""


@dataclass(frozen=True, slots=True)
class Stamps:
    """An array of timestamps in whole epoch seconds."""

    times: Times


@dataclass(frozen=True, slots=True)
class Numbers:
    """An array of floating-point values."""

    values: Values


class Prepared(ActionResult):
    """A result whose names and nesting are those of the wire already.

    Holds dicts, lists, strings, numbers, booleans, aware datetimes, `Stamps` and `Numbers`; None members are left out.
    """


def encode(document: dict[str, Any], operation: OperationModel, protocol: Protocol) -> Answer:
    """Give the HTTP answer of `document` in `protocol`."""
    headers = {"x-amzn-RequestId": str(uuid4())}
    if protocol is Protocol.CBOR:
        headers |= {"Content-Type": "application/cbor", "smithy-protocol": "rpc-v2-cbor"}
        return 200, headers, _cbor(document)
    if protocol is Protocol.JSON:
        headers["Content-Type"] = "application/x-amz-json-1.0"
        return 200, headers, orjson.dumps(_present(document), default=_json_default, option=JSON_OPTIONS)
    headers["Content-Type"] = "text/xml"
    return 200, headers, _query_xml(document, operation, request=headers["x-amzn-RequestId"])


JSON_OPTIONS = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS


def epoch(instant: datetime) -> int | float:
    """Give epoch seconds as AWS writes them: whole, or to the millisecond."""
    seconds = round(instant.timestamp(), 3)
    return int(seconds) if seconds.is_integer() else seconds


def _present(value: Any) -> Any:
    """Leave out members that are None."""
    if isinstance(value, dict):
        return {key: _present(item) for key, item in value.items() if item is not None}
    return [_present(item) for item in value] if isinstance(value, list) else value


def _json_default(value: Any) -> Any:
    if isinstance(value, Stamps):
        return np.ascontiguousarray(value.times)
    if isinstance(value, Numbers):
        return np.ascontiguousarray(value.values)
    if isinstance(value, datetime):
        return epoch(value)
    raise TypeError(f"{type(value).__name__} has no place in an AWS answer")


def _cbor(value: Any) -> bytes:
    writer = _CBOR_WRITERS.get(type(value))
    return cbor2.dumps(value) if writer is None else writer(value)


def _cbor_map(value: dict[str, Any]) -> bytes:
    items = [(key, item) for key, item in value.items() if item is not None]
    return _cbor_head(5, len(items)) + b"".join(cbor2.dumps(key) + _cbor(item) for key, item in items)


def _cbor_list(value: list[Any]) -> bytes:
    return _cbor_head(4, len(value)) + b"".join(map(_cbor, value))


def _cbor_stamps(value: Stamps) -> bytes:
    items = np.empty(value.times.size, [("tag", "u1"), ("width", "u1"), ("value", ">u4")])
    items["tag"], items["width"], items["value"] = 0xC0 | CBOR_EPOCH, 0x1A, value.times
    return _cbor_head(4, items.size) + items.tobytes()


def _cbor_numbers(value: Numbers) -> bytes:
    items = np.empty(value.values.size, [("width", "u1"), ("value", ">f8")])
    items["width"], items["value"] = 0xFB, value.values
    return _cbor_head(4, items.size) + items.tobytes()


def _cbor_head(major: int, size: int) -> bytes:
    """The first bytes of a list (4) or map (5) of `size` items."""
    if size < 24:
        return bytes([major << 5 | size])
    return struct.pack(">BI", major << 5 | 26, size)


_CBOR_WRITERS: dict[type, Callable[[Any], bytes]] = {
    dict: _cbor_map,
    list: _cbor_list,
    Stamps: _cbor_stamps,
    Numbers: _cbor_numbers,
    datetime: lambda value: cbor2.dumps(cbor2.CBORTag(CBOR_EPOCH, epoch(value))),
}


def _query_xml(document: dict[str, Any], operation: OperationModel, *, request: str) -> str:
    namespace = operation.service_model.metadata.get("xmlNamespace", "")
    shape = operation.output_shape
    result = ""
    if shape is not None:
        wrapper = shape.serialization.get("resultWrapper", f"{operation.name}Result")
        result = f"<{wrapper}>{_xml(document)}</{wrapper}>"
    return (
        f'<{operation.name}Response xmlns="{namespace}">{result}'
        f"<ResponseMetadata><RequestId>{request}</RequestId></ResponseMetadata></{operation.name}Response>"
    )


def _xml(value: Any) -> str:
    if isinstance(value, dict):
        return "".join(f"<{key}>{_xml(item)}</{key}>" for key, item in value.items() if item is not None)
    if isinstance(value, list):
        return "".join(f"<member>{_xml(item)}</member>" for item in value)
    if isinstance(value, Stamps):
        return "".join(f"<member>{from_epoch(t):%Y-%m-%dT%H:%M:%SZ}</member>" for t in value.times.tolist())
    if isinstance(value, Numbers):
        return "".join(f"<member>{number!r}</member>" for number in value.values.tolist())
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return f"{value.isoformat(timespec='milliseconds').removesuffix('+00:00')}Z"
    return escape(str(value))
