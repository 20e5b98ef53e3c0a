"""What browsers of real users send: read strictly, bounded in number, and without anything about the person.

Anybody can send a beacon, so a wrong one has to be cheap: the origin and the rate are looked at before the body, and
whatever is not exactly a beacon is dropped whole and counted. Kept are a page's template and a browser's family.
"""

from __future__ import annotations

import hashlib
import math
import threading
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from ipaddress import IPv6Address, ip_address
from typing import Final

import orjson

from collectors.page_load.paths import LONGEST_PATH, OTHER, Pages
from collectors.page_load.putting import Point

MOST_BYTES: Final = 2_048
LONGEST_MILLISECONDS: Final = 600_000
LARGEST_SHIFT: Final = 100.0
FIELDS: Final[Mapping[str, str]] = {
    "load": "PageLoadTime",
    "ttfb": "FirstByteTime",
    "fcp": "FirstContentfulPaint",
    "lcp": "LargestContentfulPaint",
    "inp": "InteractionToNextPaint",
    "cls": "CumulativeLayoutShift",
}
"""What a beacon may say, by its metric."""
FAMILIES: Final = (
    ("Edg", "Edge"), ("OPR/", "other"), ("SamsungBrowser", "other"), ("Firefox/", "Firefox"), ("FxiOS", "Firefox"),
    ("CriOS", "Chrome"), ("Chrome/", "Chrome"), ("Safari/", "Safari"),
)  # fmt: skip
"""(sign in the user agent, family), the first that fits; all others are `other`."""


class Dropped(StrEnum):
    """Why a beacon was not kept."""

    ORIGIN = "from a site that is not on the list"
    RATE = "too many at a time"
    SIZE = "too large, or too slow"
    CONTENT = "not a beacon"


@dataclass(frozen=True, slots=True)
class Sample:
    """What one page load took."""

    path: str
    """As the browser said it; foreign text, folded before it is kept."""
    values: Mapping[str, float]
    """By metric, in its unit."""


def parse(body: bytes) -> Sample | None:
    """Give what a beacon says; None where it is not exactly one."""
    if len(body) > MOST_BYTES:
        return None
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(document, dict) or set(document) != {"p", "m"}:
        return None
    path, said = document["p"], document["m"]
    if not (isinstance(path, str) and path.startswith("/") and len(path) <= LONGEST_PATH and isinstance(said, dict)):
        return None
    values = {FIELDS[name]: _value(name, value) for name, value in said.items() if name in FIELDS}
    known = {name: value for name, value in values.items() if value is not None}
    return Sample(path, known) if known and len(known) == len(said) else None


def _value(name: str, value: object) -> float | None:
    """Give a value in its metric's unit; None where it cannot be true."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    if name == "cls":
        return float(value) if 0 <= value <= LARGEST_SHIFT else None
    return value / 1000 if 0 < value <= LONGEST_MILLISECONDS else None


def family(agent: str) -> str:
    """Give the browser's family; nothing else of the user agent is kept.

    >>> family("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0 Safari/537.36")
    'Chrome'
    """
    return next((name for sign, name in FAMILIES if sign in agent[:512]), "other")


@dataclass(frozen=True, slots=True)
class Rate:
    """A token bucket: so many at once, and so many a second after that."""

    burst: float
    per_second: float


EACH: Final = Rate(20, 0.5)
"""Of one address. A page that is left sends one; an office behind one address leaves many at once."""
ALL: Final = Rate(200, 50)
"""Of all together: what the process spends on beacons at most."""


class Limiter:
    """Token buckets of strangers, which keeps no address: a hash with a salt of this hour picks one of few buckets."""

    SLOTS: Final = 4_096
    SALT_SECONDS: Final = 3_600.0

    def __init__(self, new_salt: Callable[[], bytes], *, each: Rate = EACH, everybody: Rate = ALL) -> None:
        self._new_salt = new_salt
        self._each, self._all = each, everybody
        self._lock = threading.Lock()
        self._begin(0.0)

    def _begin(self, now: float) -> None:
        self._salt, self._until = self._new_salt(), now + self.SALT_SECONDS
        self._buckets = [(self._each.burst, now)] * self.SLOTS
        self._shared = (self._all.burst, now)

    def lets(self, address: str, *, now: float) -> bool:
        """Say whether one more may come from `address`; `now` is in seconds on a clock that only goes forward."""
        with self._lock:
            if now >= self._until:
                self._begin(now)
            place = self._place(address)
            one, left = _taken(self._buckets[place], self._each, now)
            self._buckets[place] = left
            if not one:
                return False  # whoever is over the limit takes nothing of the others'
            every, self._shared = _taken(self._shared, self._all, now)
            return every

    def _place(self, address: str) -> int:
        digest = hashlib.blake2b(_network(address).encode(), key=self._salt, digest_size=4).digest()
        return int.from_bytes(digest, "little") % self.SLOTS


def _taken(bucket: tuple[float, float], rate: Rate, now: float) -> tuple[bool, tuple[float, float]]:
    tokens = min(rate.burst, bucket[0] + max(0.0, now - bucket[1]) * rate.per_second)
    return (True, (tokens - 1, now)) if tokens >= 1 else (False, (tokens, now))


def _network(address: str) -> str:
    """Give what counts as one sender: an IPv4 address, or the network that an IPv6 customer has."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return "unknown"
    if isinstance(found, IPv6Address):
        return str(found.ipv4_mapped or IPv6Address(int(found) >> 64 << 64))
    return str(found)


class Beacons:
    """Takes beacons of allowed origins, and counts what it did with them. Threads may share it."""

    def __init__(
        self,
        *,
        origins: Collection[str],
        pages: Sequence[str],
        metrics: Collection[str],
        limiter: Limiter,
        regions: Collection[str] = (),
    ) -> None:
        self.origins = frozenset(origins)
        self.counts: Counter[str] = Counter()
        """How many were kept, under `kept`, and dropped, by reason, since the process began."""
        self._pages = Pages(pages)
        self._metrics = frozenset(metrics)
        self._regions = frozenset(regions)
        self._limiter = limiter
        self._lock = threading.Lock()

    def admits(self, origin: str, address: str, *, now: float) -> bool:
        """Say whether the body is worth reading."""
        if origin not in self.origins:
            self.drop(Dropped.ORIGIN)
            return False
        if not self._limiter.lets(address, now=now):
            self.drop(Dropped.RATE)
            return False
        return True

    def points(self, body: bytes, *, origin: str, agent: str, at: datetime, region: str = "") -> tuple[Point, ...]:
        """Give what is to be put of a beacon's body: by page, by browser, and by region where some are told apart.

        `region` is foreign text. Nothing of what is no beacon.
        """
        sample = parse(body)
        if sample is None:
            self.drop(Dropped.CONTENT)
            return ()
        with self._lock:
            page = self._pages.of(sample.path)
            self.counts["kept"] += 1
        where = origin.partition("://")[2] if len(self.origins) > 1 else ""
        sets = [{"Page": where + page}, {"Browser": family(agent)}]
        sets += [{"Region": region if region in self._regions else OTHER}] if self._regions else []
        return tuple(
            Point(name, value, {**each, "Source": "users"}, at)
            for name, value in sample.values.items()
            if name in self._metrics
            for each in sets
        )

    def drop(self, why: Dropped) -> None:
        """Count one that was not kept."""
        with self._lock:
            self.counts[why] += 1
