"""What every service of the demo cloud stands on."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from threading import RLock
from typing import Protocol

from demo.alarm_book import AlarmBooks
from demo.bills import Bills
from demo.budget_book import BudgetBook
from demo.clock import Clock
from demo.fleets import Fleets
from demo.insights.queries import EveryQuery
from demo.logs.balancer import AccessLogs
from demo.logs.book import LogBooks
from demo.metric_store import Stores


class Runner(Protocol):
    """What makes the demo cloud live: everything due up to an instant happens, once."""

    def advance(self, *, to: datetime) -> object: ...


@dataclass(frozen=True, slots=True)
class Ground:
    """The clock, metrics, alarms, fleets, logs and the bill, and the lock that whoever changes moto's state holds."""

    clock: Clock
    stores: Stores
    books: AlarmBooks
    fleets: Fleets = field(default_factory=Fleets)
    bills: Bills = field(default_factory=Bills)
    budgets: dict[str, BudgetBook] = field(default_factory=dict)
    """By account."""
    logs: LogBooks = field(default_factory=LogBooks)
    queries: EveryQuery = field(default_factory=EveryQuery)
    access_logs: list[AccessLogs] = field(default_factory=list)
    lock: RLock = field(default_factory=RLock)

    @classmethod
    def fresh(cls, clock: Clock) -> Ground:
        """Give empty ground under `clock`."""
        stores = Stores()
        return cls(clock, stores, AlarmBooks(stores))
