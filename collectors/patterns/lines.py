"""What a line says: its words, and where JSON names them its level and logger."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import orjson

from collectors.patterns.variables import MOST_CHARACTERS, without_time

MESSAGES: Final = ("message", "msg", "event", "log", "text", "body", "@message")
LEVELS: Final = ("level", "severity", "levelname", "log.level", "lvl", "loglevel", "log_level")
LOGGERS: Final = ("logger", "logger_name", "loggerName", "log.logger", "name")
MOST_JSON: Final = 1 << 20
_NEXT_LINE: Final = re.compile(r"[\r\n]+")
_UNHELPFUL: Final = frozenset({"timestamp", "time", "ts", "@timestamp", "asctime", "date", "datetime"})


@dataclass(frozen=True, slots=True)
class Origin:
    """What a line says beside its words; equal for lines that may be of one template. Foreign text but for the last."""

    level: str = ""
    """As the line's JSON says it; empty for plain text, whose level is among its words."""
    logger: str = ""
    field: str = ""
    """The JSON field that the words were in; empty for plain text, and for JSON without a message."""
    level_field: str = ""
    logger_field: str = ""
    is_json: bool = False


PLAIN: Final = Origin()


def read(message: str) -> tuple[Origin, str]:
    """Give a line's origin and its words without the time.

    >>> read('{"level": "error", "msg": "no stock for sku 17"}')[1], read("06:00:01 up")[0] is PLAIN
    ('no stock for sku 17', True)
    """
    if message.startswith("{") and len(message) <= MOST_JSON:
        try:
            document = orjson.loads(message)
        except orjson.JSONDecodeError:
            return PLAIN, plain(message)
        if isinstance(document, dict):
            return _structured(document)
    return PLAIN, plain(message)


def plain(message: str) -> str:
    """Give a line in one row, without the time at its beginning: a stack trace by its first row and its last words."""
    text = without_time(message[: 4 * MOST_CHARACTERS].strip())
    if "\n" not in text and "\r" not in text:
        return text
    first, *others = _NEXT_LINE.split(text)
    last = next((row for row in reversed(others) if row and not row[0].isspace()), "")
    return f"{first} ⏎ {last}" if last else first


def _structured(document: Mapping[str, Any]) -> tuple[Origin, str]:
    field = _first(document, MESSAGES)
    level_field, logger_field = _first(document, LEVELS), _first(document, LOGGERS)
    said = document.get(field)
    origin = _origin(
        _text(document.get(level_field)),
        _text(document.get(logger_field)),
        field if isinstance(said, str) else "",
        level_field,
        logger_field,
    )
    text = said if isinstance(said, str) else _fields(said if isinstance(said, dict) else document)
    return origin, plain(text)


@lru_cache(maxsize=4_096)
def _origin(level: str, logger: str, field: str, level_field: str, logger_field: str) -> Origin:
    return Origin(level, logger, field, level_field, logger_field, is_json=True)


def _first(document: Mapping[str, Any], names: tuple[str, ...]) -> str:
    for name in names:
        if name in document and isinstance(document[name], str | int | dict) and document[name] != "":
            return name
    return ""


def _text(value: object) -> str:
    return value if isinstance(value, str) else "" if value is None else str(value)


def _fields(document: Mapping[str, Any]) -> str:
    """Give JSON without a message by its fields, so that what has the same fields is one template."""
    return " ".join(f"{key}={_value(each)}" for key, each in document.items() if key.lower() not in _UNHELPFUL)


def _value(each: object) -> str:
    if isinstance(each, str):
        return each if each and not any(sign.isspace() for sign in each) else f'"{each}"'
    if isinstance(each, dict):
        return "{" + ",".join(map(str, each)) + "}"
    if isinstance(each, list):
        return "[…]"
    return orjson.dumps(each, default=str).decode()
