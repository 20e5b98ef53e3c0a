"""Events of an answer that goes on, in AWS's framing of them: length, headers, body, and two checksums.

https://docs.aws.amazon.com/AmazonS3/latest/API/RESTSelectObjectAppendix.html
"""

from __future__ import annotations

import struct
import zlib
from typing import Any, Final

import orjson

TEXT: Final = 7
"""The kind of a header whose value is text."""


def event(name: str, document: dict[str, Any]) -> bytes:
    """Give one event."""
    return _message({":message-type": "event", ":event-type": name}, document)


def exception(name: str, message: str) -> bytes:
    """Give the event that ends a stream with an error."""
    return _message({":message-type": "exception", ":exception-type": name}, {"message": message})


def _message(headers: dict[str, str], document: dict[str, Any]) -> bytes:
    body = orjson.dumps(document)
    packed = b"".join(_header(*each) for each in {**headers, ":content-type": "application/json"}.items())
    prelude = struct.pack(">II", 16 + len(packed) + len(body), len(packed))
    whole = prelude + struct.pack(">I", zlib.crc32(prelude)) + packed + body
    return whole + struct.pack(">I", zlib.crc32(whole))


def _header(name: str, value: str) -> bytes:
    return bytes([len(name)]) + name.encode() + bytes([TEXT]) + struct.pack(">H", len(value)) + value.encode()
