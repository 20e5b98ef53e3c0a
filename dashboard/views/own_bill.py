"""Own bill: what Watchkeeper itself called and cost, what is left of cap and allowance, where the month leads."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final, TypeVar

import numpy as np
import pandas as pd

from cloud import statement as bills
from cloud.database import DatabaseDownError
from cloud.ledger import HourTotal, Total
from cloud.pricing import FREE_CLOUDWATCH_REQUESTS, PriceBook
from cloud.reconciliation import usage_type
from cloud.spreading import over_requests
from cloud.statement import PACE_SPAN, Projection, Statement
from collectors.pins import FEATURE as PINNED
from collectors.spend_lines import SpendLine
from core.money import ZERO, Money
from core.reading import Reading
from core.timespan import Timespan
from dashboard.charts.targets import duration
from dashboard.charts.view import ChartView, Line, LineKind
from dashboard.feed import ForeseenError
from dashboard.views import paid_panels
from dashboard.views.frame import WORTH_A_WORD, Badge
from dashboard.views.tiles import Tile
from dashboard.wording import ALARM, NO_VALUE, OK, WARNING, capital, count, plain, shortened

K = TypeVar("K")

COLLECTOR: Final = "collector"
"""The feature of the process that polls whether or not anybody looks."""
LEAST_VIEWING: Final = 60
"""Minutes of looking before an hour's cost is said: the first look reads much that is never read again."""
MOST_FEATURES: Final = 5
"""Features with a colour of their own in the chart; the rest are one line."""
_NAMES: Final = {
    "wall": "Live wall",
    "known": "Explorer, list of metrics",
    "explorer": "Explorer, chart",
    "stock": "Resources, tables",
    "resource": "Resources, charts",
    "spend": "Spend",
    "doctor": "Alarm doctor",
    "coverage": "Alarm coverage",
    COLLECTOR: "Collector, in the background",
    "estimate": "Estimate of the month's cost, in the background",
    PINNED: "Pinned series, in the background",
    "other": "Start-up and everything else",
}


class LedgerUnreadError(ForeseenError):
    """The ledger could not be read; the message says why."""


@dataclass(frozen=True, slots=True)
class Books:
    """Where our own bill comes from."""

    read: Callable[[], Statement]
    """Gives the statement as of now; raises DatabaseDownError where the ledger cannot be read."""
    watched: Callable[[str, str], None] = field(default=lambda _viewer, _page: None)
    """Notes that a viewer (a random name of a session) has a page on screen."""
    refresh_seconds: int = 60
    """How often metrics are read while somebody looks."""
    prices: PriceBook = field(default_factory=PriceBook)
    """The prices in force."""
    hours: Callable[[], tuple[HourTotal, ...]] = tuple
    """Gives our calls of this month by hour."""
    bill: Callable[[date], Mapping[str, Reading[tuple[SpendLine, ...]]]] = field(default=lambda _start: {})
    """Gives AWS's own bill from a day on, by account, as it was read last; asks AWS nothing."""


@dataclass(frozen=True, slots=True)
class OwnBillView:
    """What the page draws."""

    read_at: datetime
    """When the ledger was read."""
    state: Badge
    """What the month cost, against the cap."""
    tiles: tuple[Tile, ...]
    """Six numbers: calls today and this month, free requests, cost, month's end, a viewer's hour."""
    nothing: str
    """Why there is nothing to show; empty where there is."""
    chart: ChartView
    """Calls per hour, by feature."""
    by_feature: pd.DataFrame
    """Which page or process asked: calls today, calls and cost this month, share."""
    by_operation: pd.DataFrame
    """Which of AWS's operations, with what is billed of it and its name on AWS's bill."""
    by_scope: pd.DataFrame
    """Which account and region, with its part of the free requests."""
    free_sentence: str
    """What the free requests are, whose, and how many of them we used."""
    projection_sentence: str
    """Where the month ends, and how that is known."""
    spread_sentence: str
    """Which reads are spaced out so that the free requests and the caps last; empty where none is."""
    off: pd.DataFrame
    """What costs money: what and where, whether it is on, how often it was refused, and its price a month."""
    off_state: Badge
    """Whether anything is off because of the cap."""
    off_sentence: str
    """Why it is off, and how to switch it on."""


