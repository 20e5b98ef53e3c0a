"""Numbers, times, money and foreign text as people read them. Pure; no screen is drawn here."""

from __future__ import annotations

import math
import string
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from core.money import Money

WORD_JOINER: Final = "\u2060"
_LINK_MAKERS: Final = frozenset(":/.@")
_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
LABEL_LENGTH: Final = 300
"""Characters of foreign text that a label shows; the whole stands in tables."""

NO_VALUE: Final = "–"
"""Shown where there is no datapoint; never a zero."""


def plain(text: str) -> str:
    """Give one line without control, direction and other unseen characters, which could forge what is read.

    >>> plain("cpu\\u202e\\nhigh")
    'cpu high'
    """
    spaced = "".join(" " if c in "\r\n\t\u2028\u2029" else c for c in text)
    return "".join(c for c in spaced if unicodedata.category(c) not in _UNSEEN)


def md(text: str) -> str:
    """Escape foreign text for a slot that Streamlit reads as Markdown.

    Every ASCII punctuation sign gets a backslash. A word joiner after `:` `/` `.` `@` stops bare addresses
    from becoming links. Tried in every label slot of Streamlit 1.67.

    >>> md("![x](y)")
    '\\\\!\\\\[x\\\\]\\\\(y\\\\)'
    """
    clean = plain(text)[:LABEL_LENGTH].replace("www.", f"w{WORD_JOINER}ww.")
    return "".join(_escaped(c) if c in string.punctuation else c for c in clean)


def _escaped(sign: str) -> str:
    return "\\" + sign + (WORD_JOINER if sign in _LINK_MAKERS else "")


def shortened(text: str, length: int) -> str:
    """Give the text in at most `length` characters, an ellipsis standing for the rest."""
    clean = plain(text)
    return clean if len(clean) <= length else clean[: length - 1].rstrip() + "…"


def count(number: int, noun: str, plural: str | None = None) -> str:
    """Give a number with its noun.

    >>> count(1, "alarm"), count(1200, "target")
    ('1 alarm', '1,200 targets')
    """
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def number(value: float) -> str:
    """Give a number with about three digits that matter.

    >>> number(1221.4), number(0.3123), number(58.04), number(0.0), number(2_345_678)
    ('1,221', '0.31', '58', '0', '2.35 M')
    """
    if not math.isfinite(value):
        return NO_VALUE
    size = abs(value)
    sign = "−" if value < 0 and float(f"{size:.3g}") else ""
    for limit, letter in ((1e12, "T"), (1e9, "G"), (1e6, "M")):
        if size >= limit:
            return f"{sign}{size / limit:.3g} {letter}"
    return sign + _below_a_million(size)


def _below_a_million(size: float) -> str:
    if size >= 100:
        return f"{size:,.0f}"
    if size >= 10:
        return _trimmed(f"{size:.1f}")
    if size >= 0.1:
        return _trimmed(f"{size:.2f}")
    return _trimmed(f"{size:.2g}") if size >= 1e-6 else "0"


def _trimmed(text: str) -> str:
    return text.rstrip("0").rstrip(".") if "." in text and "e" not in text else text


