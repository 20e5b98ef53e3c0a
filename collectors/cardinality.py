"""Finds dimension values that look as if each were another one: each new value is a new metric that is paid for.

It is a guess by shape, never a proof. What is found is shown masked: it may be a person's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from collectors.custom_rules import MetricRefusedError

_UUID: Final = r"[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}"
_ID_IN_PATH: Final = rf"(?:/|=)(?:\d{{3,}}|{_UUID}|[0-9a-f]{{16,}})(?=[/?#&]|$)"

SHAPES: Final = tuple(
    (kind, re.compile(pattern, re.IGNORECASE), way_out)
    for kind, pattern, way_out in (
        ("an e-mail address", r"[^\s@/]+@[^\s@/]+\.[a-z]{2,}", "leave the person out"),
        ("a URL or path with an id", _ID_IN_PATH, "put the route in its place, such as /orders/{id}"),
        ("a UUID", rf"(?<![0-9a-z]){_UUID}(?![0-9a-z])", "leave it out, or put its kind"),
        ("an IP address", r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.])", "put the zone or the service in its place"),
        ("an IP address", r"^\[?(?:[0-9a-f]{0,4}:){3,7}[0-9a-f]{0,4}\]?$", "put the zone or the service in its place"),
        ("a point in time", r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d", "leave it out: a datapoint has a time of its own"),
        ("a long number", r"(?<![0-9a-z])(?:\d[ -]?){7,}(?![0-9a-z])", "leave the id out, or put its kind"),
        ("a token", r"^(?:[0-9a-f]{24,}|eyJ[\w-]{10,}\..*)$", "leave it out; a secret is in nobody's metrics"),
    )
)

_AWS_THINGS: Final = re.compile(r"arn:|(?:app|net|gwy|targetgroup)/")
"""Begin names of things that AWS itself has as dimensions; there are as many as there are things."""


@dataclass(frozen=True, slots=True)
class Suspicion:
    """A dimension whose value looks like one of many."""

    dimension: str
    example: str
    """The value, masked."""
    kind: str
    way_out: str

    def __str__(self) -> str:
        return (
            f"dimension {self.dimension!r} holds {self.kind} ({self.example}): each new one is another metric that is"
            f" paid for; {self.way_out}"
        )


class HighCardinalityError(MetricRefusedError):
    """A dimension that would make a metric of each user, request or address."""

    reason = "high cardinality"


def suspicions(dimensions: Iterable[tuple[str, str]]) -> tuple[Suspicion, ...]:
    """Give what looks as if it had many values; one for each dimension at most."""
    return tuple(found for name, value in dimensions if (found := _look(name, value)) is not None)


def _look(name: str, value: str) -> Suspicion | None:
    if _AWS_THINGS.match(value):
        return None
    for kind, shape, way_out in SHAPES:
        if shape.search(value):
            return Suspicion(name, masked(value), kind, way_out)
    return None


def masked(value: str) -> str:
    """Give so much of a value that its owner knows which it is, and nobody else can use it.

    >>> masked("ana@example.com"), masked("42")
    ('an… of 15 characters', '… of 2 characters')
    """
    return f"{value[:2] if len(value) > 8 else ''}… of {len(value)} characters"
