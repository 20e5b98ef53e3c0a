"""When a line of a file happened, as far as the line says so."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from core.log_lines import EPOCH

FURTHEST: Final = 4_000
"""Characters of a JSON line in which its time is looked for: reading all of it would take as long as the rest."""
_FIELD: Final = re.compile(
    r'"@?(?:timestamp|time|ts|asctime|datetime|date)"\s*:\s*(?:"(?P<text>[^"\\]{1,40})"|(?P<number>\d{9,14}(?:\.\d{1,9})?)\b)'
)
_ISO: Final = re.compile(
    r"(?:\[\w{3,8}\]\s)?\s*[\[(\"]?(\d{4})[-/](\d\d)[-/](\d\d)[T ]"
    r"(\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?\s?(Z|UTC|[+-]\d\d:?\d\d)?"
)
_MONTHS: Final = {
    name: at
    for at, name in enumerate(
        ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"), start=1
    )
}
_APACHE: Final = re.compile(
    r"\[?(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) ([A-Z][a-z]{2}) +(\d{1,2}) (\d\d):(\d\d):(\d\d)(?:\.\d+)? (\d{4})"
)
_COMMON: Final = re.compile(r"[^\[]{0,200}\[(\d{1,2})/([A-Z][a-z]{2})/(\d{4}):(\d\d):(\d\d):(\d\d) ([+-]\d{4})\]")
_MILLISECOND: Final = timedelta(milliseconds=1)


def time_of(message: str) -> int | None:
    """Give milliseconds since 1970; None where the line has no whole date. A time without a zone is taken for UTC.

    >>> time_of("2026-11-27 06:00:01,250 ready"), time_of("Dec 10 06:55:46 LabSZ sshd: no year, no date")
    (1795759201250, None)
    """
    text = _told(message) if message.startswith("{") else message[:300]
    if isinstance(text, int):
        return text
    try:
        return _iso(text) or _apache(text) or _common(text)
    except ValueError:  # the 31st of February
        return None


def _told(message: str) -> str | int:
    """Give the first time field of a JSON line: a text, or milliseconds where it is a number."""
    found = _FIELD.search(message, 0, FURTHEST)
    if found is None:
        return ""
    if found["text"]:
        return found["text"]
    number = float(found["number"])
    return int(number if number > 1e11 else number * 1_000) if 1e8 < number < 1e14 else ""


def _iso(text: str) -> int | None:
    found = _ISO.match(text)
    if found is None:
        return None
    numbers = [int(each) for each in found.groups()[:6]]
    part = int((found[7] or "0").ljust(3, "0")[:3])
    return _milliseconds(numbers, found[8] or "") + part


def _apache(text: str) -> int | None:
    found = _APACHE.match(text)
    if found is None or found[1] not in _MONTHS:
        return None
    month, day, hour, minute, second, year = found.groups()
    return _milliseconds([int(year), _MONTHS[month], int(day), int(hour), int(minute), int(second)], "")


def _common(text: str) -> int | None:
    found = _COMMON.match(text)
    if found is None or found[2] not in _MONTHS:
        return None
    day, month, year, hour, minute, second, zone = found.groups()
    return _milliseconds([int(year), _MONTHS[month], int(day), int(hour), int(minute), int(second)], zone)


def _milliseconds(numbers: list[int], zone: str) -> int:
    year, month, day, hour, minute, second = numbers
    at = datetime(year, month, day, hour, minute, min(second, 59), tzinfo=UTC)
    if zone and zone not in {"Z", "UTC"}:
        away = timedelta(hours=int(zone[1:3]), minutes=int(zone[-2:]))
        at += -away if zone[0] == "+" else away
    return (at - EPOCH) // _MILLISECOND
