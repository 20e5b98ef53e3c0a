"""One line of an Application Load Balancer's access log.

https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-access-logs.html says what the fields
are; new ones are added at the end without notice, so a line may have more than we know, and an old one has fewer.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import re2

FIELDS: Final = (
    "type", "time", "elb", "client:port", "target:port", "request_processing_time", "target_processing_time",
    "response_processing_time", "elb_status_code", "target_status_code", "received_bytes", "sent_bytes", "request",
    "user_agent", "ssl_cipher", "ssl_protocol", "target_group_arn", "trace_id", "domain_name", "chosen_cert_arn",
    "matched_rule_priority", "request_creation_time", "actions_executed", "redirect_url", "error_reason",
    "target:port_list", "target_status_code_list", "classification", "classification_reason", "conn_trace_id",
    "transformed_host", "transformed_uri", "request_transform_status", "ip_address",
)  # fmt: skip
"""In the order in which they stand. The last is not on AWS's page yet; lines of 2026 have it."""
LEAST: Final = 13
"""Fields that a line needs to count: up to the request."""
LONGEST: Final = 1 << 17
"""Characters of a line; URLs and user agents are cut by the load balancer long before."""
NONE: Final = "-"
TYPES: Final = frozenset({"http", "https", "h2", "grpcs", "ws", "wss"})

_ODD: Final = re2.compile(
    r'^((?:[^" ]+ ){12})"(.*?)" "(.*?)" ([A-Za-z0-9_-]+) ([A-Za-z0-9._-]+) (arn:[^ ]*|-)(?: (.*))?$'
)
"""A line in whose request or user agent quotes stand: found by what stands around them. RE2 takes linear time."""
_TAIL: Final = re.compile(r'"((?:[^"\\]|\\.)*)"|(\S+)')
_ESCAPED: Final = re.compile(r'\\(?:x([0-9a-fA-F]{2})|(["\\]))')


class NotAnEntryError(ValueError):
    """Why a line is not counted, in a few words."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One request. All texts are foreign; `-` became the empty text, None stands for what was not measured."""

    kind: str
    """`http`, `https`, `h2`, `grpcs`, `ws` or `wss`."""
    at: datetime
    """When the answer was sent; for WebSockets, when the connection was closed."""
    balancer: str
    client: str
    """Address without the port."""
    target: str
    """Address and port; empty where no target took part, and for Lambda functions."""
    request_seconds: float | None
    target_seconds: float | None
    response_seconds: float | None
    status: int | None
    """What the client got; None where the connection ended before."""
    target_status: int | None
    received: int
    sent: int
    method: str
    url: str
    """As the client sent it, spaces and all."""
    protocol: str
    fields: tuple[str, ...]
    """Every field as it was written, in the order of `FIELDS`."""

    @property
    def seconds(self) -> float | None:
        """All three times together; None where one of them was not measured."""
        if self.request_seconds is None or self.target_seconds is None or self.response_seconds is None:
            return None
        return self.request_seconds + self.target_seconds + self.response_seconds

    @property
    def trace(self) -> str:
        """The id that the application can log, without `Root=`."""
        return trace_id(self.field("trace_id"))

    def field(self, name: str) -> str:
        """Give a field by AWS's name; empty where it is `-` or the line is too old to have it."""
        place = FIELDS.index(name)
        found = self.fields[place] if place < len(self.fields) else NONE
        return "" if found == NONE else found


def parse(line: str) -> Entry:
    """Read a line; raises NotAnEntryError."""
    fields = split(line)
    if len(fields) < LEAST:
        raise NotAnEntryError(f"has {len(fields)} of at least {LEAST} fields; it may be cut off")
    if fields[0] not in TYPES:
        raise NotAnEntryError(f"begins with no known type; known are {', '.join(sorted(TYPES))}")
    method, url, protocol = request_parts(fields[12])
    try:
        return Entry(
            fields[0],
            datetime.fromisoformat(fields[1]),
            fields[2],
            _address(fields[3]),
            "" if fields[4] == NONE else fields[4],
            _seconds(fields[5]),
            _seconds(fields[6]),
            _seconds(fields[7]),
            _status(fields[8]),
            _status(fields[9]),
            _bytes(fields[10]),
            _bytes(fields[11]),
            method,
            url,
            protocol,
            fields,
        )
    except ValueError as error:
        raise NotAnEntryError(f"has a field that is none: {str(error)[:80]}") from None


