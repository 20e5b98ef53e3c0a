"""What a log line says of itself: how bad it is, which request it belongs to, and its JSON fields.

Tolerant: a line of any kind gives what can be told with some certainty, and nothing else. A word such as `error` in
passing is no severity: it must stand where loggers write it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

LONGEST_READ: Final = 1_100_000
"""Characters of a line that are looked at: CloudWatch takes events of up to 1 MiB.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html"""
HEAD: Final = 300
"""Characters in which a logger has said how bad it is."""
MOST_FIELDS: Final = 500
DEEPEST: Final = 12


class Severity(StrEnum):
    """How bad a line is; `UNKNOWN` where it does not say."""

    FATAL = "fatal"
    ERROR = "error"
    WARNING = "warning"
    INFO = "info"
    DEBUG = "debug"
    UNKNOWN = "unknown"


class Number(str):
    """A number of a JSON document, as it was written: nothing of it is rounded."""

    __slots__ = ()


Json = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Recognised:
    """What was told of one line."""

    severity: Severity
    request: str
    """The request's, trace's or invocation's id; empty where the line names none. Foreign text."""
    document: Json | None
    """The JSON object that the line is, or that it ends with."""


@dataclass(frozen=True, slots=True)
class Field:
    """One leaf of a line's JSON."""

    path: tuple[str | int, ...]
    value: object
    """`str`, `Number`, `bool`, None; or an empty list or object."""

    @property
    def name(self) -> str:
        """How people read the path.

        >>> Field(("user", "roles", 0), "ops").name
        'user.roles[0]'
        """
        text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in self.path)
        return text.removeprefix(".")

    @property
    def text(self) -> str:
        """The value as JSON writes it, a string without its quotes."""
        if isinstance(self.value, str):
            return str(self.value)
        return json.dumps(self.value)


def recognise(message: str) -> Recognised:
    """Give what a line says of itself."""
    document = json_of(message)
    return Recognised(_severity(message, document), _request(message, document), document)


def json_of(message: str) -> Json | None:
    """Give the JSON object that the line is or ends with; None where there is none."""
    begin = message.find("{", 0, 2_000)
    if begin < 0 or len(message) > LONGEST_READ or not message.rstrip().endswith("}"):
        return None
    try:
        found = json.loads(message[begin:], parse_int=Number, parse_float=Number, parse_constant=Number)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def fields(document: Json) -> tuple[Field, ...]:
    """Give the leaves of a line's JSON in their order, at most `MOST_FIELDS`."""
    return tuple(field for field, _ in zip(_leaves(document, ()), range(MOST_FIELDS), strict=False))


def _leaves(value: object, path: tuple[str | int, ...]) -> Iterator[Field]:
    if len(path) >= DEEPEST or not isinstance(value, dict | list) or not value:
        yield Field(path, value)
        return
    inside = value.items() if isinstance(value, dict) else enumerate(value)
    for name, each in inside:
        yield from _leaves(each, (*path, name))


_WORDS: Final[Mapping[str, Severity]] = {
    "fatal": Severity.FATAL, "critical": Severity.FATAL, "crit": Severity.FATAL, "panic": Severity.FATAL,
    "emerg": Severity.FATAL, "emergency": Severity.FATAL, "alert": Severity.FATAL,
    "error": Severity.ERROR, "err": Severity.ERROR, "severe": Severity.ERROR, "exception": Severity.ERROR,
    "warn": Severity.WARNING, "warning": Severity.WARNING,
    "info": Severity.INFO, "notice": Severity.INFO, "information": Severity.INFO, "informational": Severity.INFO,
    "debug": Severity.DEBUG, "trace": Severity.DEBUG, "verbose": Severity.DEBUG, "fine": Severity.DEBUG,
}  # fmt: skip
_LEVEL_NAMES: Final = ("level", "severity", "loglevel", "log_level", "levelname", "lvl", "severity_text", "log.level")
_WORD: Final = "|".join(sorted(_WORDS, key=len, reverse=True))
_SAID: Final = re.compile(
    rf"(?:^|[\s\[(|:>])(?P<loud>{_WORD.upper()})(?=[\s\])|:>,]|$)"
    rf"|[\[<](?:[\w.-]{{1,40}}:)?(?P<boxed>(?i:{_WORD}))[\]>]"
    rf"|\b(?:level|severity|lvl|loglevel)[\"']?\s?[=:]\s?[\"']?(?P<named>(?i:{_WORD}))\b"
    rf"|^(?:\S+\s+){{0,4}}?(?P<begun>(?i:{_WORD})):\s"
)
_TROUBLE: Final = re.compile(
    r"Traceback \(most recent call last\)|^(?:[\w$]+\.)*\w+(?:Exception|Error)(?::|$)|Task timed out after|^panic: "
    r"|segfault at|Out of memory: Kill|\"errorType\"\s?:"
)
_ACCESS: Final = re.compile(r"\"[A-Z]{3,10} [^\"]{1,8192}\"\s(?P<status>[1-5]\d\d)\s")
_BALANCER: Final = re.compile(r"^(?:https?|h2|grpcs|wss?) \S+ \S+ \S+ \S+ \S+ \S+ \S+ (?P<status>[1-5]\d\d|-) ")
_GLOG: Final = re.compile(r"^(?P<sign>[IWEF])\d{4} \d\d:\d\d:\d\d")
_GLOG_SIGNS: Final = {"I": Severity.INFO, "W": Severity.WARNING, "E": Severity.ERROR, "F": Severity.FATAL}


