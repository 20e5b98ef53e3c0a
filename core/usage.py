"""What was counted of something that AWS bills: a count with its usage type, or why there is none."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Count:
    """How much of one usage type one thing used."""

    usage_type: str
    """As on AWS's bill without the region's letters, such as `BoxUsage:t2.micro`."""
    region: str
    thing: str
    """What was counted, such as a function's name; foreign text."""
    month: Decimal
    """Since the month began."""
    lately: Decimal
    """In the newest stretch of it, which says what things cost now."""


@dataclass(frozen=True, slots=True)
class Uncounted:
    """Something that is on the bill, or may be, and that nobody counted. It is never taken for nothing."""

    what: str
    why: str
    """A sentence for people; may hold foreign text."""