def read(books: Books) -> Statement:
    """Give the statement; `LedgerUnreadError` where the ledger cannot be read."""
    try:
        return books.read()
    except DatabaseDownError as error:
        raise LedgerUnreadError(f"The ledger of our own calls cannot be read: {error.detail}.") from error


def build(found: Statement, books: Books, *, names: Mapping[str, str], now: datetime) -> OwnBillView:
    """Give the page for a statement. `names` are what people call accounts, by number."""
    projection = bills.project(found)
    off = paid_panels.table(found, books.prices, refresh=timedelta(seconds=books.refresh_seconds), who=feature_name)
    return OwnBillView(
        read_at=found.at,
        state=_state(found),
        tiles=_tiles(found, projection),
        nothing="" if found.of_month else f"Watchkeeper has called AWS not once since {found.month.start:%d %B} UTC.",
        chart=_chart(found),
        by_feature=_by_feature(found),
        by_operation=_by_operation(found, books.prices),
        by_scope=_by_scope(found, names),
        free_sentence=_free_sentence(found, names),
        projection_sentence=_projection_sentence(found, projection, now=now),
        spread_sentence=_spread_sentence(found, names),
        off=off,
        off_state=paid_panels.state(off),
        off_sentence=paid_panels.sentence(found, off),
    )


# -- the six numbers --------------------------------------------------------------------------------------------------


def _state(found: Statement) -> Badge:
    if not found.spent.amount:
        return Badge("Costs nothing this month", OK)
    today = found.leaves.limit.kind == "daily"
    if not found.left.amount:
        return Badge(f"{found.spent} spent, {'today’s' if today else 'the'} cap is reached", ALARM)
    return Badge(f"{found.spent} spent, {found.left} left{' today' if today else ''}", WARNING)


def _tiles(found: Statement, projection: Projection | None) -> tuple[Tile, ...]:
    today, month = bills.total_calls(found.of_today), bills.total_calls(found.of_month)
    used = bills.free_used(found.of_month)
    most = max(used.values(), default=0)
    ahead = f"{projection.calls:,} calls" if projection else "after an hour of calls"
    refused = sum(times for _, times in found.refusals)
    return (
        _tile("today", "Calls today", f"{today:,}", "since 00:00 UTC"),
        _tile("month", "Calls this month", f"{month:,}", f"{refused:,} refused at the cap"),
        _tile("free", "Our part of the free million", _part(most), f"{most:,} of {FREE_CLOUDWATCH_REQUESTS:,}"),
        _tile("spent", "Cost this month", str(found.spent), _caps(found)),
        _tile("end", "Cost at month's end", str(projection.cost) if projection else NO_VALUE, ahead),
        _viewer_tile(found),
    )


def _caps(found: Statement) -> str:
    limit = found.leaves.limit
    if limit.kind == "daily":
        return f"today {found.spent_today} of {limit.cap}"
    return f"cap {found.cap}, left {found.left}"


def _tile(key: str, label: str, value: str, yardstick: str) -> Tile:
    return Tile(key, label, value, "", None, yardstick, (), alarming=False)


def _viewer_tile(found: Statement) -> Tile:
    label = "Cost of a viewer's hour"
    if found.viewer_minutes < LEAST_VIEWING:
        return _tile("viewer", label, NO_VALUE, "after an hour of looking")
    shown = [each for each in found.of_month if each.feature not in {COLLECTOR, PINNED}]
    hours = Decimal(found.viewer_minutes) / 60
    cost = Money((bills.total_cost(tuple(shown)).amount / hours).quantize(Decimal("0.000001"), ROUND_HALF_EVEN))
    calls = int(bills.total_calls(tuple(shown)) / hours)
    return _tile("viewer", label, str(cost), f"{calls:,} calls, over {hours:,.1f} h")


