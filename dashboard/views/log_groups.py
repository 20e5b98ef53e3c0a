"""Log groups: what lies there and comes in, how long it is kept, what that costs, and what keeping less would save."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Final

import numpy as np
import pandas as pd

from collectors.logs import publishing
from collectors.logs.groups import LogGroup
from collectors.logs.keeping import NOTHING, Keeping, keeping, saving, total
from collectors.logs.metric_filters import MetricFilter
from collectors.logs.publishing import RETENTIONS
from collectors.query import MetricQuery
from core.money import ZERO, Money
from core.reading import Fault, Reading, Scope, joined_faults
from core.series import MetricId, Series
from core.timespan import Timespan
from dashboard.views.explorer import tag_of
from dashboard.views.sources import Sources
from dashboard.wording import NO_VALUE, WARNING, count, plain, quantity, share

DAYS: Final = 14
"""How many whole days of what came in are looked at; ours."""
DAY: Final = 86_400
MOST_MEASURED: Final = 100
"""Groups whose incoming bytes are read, the largest first: a free call each, once a day. Ours."""
FOR_EVER: Final = "for ever"
_WEEK: Final = 7
CENT: Final = Money(Decimal("0.01"))


class Only(StrEnum):
    """What a group may be picked out for."""

    FOR_EVER = "kept for ever"
    GROWING = "growing"
    SILENT = "nothing comes in"
    FILTERED = "with metric filters"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the viewer asked for."""

    words: str = ""
    """Every word must be in the group's name or tags."""
    only: tuple[str, ...] = ()
    """Of `Only`: the group is each of these."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """What came into a group in the last whole days."""

    daily: tuple[int, ...]
    """Bytes of each day, oldest first; a day without datapoints had no lines."""
    days: int
    """How many of them the group was there."""

    @property
    def a_day(self) -> int:
        return sum(self.daily) // self.days

    @property
    def weeks(self) -> tuple[int, int] | None:
        """The bytes of the week before the last, and of the last; None for a group that is younger."""
        return None if self.days < 2 * _WEEK else (sum(self.daily[:_WEEK]), sum(self.daily[_WEEK:]))


@dataclass(frozen=True, slots=True)
class GroupReadings:
    """What the page shows, as read."""

    groups: Reading[tuple[LogGroup, ...]]
    """Every group."""
    filters: Reading[tuple[MetricFilter, ...]]
    """The metric filters of all groups."""
    incoming: Mapping[str, Incoming]
    """What came in, by the group's ARN; groups that were not measured are not in it."""
    faults: tuple[Fault, ...] = ()
    """Why some were not measured."""

    def daily(self) -> dict[str, int]:
        """Bytes a day of each group that was measured, by its ARN."""
        return {arn: each.a_day for arn, each in self.incoming.items()}


@dataclass(frozen=True, slots=True)
class GroupRow:
    """One group of the list. Texts are foreign."""

    group: LogGroup
    """The group."""
    incoming: Incoming | None
    """What came in; None where it was not measured."""
    costs: Keeping
    """What it costs a month."""
    filters: tuple[MetricFilter, ...]
    """Its metric filters, by name."""
    marks: frozenset[Only]
    """What it may be picked out for."""


@dataclass(frozen=True, slots=True, eq=False)
class GroupList:
    """Groups as a table."""

    rows: tuple[GroupRow, ...]
    """In the order of the table: those that will cost most first."""
    table: pd.DataFrame
    """One row a group; foreign text in text cells, `Last 14 days` holds numbers."""
    headline: str
    """How many there are, and how many keep their lines for ever."""
    bill: str
    """What they cost a month together, now and in a year."""
    note: str
    """How the figures come about, and what was not measured."""
    faults: tuple[Fault, ...] = field(default=())
    """What could not be read."""


def read(sources: Sources, scope: Scope, *, now: datetime) -> GroupReadings:
    """Read groups, filters, and what came into the largest groups; nothing of it costs anything."""
    groups = sources.log_groups(scope, now=now)
    filters = sources.metric_filters(scope, now=now)
    span = days_before(now)
    largest = sorted(groups.value, key=lambda group: -group.stored_bytes)[:MOST_MEASURED]
    queries = {_query(group, span): group for group in largest}
    if not queries or not tag_of(sources.plan(list(queries), now=now)).free:
        return GroupReadings(groups, filters, {})
    found = sources.metrics(list(queries), now=now)
    incoming = {
        queries[query].arn: _incoming(queries[query], series, span)
        for query, series in found.value.items()
        if query in queries
    }
    return GroupReadings(groups, filters, incoming, found.faults)