_BYTE_STEPS: Final = ((1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB"))
_SUFFIXES: Final = {"Percent": " %", "Count/Second": "/s", "Count": "", "None": ""}
_TO_SECONDS: Final = {"Seconds": 1.0, "Milliseconds": 1e-3, "Microseconds": 1e-6}


def quantity(value: float, unit: str | None) -> str:
    """Give a value with CloudWatch's unit in the form people use.

    >>> quantity(0.412, "Seconds"), quantity(1.42, "Seconds"), quantity(57.9, "Percent"), quantity(1.4e6, "Bytes")
    ('412 ms', '1.42 s', '57.9 %', '1.4 MB')
    """
    if not math.isfinite(value):
        return NO_VALUE
    if unit in _TO_SECONDS:
        return _time_amount(value * _TO_SECONDS[unit])
    if unit is not None and unit.startswith("Bytes"):
        return _bytes_amount(value) + ("/s" if unit.endswith("/Second") else "")
    return number(value) + _SUFFIXES.get(unit or "None", f" {unit}")


def _time_amount(seconds: float) -> str:
    size = abs(seconds)
    if size >= 120:
        return duration(timedelta(seconds=seconds))
    if size >= 1:
        return f"{seconds:.3g} s".replace("-", "−")
    if size >= 1e-3 or size == 0:
        return f"{number(float(f'{seconds * 1e3:.3g}'))} ms"
    return f"{number(float(f'{seconds * 1e6:.3g}'))} µs"


def _bytes_amount(value: float) -> str:
    for limit, letters in _BYTE_STEPS:
        if abs(value) >= limit:
            return f"{value / limit:.3g} {letters}".replace("-", "−")
    return f"{number(value)} B"


def duration(length: timedelta) -> str:
    """Give a length of time in its one or two largest units.

    >>> [duration(timedelta(seconds=s)) for s in (5, 540, 6480, 259_200, 266_400)]
    ['5 s', '9 min', '1 h 48 min', '3 d', '3 d 2 h']
    """
    seconds = max(0, int(length.total_seconds()))
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min"
    if seconds < 86_400:
        return _two(seconds // 3600, "h", seconds % 3600 // 60, "min")
    return _two(seconds // 86_400, "d", seconds % 86_400 // 3600, "h")


def _two(large: int, large_unit: str, small: int, small_unit: str) -> str:
    return f"{large} {large_unit} {small} {small_unit}" if small else f"{large} {large_unit}"


def age(at: datetime, *, now: datetime) -> str:
    """Give how long ago `at` was; what lies ahead is `0 s`."""
    return duration(now - at)


def clock(at: datetime) -> str:
    """Give the time of day to the second; the screen says once that all its times are UTC."""
    return f"{at:%H:%M:%S}"


def moment(at: datetime, *, now: datetime) -> str:
    """Give a time of day, with its date where that is not today's.

    >>> from datetime import UTC
    >>> moment(datetime(2026, 11, 22, 9, 5, tzinfo=UTC), now=datetime(2026, 11, 23, tzinfo=UTC))
    '22 Nov 09:05'
    """
    return f"{at:%H:%M}" if at.date() == now.date() else f"{at.day} {at:%b %H:%M}"


def money(amount: Money) -> str:
    """Give an amount for a Markdown slot, where two bare dollar signs would start a formula."""
    return str(amount).replace("$", "\\$")


def listed(words: Sequence[str], *, most: int = 4) -> str:
    """Give names in a row, and how many are left out.

    >>> listed(["a", "b", "c"]), listed(["a", "b", "c"], most=1)
    ('a, b and c', 'a and 2 more')
    """
    shown = [plain(word) for word in words[:most]]
    if len(words) > most:
        shown.append(f"{len(words) - most} more")
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}" if shown else ""


@dataclass(frozen=True, slots=True)
class Look:
    """How a state is shown: always a sign, a word and a colour, never a colour alone."""

    glyph: str
    """For canvas, tables and buttons."""
    icon: str
    """Streamlit's name of the material icon for badges."""
    color: str
    """Streamlit's name of the theme colour."""
    tone: str
    """Class of the colour in our own components: ok, warning, alarm, info, none."""


OK: Final = Look("✓", ":material/check_circle:", "green", "ok")
WARNING: Final = Look("▲", ":material/warning:", "orange", "warning")
ALARM: Final = Look("✕", ":material/error:", "red", "alarm")
INFO: Final = Look("◔", ":material/info:", "blue", "info")
NO_DATA: Final = Look("–", ":material/help:", "gray", "none")
STALE: Final = Look("◷", ":material/schedule:", "yellow", "warning")

_LOOKS: Final = {
    "OK": OK,
    "ALARM": ALARM,
    "INSUFFICIENT_DATA": NO_DATA,
    "healthy": OK,
    "unhealthy": ALARM,
    "initial": INFO,
    "draining": WARNING,
    "unused": NO_DATA,
    "unavailable": NO_DATA,
    "InService": OK,
    "Pending": INFO,
    "Terminating": WARNING,
    "Terminated": NO_DATA,
    "Standby": WARNING,
    "running": OK,
    "pending": INFO,
    "shutting-down": WARNING,
    "stopping": WARNING,
    "stopped": NO_DATA,
    "terminated": NO_DATA,
    "active": OK,
    "provisioning": INFO,
    "active_impaired": WARNING,
    "failed": ALARM,
    "Successful": OK,
    "Failed": ALARM,
    "Cancelled": WARNING,
    "InProgress": INFO,
}
_WORDS: Final = {"INSUFFICIENT_DATA": "No data", "ALARM": "Alarm", "InService": "in service", "InProgress": "running"}


def look(state: str) -> Look:
    """Give the look of a state in AWS's words; an unknown one looks like no data and keeps its word."""
    return _LOOKS.get(state) or _LOOKS.get(state.partition(":")[0], NO_DATA)


def state_word(state: str) -> str:
    """Give the word for a state.

    >>> state_word("INSUFFICIENT_DATA"), state_word("draining")
    ('No data', 'draining')
    """
    return _WORDS.get(state, plain(state))


def state_cell(state: str) -> str:
    """Give sign and word for a table cell.

    >>> state_cell("unhealthy")
    '✕ unhealthy'
    """
    return f"{look(state).glyph} {state_word(state)}"
