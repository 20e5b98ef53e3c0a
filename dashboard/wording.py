"""Numbers, times, money and foreign text as people read them. Pure; no screen is drawn here."""

from __future__ import annotations

import string
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from core.money import Money
from dashboard.charts.targets import duration
from dashboard.charts.unit import MISSING, written

WORD_JOINER: Final = "\u2060"
_LINK_MAKERS: Final = frozenset(":/.@")
_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
LABEL_LENGTH: Final = 300
"""Characters of foreign text that a label shows; the whole stands in tables."""

NO_VALUE: Final = MISSING
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


def capital(text: str) -> str:
    """Give a sentence its first letter.

    >>> capital("today's cap")
    "Today's cap"
    """
    return text[:1].upper() + text[1:]


def count(number: int, noun: str, plural: str | None = None) -> str:
    """Give a number with its noun.

    >>> count(1, "alarm"), count(1200, "target")
    ('1 alarm', '1,200 targets')
    """
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def quantity(value: float | None, unit: str | None) -> str:
    """Give a value with CloudWatch's unit as the charts write it, so that a tile and its chart agree.

    >>> quantity(0.412, "Seconds"), quantity(57.9, "Percent"), quantity(1221, "Count/Second"), quantity(None, "Count")
    ('412 ms', '57.9%', '1,221/s', '–')
    """
    return written(value, unit)


def difference(value: float, unit: str | None) -> str:
    """Give a difference with its sign; of two percentages it is percentage points.

    >>> difference(0.138, "Seconds"), difference(-0.061, "Percent"), difference(0, "Count")
    ('+138 ms', '-0.061 pp', '±0')
    """
    size = written(abs(value), unit)
    if unit == "Percent":
        size = size.removesuffix("%") + " pp"
    if not value or not any(digit in size for digit in "123456789"):
        return "±0"
    return f"{'-' if value < 0 else '+'}{size}"


def share(part: float, *, of: float) -> str:
    """Give a relative change in percent; from nothing there is none.

    >>> share(12, of=300), share(-1, of=300), share(1, of=0)
    ('+4%', '±0%', '–')
    """
    if not of:
        return NO_VALUE
    change = round(100 * part / of)
    return f"{change:+d}%" if change else "±0%"


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

LOOKS: Final = {
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
    return LOOKS.get(state) or LOOKS.get(state.partition(":")[0], NO_DATA)


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