def _part(used: int) -> str:
    """Write a part of the free million; what is not nothing never reads as nothing."""
    percent = 100 * used / FREE_CLOUDWATCH_REQUESTS
    return "0%" if not used else "<0.1%" if percent < 0.05 else f"{percent:.1f}%"


# -- chart ------------------------------------------------------------------------------------------------------------


def _hour_starts(found: Statement) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    last = int(found.at.timestamp()) // 3600
    return np.arange(last - int(PACE_SPAN.total_seconds()) // 3600 + 1, last + 1, dtype=np.int64) * 3600


def _chart(found: Statement) -> ChartView:
    """Stack the calls of each hour by feature. An hour in which nothing was called is a zero: the ledger has it all."""
    starts = _hour_starts(found)
    weight: dict[str, int] = {}
    for hour in found.hours:
        weight[hour.total.feature] = weight.get(hour.total.feature, 0) + hour.total.calls
    ranked = sorted(weight, key=lambda name: (-weight[name], name))
    groups = [(feature_name(name), {name}) for name in ranked[:MOST_FEATURES]]
    if ranked[MOST_FEATURES:]:
        groups.append(("The rest", set(ranked[MOST_FEATURES:])))
    lines = []
    for title, members in groups:
        values = np.zeros(starts.size)
        for hour in found.hours:
            if hour.total.feature in members:
                values[(int(hour.at.timestamp()) - int(starts[0])) // 3600] += hour.total.calls
        lines.append(Line(title, starts, values, kind=LineKind.BAR))
    end = datetime.fromtimestamp(int(starts[-1]) + 3600, tz=found.at.tzinfo)
    span = Timespan(end - PACE_SPAN, end)
    note = "" if lines else "No call in the last 24 hours"
    return ChartView("own-calls", "Calls per hour", "Count", tuple(lines), span, "by who asked", note=note)


# -- tables -----------------------------------------------------------------------------------------------------------


def feature_name(feature: str) -> str:
    """Give what people call a feature: a page by its address, or a process."""
    return _NAMES.get(feature) or plain(feature.replace("-", " ")).capitalize()


def _by_feature(found: Statement) -> pd.DataFrame:
    today = _summed(found.of_today, lambda each: each.feature)
    month = _summed(found.of_month, lambda each: each.feature)
    calls = max(1, bills.total_calls(found.of_month))
    rows = [
        {
            "Who asked": feature_name(name),
            "Today": f"{today.get(name, _NONE).calls:,}",
            "This month": f"{each.calls:,}",
            "Share": f"{100 * each.calls / calls:.1f}%",
            "Cost": str(each.cost),
        }
        for name, each in _ranked(month)
    ]
    return pd.DataFrame(rows, columns=["Who asked", "Today", "This month", "Share", "Cost"], dtype="str")


def _by_operation(found: Statement, prices: PriceBook) -> pd.DataFrame:
    month = _summed(found.of_month, lambda each: (each.service, each.operation))
    rows = []
    for (service, operation), each in _ranked(month):
        price = prices.price(service, operation)
        rows.append(
            {
                "Operation": f"{service}:{operation}",
                "Calls": f"{each.calls:,}",
                "Billed": count(each.units, price.unit) if price and price.each.amount else NO_VALUE,
                "Cost": str(each.cost),
                "On AWS's bill": usage_type(service, operation) or NO_VALUE,
            }
        )
    return pd.DataFrame(rows, columns=["Operation", "Calls", "Billed", "Cost", "On AWS's bill"], dtype="str")


def _by_scope(found: Statement, names: Mapping[str, str]) -> pd.DataFrame:
    month = _summed(found.of_month, lambda each: (each.account, each.region))
    rows = [
        {
            "Account and region": f"{plain(_account(account, names))} · {region or NO_VALUE}",
            "Calls": f"{each.calls:,}",
            "Free requests used": f"{each.free:,}",
            "Cost": str(each.cost),
        }
        for (account, region), each in _ranked(month)
    ]
    return pd.DataFrame(rows, columns=["Account and region", "Calls", "Free requests used", "Cost"], dtype="str")


@dataclass(frozen=True, slots=True)
class _Sum:
    """What several kinds of calls come to."""

    calls: int = 0
    """Requests sent."""
    units: int = 0
    """What AWS bills of them."""
    free: int = 0
    """CloudWatch requests among them that used up the account's free ones."""
    cost: Money = ZERO
    """What they cost."""


_NONE: Final = _Sum()


def _summed(totals: Iterable[Total], key: Callable[[Total], K]) -> dict[K, _Sum]:
    sums: dict[K, _Sum] = {}
    for each in totals:
        old = sums.get(key(each), _NONE)
        free = sum(bills.free_used((each,)).values())
        sums[key(each)] = _Sum(old.calls + each.calls, old.units + each.units, old.free + free, old.cost + each.cost)
    return sums


def _ranked(sums: Mapping[K, _Sum]) -> list[tuple[K, _Sum]]:
    return sorted(sums.items(), key=lambda pair: (-pair[1].cost.amount, -pair[1].calls, str(pair[0])))


def _account(account: str, names: Mapping[str, str]) -> str:
    name = names.get(account)
    return account if name in (None, account) else f"{name} {account}"


# -- sentences --------------------------------------------------------------------------------------------------------


def _free_sentence(found: Statement, names: Mapping[str, str]) -> str:
    used = bills.free_used(found.of_month)
    parts = [f"{_account(account, names)}: {calls:,} ({_part(calls)})" for account, calls in sorted(used.items())]
    ours = "; ".join(parts) or "none"
    return plain(
        f"AWS gives each account {FREE_CLOUDWATCH_REQUESTS:,} CloudWatch requests a month, for all its regions, users "
        f"and tools together. Our part so far: {ours}. What others use of it, AWS tells nobody but the bill."
    )


def _projection_sentence(found: Statement, projection: Projection | None, *, now: datetime) -> str:
    if projection is None:
        return "Where the month ends is said when an hour of calls is known; a start reads more than what follows."
    left = duration(max(timedelta(0), found.month.end - now))
    how = f"the last {duration(found.pace)} going on for the {left} that are left of the month"
    free = max(projection.free_used.values(), default=0)
    said = (
        f"At month's end: {projection.calls:,} calls for {projection.cost}, at most {free:,} free requests an account; "
        f"{how}. The month is UTC's, as on AWS's bill."
    )
    if projection.is_capped:
        return f"{said} The pace would pass the cap: reads come more rarely before that, and calls stop there."
    return said


def _spread_sentence(found: Statement, names: Mapping[str, str]) -> str:
    """Say which reads come more rarely than asked for, and what keeps a budget from running out."""
    said = []
    used = bills.free_used(found.of_month)
    account = max(used, key=used.__getitem__, default="")
    stretch = over_requests(used.get(account, 0), FREE_CLOUDWATCH_REQUESTS, found.month, now=found.at)
    if stretch >= WORTH_A_WORD:
        who = shortened(_account(account, names), 60)
        said.append(f"Free reads of {who} come {stretch:.1f} times as rarely, so that its free requests last.")
    limit = found.leaves.limit
    if limit.cap.amount and not found.left.amount:
        said.append(f"{capital(limit.name)} is reached: reads that cost money come again on {limit.opens}.")
    elif found.left.amount:
        said.append(
            f"{capital(limit.name)} leaves {found.left} until {limit.opens}: as it shrinks, reads that cost money come "
            "more rarely, before any is refused."
        )
    return plain(" ".join(said))