def split(line: str) -> tuple[str, ...]:
    """Give the fields of a line, quotes taken away; the last may be cut off."""
    line = line.rstrip("\r\n")
    if len(line) > LONGEST:
        raise NotAnEntryError(f"has more than {LONGEST:,} characters")
    if "\\" in line:
        return _odd(line)
    found: list[str] = []
    quoted = False
    pieces = line.split('"')
    last = len(pieces) - 1
    for place, piece in enumerate(pieces):
        if quoted:
            found.append(piece)
        elif (place and piece[:1] not in {" ", ""}) or (place < last and piece[-1:] != " "):
            return _odd(line)
        else:
            found += piece.split()
        quoted = not quoted
    if quoted or len(found) >= LEAST + 1:
        return tuple(found)
    return tuple(found[:-1])  # a request whose closing quote is missing is cut off


def _odd(line: str) -> tuple[str, ...]:
    """Read a line with quotes or escapes inside its quotes."""
    match = _ODD.match(line)
    if match is None:
        return tuple(unescaped(quoted if quoted is not None else bare) for quoted, bare in _pieces(line))
    head, request, agent, cipher, protocol, group, tail = match.groups()
    rest = (unescaped(quoted if quoted is not None else bare) for quoted, bare in _pieces(tail or ""))
    return (*head.split(), unescaped(request), unescaped(agent), cipher, protocol, group, *rest)


def _pieces(text: str) -> list[tuple[str | None, str]]:
    return [(match[1], match[2] or "") for match in _TAIL.finditer(text)]


def unescaped(text: str) -> str:
    r"""Give a quoted field as it was sent: `\x22` and `\"` are a quote.

    >>> unescaped(r"say \x22hi\x22")
    'say "hi"'
    """
    return _ESCAPED.sub(lambda match: chr(int(match[1], 16)) if match[1] else match[2], text) if "\\" in text else text


def request_parts(request: str) -> tuple[str, str, str]:
    """Give method, URL and protocol; the URL may hold spaces, and a malformed request dashes.

    >>> request_parts("GET https://shop.example:443/a b?c=d e HTTP/1.1")
    ('GET', 'https://shop.example:443/a b?c=d e', 'HTTP/1.1')
    >>> request_parts("- http://10.0.0.1:80- -")
    ('', 'http://10.0.0.1:80-', '')
    """
    method, _, rest = request.partition(" ")
    url, _, protocol = rest.rpartition(" ")
    if not url:
        url, protocol = rest, ""
    return _filled(method), _filled(url.strip()), _filled(protocol)


def _filled(text: str) -> str:
    return "" if text == NONE else text


def trace_id(field: str) -> str:
    """Give the root of a trace header, which is what applications log.

    >>> trace_id("Self=1-67891234-12456789abcdef012345678;Root=1-67891233-abcdef012345678912345678")
    '1-67891233-abcdef012345678912345678'
    """
    for part in field.split(";"):
        name, _, value = part.strip().partition("=")
        if name == "Root":
            return value
    return ""


def _address(text: str) -> str:
    """Give the address without the port: an IPv6 one has colons of its own, and may stand in brackets."""
    if text == NONE:
        return ""
    host, colon, port = text.rpartition(":")
    return (host if colon and port.isdigit() else text).strip("[]")


def _seconds(text: str) -> float | None:
    """Read a time; -1 and - say that it was not measured."""
    if text in {"-1", NONE}:
        return None
    found = float(text)
    return found if 0 <= found < 1e9 else None


def _status(text: str) -> int | None:
    return None if text == NONE else int(text)


def _bytes(text: str) -> int:
    return 0 if text == NONE else int(text)