def _severity(message: str, document: Json | None) -> Severity:
    if document is not None:
        found = _from_json(document)
        if found is not Severity.UNKNOWN:
            return found
    head = message[:HEAD]
    if access := _ACCESS.search(message[:9_000]) or _BALANCER.match(head):
        return _from_status(access["status"])
    if glog := _GLOG.match(head):
        return _GLOG_SIGNS[glog["sign"]]
    if said := _SAID.search(head):
        word = next(text for text in said.groups() if text)
        return _WORDS[word.casefold()]
    return Severity.ERROR if _TROUBLE.search(message[:4_000]) else Severity.UNKNOWN


def _from_status(status: str) -> Severity:
    """Tell by an access log's status: the server's fault is an error, the caller's is a warning."""
    return {"5": Severity.ERROR, "4": Severity.WARNING}.get(status[:1], Severity.INFO)


def _from_json(document: Json) -> Severity:
    low = {str(name).casefold(): value for name, value in document.items()}
    for name in _LEVEL_NAMES:
        value = low.get(name)
        if isinstance(value, Number):
            return _from_number(value)
        if isinstance(value, str):
            return _WORDS.get(value.strip().casefold(), Severity.UNKNOWN)
    if "errorType" in document or "stackTrace" in document:
        return Severity.ERROR
    status = low.get("status", low.get("statuscode", low.get("status_code")))
    if isinstance(status, str) and re.fullmatch(r"[1-5]\d\d", status):
        return _from_status(status)
    return Severity.UNKNOWN


def _from_number(text: str) -> Severity:
    """Tell by a number as bunyan and pino write it: 10 trace to 60 fatal."""
    steps = {"1": Severity.DEBUG, "2": Severity.DEBUG, "3": Severity.INFO, "4": Severity.WARNING, "5": Severity.ERROR}
    if not re.fullmatch(r"[1-6]0", text):
        return Severity.UNKNOWN
    return steps.get(text[0], Severity.FATAL)


_REQUEST_NAMES: Final = (
    "requestid", "awsrequestid", "xrequestid", "reqid", "correlationid", "xcorrelationid", "traceid", "xamzntraceid",
    "xraytraceid", "function_request_id", "functionrequestid", "invocationid",
)  # fmt: skip
_UUID: Final = r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}"
_REQUEST: Final = re.compile(
    rf"(?i:\b(?:aws_?|x-)?(?:request|req|correlation|trace)[_ -]?id)[\"']?\s?[=:]\s?"
    rf"[\"']?(?P<named>[\w.:/+=-]{{6,128}})"
    rf"|\b(?P<root>Root=1-[0-9a-f]{{8}}-[0-9a-f]{{24}})"
    rf"|\t(?P<lambda>{_UUID})\t"
    rf"|\[(?P<boxed>{_UUID}|req[-_][\w-]{{4,64}})\]"
)


def _request(message: str, document: Json | None) -> str:
    if document is not None:
        low = {re.sub(r"[^a-z]", "", str(name).casefold()): value for name, value in document.items()}
        for name in _REQUEST_NAMES:
            value = low.get(name)
            if isinstance(value, str) and value:
                return str(value)[:200]
    found = _REQUEST.search(message[:9_000])
    return next((text for text in found.groups() if text), "").rstrip(".,:") if found else ""
