"""Counts and prices every call to AWS, and refuses the one that would pass the cap.

Botocore's documented events carry it. `provide-client-params` knows what a call asks for, so it prices the call, waits
its turn, and buys or refuses it. `before-send` sees every attempt that leaves, retries included, so it counts.
`response-received` sees every answer, so it slows down where AWS throttles.
"""

from __future__ import annotations

import atexit
import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, Protocol

from cloud.caps import Caps, Left, month_of
from cloud.database import DatabaseDownError, Place
from cloud.faults import NotFree, is_throttling
from cloud.ledger import Entry, HourTotal, Ledger, Refusal, Total
from cloud.pacing import Demand, Pacer, demands
from cloud.pending import Pending
from cloud.pricing import PriceBook, units_of
from cloud.scans import QUERY_ID, Scans, difference, expected
from cloud.spreading import over_money, over_requests
from cloud.statement import Statement, Tally
from core.money import ZERO, Money
from core.timespan import Timespan

log = logging.getLogger("watchkeeper.meter")

Clock = Callable[[], datetime]

BATCH_CALLS: Final = 200
"""Free calls are written in batches of at most this many …"""
BATCH_SECONDS: Final = 1.0
"""… or this much time: `kill -9` forgets a second's free calls at most. Paid calls are written before they leave."""

_feature: ContextVar[str] = ContextVar("watchkeeper_feature", default="other")


@contextmanager
def feature(name: str) -> Iterator[None]:
    """Book every call made inside to `name`, such as `wall` or `collector`."""
    token = _feature.set(name)
    try:
        yield
    finally:
        _feature.reset(token)


def current_feature() -> str:
    """Give the feature that calls are booked to here."""
    return _feature.get()


class Events(Protocol):
    """The part of a botocore session that handlers are registered with."""

    def register(self, event_name: str, handler: Callable[..., Any]) -> None: ...


@dataclass(slots=True)
class _Quote:
    """A priced call on its way."""

    region: str
    units: int
    cost: Money
    feature: str
    wanted: tuple[Demand, ...] = ()
    """What each attempt takes of AWS's limits a second."""
    has_turn: bool = False
    """Its first attempt has waited its turn already, before it was bought."""
    bought: Entry | None = None
    """What the ledger holds of the attempt that leaves next."""
    paid: Entry | None = None
    """What the ledger holds of the attempt that left last."""


