"""Logs Insights queries, paid for by what they may scan and settled by what they did scan.

AWS bills bytes scanned and tells them with the results only. So a query is bought at the most that its caller expects,
and the difference is written into the ledger when the results are read to the end. A query whose results nobody reads
keeps its first price: the cap errs on the side of not spending.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from cloud.ledger import Entry
from core.money import Money

QUERY_ID: Final = "watchkeeper_query_id"
"""Under this name a request's context carries the query that it asks about."""
_ENDED: Final = frozenset({"Complete", "Failed", "Cancelled", "Timeout"})
_REFUSED: Final = range(400, 500)

_expected: ContextVar[int | None] = ContextVar("watchkeeper_expected_units", default=None)


@contextmanager
def expecting(units: int) -> Iterator[None]:
    """Say how many units a call made inside may take where AWS tells only afterwards, such as bytes scanned."""
    if units < 0:
        raise ValueError(f"{units} units cannot be expected; give the most that the call may take, at least 0")
    token = _expected.set(units)
    try:
        yield
    finally:
        _expected.reset(token)


def expected() -> int | None:
    """Give what the caller said with `expecting`; None where nothing was said."""
    return _expected.get()


@dataclass(slots=True)
class Scans:
    """The queries of one process that were bought and not yet settled. Safe to share between threads."""

    _open: dict[str, Entry]
    _lock: threading.Lock

    @classmethod
    def none(cls) -> Scans:
        return cls({}, threading.Lock())

    def began(self, bought: Entry, status: int, answer: Mapping[str, Any], *, at: datetime) -> Entry | None:
        """Remember a query that was bought. Gives the entry that takes the price back where AWS refused to start it."""
        query = answer.get("queryId")
        if query:
            with self._lock:
                self._open[str(query)] = bought
            return None
        return difference(bought, 0, at=at) if status in _REFUSED else None

    def ended(self, query: str, answer: Mapping[str, Any], *, at: datetime) -> Entry | None:
        """Give the entry that settles a query whose results were read to the end; None while it still runs."""
        if answer.get("status") not in _ENDED:
            return None
        with self._lock:
            bought = self._open.pop(query, None)
        scanned = answer.get("statistics", {}).get("bytesScanned")
        return None if bought is None or scanned is None else difference(bought, int(scanned), at=at)


def difference(bought: Entry, scanned: int, *, at: datetime) -> Entry:
    """Give the entry that makes of what was bought what was scanned; more or less, and no call of its own.

    What is given back goes to the day that it was bought on: never does a new day have more to spend than its cap.
    """
    each = bought.cost.amount / bought.units if bought.units else bought.cost.amount
    more = scanned - bought.units
    return replace(bought, at=at if more > 0 else bought.at, calls=0, units=more, cost=Money(each * more))