def days_before(now: datetime) -> Timespan:
    """Give the last whole days: they are settled, so that they are read once."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return Timespan(midnight - timedelta(days=DAYS), midnight)


def _query(group: LogGroup, span: Timespan) -> MetricQuery:
    metric = MetricId("AWS/Logs", "IncomingBytes", (("LogGroupName", group.name),))
    return MetricQuery(group.scope, metric, "Sum", DAY, span)


def _incoming(group: LogGroup, series: Series, span: Timespan) -> Incoming:
    start = int(span.start.timestamp())
    daily = [0] * DAYS
    for at, value in zip(series.times.tolist(), series.values.tolist(), strict=True):
        place = (int(at) - start) // DAY
        if 0 <= place < DAYS and np.isfinite(value):
            daily[place] += int(value)
    since = max(span.start, group.created)
    return Incoming(tuple(daily), min(DAYS, max(1, -((since - span.end) // timedelta(days=1)))))


def build(found: GroupReadings, wanted: Wanted) -> GroupList:
    """Give the list."""
    every = [_row(group, found) for group in found.groups.value]
    rows = sorted((row for row in every if _is_wanted(row, wanted)), key=_weight)
    faults = (*joined_faults((found.groups, found.filters)), *found.faults)
    return GroupList(
        tuple(rows), pd.DataFrame([_cells(row) for row in rows], columns=list(COLUMNS)), headline(every),
        _bill(every), _note(every), tuple(dict.fromkeys(faults)),
    )  # fmt: skip


COLUMNS: Final = (
    "Log group", "Kept", "Stored", "Comes in a day", "Last 14 days", "Week on week", "Ingestion a month",
    "Storage a month", "Storage in a year", "Filters", "Class",
)  # fmt: skip


def _row(group: LogGroup, found: GroupReadings) -> GroupRow:
    incoming = found.incoming.get(group.arn)
    filters = tuple(each for each in found.filters.value if each.group == group.name)
    daily = None if incoming is None else incoming.a_day
    return GroupRow(group, incoming, keeping(group, daily), filters, frozenset(_marks(group, incoming, filters)))


def _marks(group: LogGroup, incoming: Incoming | None, filters: Sequence[MetricFilter]) -> list[Only]:
    weeks = None if incoming is None else incoming.weeks
    found = {
        Only.FOR_EVER: group.retention_days is None,
        Only.GROWING: weeks is not None and weeks[1] > weeks[0] * 1.1,
        Only.SILENT: incoming is not None and not any(incoming.daily),
        Only.FILTERED: bool(filters),
    }
    return [mark for mark, holds in found.items() if holds]


def _is_wanted(row: GroupRow, wanted: Wanted) -> bool:
    tags = " ".join(f"{key}={value}" for key, value in (row.group.tags or {}).items())
    text = f"{row.group.name} {tags}".lower()
    words = all(word in text for word in wanted.words.lower().split())
    return words and all(Only(mark) in row.marks for mark in wanted.only if mark in set(Only))


def _weight(row: GroupRow) -> tuple[object, ...]:
    return (-_most(row), -row.group.stored_bytes, row.group.name)


def _most(row: GroupRow) -> float:
    """What it costs a month in a year, as far as that is known."""
    later = row.costs.stored_in_a_year or row.costs.stored
    return float(((row.costs.ingested or ZERO) + later.most).amount)


def _cells(row: GroupRow) -> dict[str, object]:
    group, costs, incoming = row.group, row.costs, row.incoming
    return {
        "Log group": plain(group.name),
        "Kept": kept(group.retention_days),
        "Stored": quantity(float(group.stored_bytes), "Bytes"),
        "Comes in a day": NO_VALUE if incoming is None else quantity(float(incoming.a_day), "Bytes"),
        "Last 14 days": None if incoming is None else [float(each) for each in incoming.daily],
        "Week on week": _change(incoming),
        "Ingestion a month": _money(costs.ingested),
        "Storage a month": _up_to(costs.stored.most),
        "Storage in a year": NO_VALUE if costs.stored_in_a_year is None else _up_to(costs.stored_in_a_year.most),
        "Filters": f"{len(row.filters)}" if row.filters else NO_VALUE,
        "Class": plain(group.log_class.lower().replace("_", " ")),
    }


def kept(days: int | None) -> str:
    """Say how long lines are kept, with a sign where that is for ever.

    >>> kept(30), kept(1), kept(None)
    ('30 days', '1 day', '▲ for ever')
    """
    return f"{WARNING.glyph} {FOR_EVER}" if days is None else count(days, "day")


def _change(incoming: Incoming | None) -> str:
    weeks = None if incoming is None else incoming.weeks
    if weeks is None:
        return NO_VALUE
    said = share(weeks[1] - weeks[0], of=weeks[0])
    return "±0%" if said in {"+0%", "-0%"} else said


def _money(amount: Money | None) -> str:
    return NO_VALUE if amount is None else _cents(amount)


def _cents(amount: Money) -> str:
    """Write a price as a cell shows it; what is less than a cent says so.

    >>> from decimal import Decimal
    >>> _cents(Money(Decimal("0.004"))), _cents(Money(Decimal("1.5"))), _cents(ZERO)
    ('under $0.01', '$1.50', '$0.00')
    """
    return "under $0.01" if ZERO < amount < CENT else str(amount)


def _up_to(amount: Money) -> str:
    return _cents(amount) if amount < CENT else f"up to {amount}"


def headline(rows: Sequence[GroupRow]) -> str:
    """Say in a sentence what there is."""
    if not rows:
        return "There is no log group in this account and region."
    forever = sum(row.group.retention_days is None for row in rows)
    if not forever:
        return f"{count(len(rows), 'log group')}. Each deletes its lines after a time."
    return f"{count(len(rows), 'log group')}. {count(forever, 'keeps its', 'keep their')} lines for ever."


def _bill(rows: Sequence[GroupRow]) -> str:
    ingested = sum((row.costs.ingested for row in rows if row.costs.ingested is not None), ZERO)
    stored = total(row.costs.stored for row in rows) or NOTHING
    later = total(row.costs.stored_in_a_year for row in rows)
    said = f"Ingestion {ingested} a month; storage {stored} a month now"
    return f"{said}, {later} in a year if nothing changes." if later is not None else f"{said}."


def _note(rows: Sequence[GroupRow]) -> str:
    missing = sum(row.incoming is None for row in rows)
    left_out = f" {count(missing, 'group was', 'groups were')} not measured." if missing else ""
    return (
        f"Bytes of the last {DAYS} whole days, at list prices of us-east-1 without the free 5 GB. AWS packs what it "
        f"stores and does not say how well: storage is between 15 %, which its calculator reckons with, and all of it."
        f"{left_out}"
    )


# -- retention --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RetentionOffer:
    """What another retention would change for the chosen groups, before anybody says yes."""

    sentence: str
    """What it saves and deletes."""
    changed: tuple[LogGroup, ...]
    """The groups of which it is not so already."""
    problem: str = ""
    """Why there is no plan of it; empty where there is one."""


def retention_options() -> dict[int | None, str]:
    """Give what can be chosen, in words."""
    return {**{days: _long(days) for days in RETENTIONS}, None: FOR_EVER}


def _long(days: int) -> str:
    return f"{days} days · {count(round(days / 365), 'year')}" if days >= 2 * 365 else count(days, "day")


def offer(rows: Sequence[GroupRow], days: int | None) -> RetentionOffer:
    """Say what keeping the lines of the chosen groups for `days` changes; None is for ever."""
    free = [row for row in rows if row.group.log_class not in publishing.FIXED_CLASSES]
    changed = [row for row in free if row.group.retention_days != days]
    groups = tuple(row.group for row in changed)
    if not rows:
        return RetentionOffer("Choose groups first.", (), "Choose groups first.")
    if not free:
        return RetentionOffer("", (), "AWS keeps the lines of this class for a day, whatever is set.")
    if not changed:
        return RetentionOffer(
            "It is so already.", (), f"{'It is' if len(rows) == 1 else 'All of them are'} kept so already."
        )
    if len(changed) > publishing.MOST_GROUPS:
        return RetentionOffer("", groups, f"Choose at most {publishing.MOST_GROUPS} groups at once.")
    return RetentionOffer(_offered(changed, days), groups)


def _offered(changed: Sequence[GroupRow], days: int | None) -> str:
    found = [saving(row.group, None if row.incoming is None else row.incoming.a_day, days) for row in changed]
    less = total(each.year for each in found)
    deleted = sum(each.deleted or 0 for each in found)
    unknown = sum(each.year is None for each in found)
    parts = []
    if less is not None and less.most.amount:
        amount, word = (less, "less") if less.most > ZERO else (NOTHING - less, "more")
        parts.append(f"{amount} {word} a month in a year")
    elif less is not None:
        parts.append("the same price in a year")
    if deleted:
        parts.append(f"about {quantity(float(deleted), 'Bytes')} of older lines deleted within days")
    if unknown:
        parts.append(f"{count(unknown, 'group')} not measured")
    return f"{count(len(changed), 'group')}: {', '.join(parts)}."