class Meter:
    """The meter of one process. `clock` gives the instant under which calls are booked."""

    def __init__(
        self,
        place: Place | Path,
        *,
        clock: Clock,
        caps: Caps | None = None,
        prices: PriceBook | None = None,
        pacer: Pacer | None = None,
    ) -> None:
        self._pacer = pacer or Pacer()
        self.prices = prices or PriceBook()
        self.caps = caps or Caps()
        self._clock = clock
        self._ledger = Ledger(place)
        self._tally = Tally(self._ledger)
        self._lock = threading.Lock()
        self._pending = Pending()
        self._counted = 0
        self._flushed_at = clock()
        self._used: dict[str, int] = {}
        self._used_month = month_of(self._flushed_at)
        self._quotes = threading.local()
        self._scans = Scans.none()
        self._refused: dict[tuple[str, str, str, str], datetime] = {}
        atexit.register(self.close)

    def attach(self, session: Events, *, account: Callable[[], str]) -> None:
        """Meter every client that `session` makes from now on; a call is booked to what `account` gives then."""
        session.register(
            "provide-client-params",
            lambda params, model, context=None, **_: self._quote(params, model, context or {}, account()),
        )
        session.register("before-send", lambda event_name, **_: self._count(event_name, account()))
        session.register(
            "response-received",
            lambda event_name, parsed_response=None, **_: self._answered(event_name, parsed_response or {}, account()),
        )
        session.register(
            "after-call.cloudwatch-logs.StartQuery",
            lambda http_response, parsed, **_: self._scan_began(int(http_response.status_code), parsed),
        )
        session.register(
            "after-call.cloudwatch-logs.GetQueryResults",
            lambda parsed, context, **_: self._scan_ended(parsed, context),
        )

    def close(self) -> None:
        """Write what is pending; the meter can go on being used."""
        atexit.unregister(self.close)
        try:
            self.flush()
        except DatabaseDownError as error:
            log.warning("%d free calls could not be written to the ledger: %s", self._pending.calls, error.detail)

    def rest(self) -> None:
        """Close the connections to the ledger that are not in use, as before a fork: a child must not inherit them."""
        self._ledger.close()

    def totals(self, span: Timespan) -> tuple[Total, ...]:
        """Give every process's calls in `span`, this one's up to now."""
        self.flush()
        return self._ledger.totals(span)

    def statement(self) -> Statement:
        """Give our own bill: every process's calls this month, this one's up to now."""
        self.flush()
        return self._tally.read(now=self._clock(), caps=self.caps)

    def hours(self) -> tuple[HourTotal, ...]:
        """Give every process's calls by hour, from a day before this month's beginning on, this one's up to now."""
        self.flush()
        return self._tally.hours(self._clock())

    def spent_this_month(self) -> Money:
        """Give what our own calls cost so far this month."""
        return self._ledger.spent(month_of(self._clock()))

    def money_left(self) -> Left:
        """Give what the caps leave now, and which of them says so; nothing at the default cap of zero."""
        spent = self._ledger.spent if self.caps.month.amount else lambda _: ZERO
        return self.caps.left(spent, at=self._clock())

    def stretch(self, account: str) -> float:
        """Say how much longer to wait between free reads so that the free requests last until the month ends."""
        now = self._clock()
        price = self.prices.price("cloudwatch", "GetMetricStatistics")
        return over_requests(self._used_by(account), price.allowance if price else 0, month_of(now), now=now)

    def stretch_paid(self, a_read: Money, *, every: timedelta) -> tuple[float, Left]:
        """Say how much longer to wait between reads that each cost `a_read` so that the caps last, and which of them.

        1 at a cap of zero: there nothing is spaced out, it is refused.
        """
        now = self._clock()
        found = [
            (over_money(limit, spent, a_read, every=every, now=now), Left(max(limit.cap - spent, ZERO), limit))
            for limit in self.caps.limits(now)
            for spent in [self._ledger.spent(limit.span) if self.caps.month.amount else ZERO]
        ]
        return max(found, key=lambda pair: pair[0])

    def free_requests_left(self, account: str) -> int:
        """Count the CloudWatch requests of the account's free allowance that we have not used ourselves."""
        price = self.prices.price("cloudwatch", "GetMetricStatistics")
        return max(0, price.allowance - self._used_by(account)) if price else 0

    def refuse(self, refusal: Refusal) -> None:
        """Note a read that was not made because it costs money; the same thing once in the time it would be read."""
        key = (refusal.feature, refusal.account, refusal.region, refusal.what)
        with self._lock:
            last = self._refused.get(key)
            if last is not None and refusal.at - last < timedelta(seconds=refusal.every):
                return
            self._refused[key] = refusal.at
        self._pending.refuse(refusal)

    def watched(self, viewer: str, page: str) -> None:
        """Note that `viewer`, a random name of a session, has `page` on screen in this minute."""
        minute = self._clock().replace(second=0, microsecond=0)
        self._pending.watch((minute, viewer, page))

    def last_paid(self, service: str, operation: str) -> Entry | None:
        """Give what the ledger holds of this thread's last call of that name; None where it cost nothing."""
        quote = self._here().get((service, operation))
        return quote.paid if quote is not None else None

    def settle(self, bought: Entry, units: int) -> None:
        """Say how many units a call took that was bought by what it might take; the rest is given back."""
        self._settle(difference(bought, units, at=self._clock()))

    # -- one call ---------------------------------------------------------------------------------------------------

    def _quote(self, params: dict[str, Any], model: Any, context: dict[str, Any], account: str) -> None:
        service, operation = service_of(model), str(model.name)
        region = str(context.get("client_region") or "")
        units = self._units(service, operation, params)
        cost = self.prices.cost(
            service, operation, units, used=self._used_by(account) if service == "cloudwatch" else 0
        )
        if cost is None:
            raise NotFree(f"the price book has no price for {service}:{operation}, so it is not called unasked")
        quote = _Quote(region, units, cost, _feature.get(), demands(service, operation, params, now=self._clock()))
        if cost.amount and (never := self.caps.never(cost, at=self._clock())):
            self._note_refused(service, operation, account, quote)
            raise NotFree(never.refusal(cost))
        self._pacer.wait((account, region, service), quote.wanted)
        quote.has_turn = True
        if cost.amount:
            self._buy(service, operation, account, quote)
        self._here()[service, operation] = quote
        if "queryId" in params:
            context[QUERY_ID] = params["queryId"]

    def _units(self, service: str, operation: str, params: dict[str, Any]) -> int:
        price = self.prices.price(service, operation)
        if price is None or not price.by_outcome:
            return units_of(service, operation, params)
        units = expected()
        if units is None:
            raise NotFree(
                f"{service}:{operation} is billed by {price.unit}; say with scans.expecting how many it may be"
            )
        return units

    def _count(self, event_name: str, account: str) -> None:
        service, operation = _named(event_name)
        quote = self._here().get((service, operation)) or _Quote("", 1, ZERO, _feature.get())
        if not quote.has_turn:
            self._pacer.wait((account, quote.region, service), quote.wanted)
        quote.has_turn = False
        if not quote.cost.amount:
            self._count_free(service, operation, account, quote)
            return
        if quote.bought is None:
            self._buy(service, operation, account, quote)
        quote.bought, quote.paid = None, quote.bought

    def _answered(self, event_name: str, answer: Mapping[str, Any], account: str) -> None:
        """Slow down where AWS asks for fewer calls."""
        if is_throttling(answer):
            service, operation = _named(event_name)
            quote = self._here().get((service, operation))
            self._pacer.throttled((account, quote.region if quote else "", service), operation)

    def _count_free(self, service: str, operation: str, account: str, quote: _Quote) -> None:
        at = self._clock()
        key = (at.replace(second=0, microsecond=0), service, operation, account, quote.region, quote.feature)
        self._pending.count(key, quote.units)
        with self._lock:
            self._counted += 1
            if service == "cloudwatch":
                self._used[account] = self._used.get(account, 0) + quote.units
            due = self._counted >= BATCH_CALLS or at - self._flushed_at >= timedelta(seconds=BATCH_SECONDS)
        if due:
            with suppress(DatabaseDownError):  # a free call goes on; what was counted stays in memory
                self.flush()

    def _buy(self, service: str, operation: str, account: str, quote: _Quote) -> None:
        """Write a paid attempt before it leaves, or refuse it: also where it cannot be written."""
        at = self._clock().replace(second=0, microsecond=0)
        entry = Entry(at, service, operation, account, quote.region, quote.feature, 1, quote.units, quote.cost)
        try:
            if self._pending.owes:
                self.flush()
            in_the_way = self._ledger.append_within(entry, caps=self.caps)
        except DatabaseDownError as error:
            raise NotFree(f"it costs {entry.cost}, and the ledger that keeps the cap cannot be written now") from error
        if in_the_way:
            self._note_refused(service, operation, account, quote)
            raise NotFree(in_the_way.refusal(entry.cost))
        quote.bought = entry

    def _note_refused(self, service: str, operation: str, account: str, quote: _Quote) -> None:
        what = f"{service}:{operation}"
        at = self._clock().replace(second=0, microsecond=0)
        self.refuse(
            Refusal(at, service, operation, account, quote.region, quote.feature, what, quote.units, quote.cost)
        )

    def _scan_began(self, status: int, answer: Mapping[str, Any]) -> None:
        quote = self._here().get(("logs", "StartQuery"))
        if quote is not None and quote.paid is not None:
            self._settle(self._scans.began(quote.paid, status, answer, at=self._clock()))

    def _scan_ended(self, answer: Mapping[str, Any], context: Mapping[str, Any]) -> None:
        self._settle(self._scans.ended(str(context.get(QUERY_ID)), answer, at=self._clock()))

    def _settle(self, entry: Entry | None) -> None:
        if entry is not None:
            self._pending.settle(replace(entry, at=entry.at.replace(second=0, microsecond=0)))
            with suppress(DatabaseDownError):  # nothing more is bought before it is written
                self.flush()

    def _here(self) -> dict[tuple[str, str], _Quote]:
        quotes: dict[tuple[str, str], _Quote] | None = getattr(self._quotes, "by_call", None)
        if quotes is None:
            quotes = self._quotes.by_call = {}
        return quotes

    # -- the ledger -------------------------------------------------------------------------------------------------

    def flush(self) -> None:
        """Write the calls counted since the last time, and what was refused and watched.

        Raises `DatabaseDownError`; what could not be written stays in memory for the next time.
        """
        with self._lock:
            self._counted, self._flushed_at = 0, self._clock()
        batch = self._pending.take()
        try:
            if batch:
                self._ledger.write(batch.entries(), batch.refusals, batch.viewing)
        except DatabaseDownError:
            self._pending.put_back(batch)
            raise

    def _used_by(self, account: str) -> int:
        """Our own part of the month's allowance: what the ledger knew when first asked, and ours since.

        Raises `DatabaseDownError` where the ledger was not asked yet and does not answer: a call that may cost waits.
        """
        month = month_of(self._clock())
        with self._lock:
            if month != self._used_month:
                self._used, self._used_month = {}, month
            known = self._used.get(account)
        if known is None:
            known = self._ledger.used(month, account=account, service="cloudwatch")
            with self._lock:
                self._used[account] = known
        return known


_HYPHENATED: Final = {
    "auto-scaling": "autoscaling",
    "elastic-load-balancing-v2": "elbv2",
    "cost-explorer": "ce",
    "cloudwatch-logs": "logs",
}
"""botocore's event names → the client names the price book uses, where they differ."""


def _named(event_name: str) -> tuple[str, str]:
    """Give the service and operation of an event of botocore's, such as `before-send.cloudwatch.ListMetrics`."""
    _, hyphenated, operation = event_name.split(".", 2)
    return _HYPHENATED.get(hyphenated, hyphenated), operation


def service_of(model: Any) -> str:
    """Give the price book's name of the service that an operation belongs to."""
    hyphenated = str(model.service_model.service_id.hyphenize())
    return _HYPHENATED.get(hyphenated, hyphenated)
