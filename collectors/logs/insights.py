"""Logs Insights: what a query will scan and cost before it runs, and the calls that run it.

AWS bills the bytes of the lines that are scanned, before compression. `IncomingBytes` counts just those as they come
in, so it is the basis where it has datapoints. `storedBytes` is the other: AWS does not say whether that is counted
before or after compression, so the most that it may stand for is taken.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from math import ceil
from typing import Any, Final

from botocore.exceptions import ClientError

from cloud.caps import Left
from cloud.clients import Clients
from cloud.database import DatabaseDownError
from cloud.pricing import LOG_STORED_SHARE
from cloud.scans import expecting
from collectors.logs.groups import LogGroup
from collectors.query import MetricQuery
from core.money import ZERO, Money
from core.reading import Scope, Verdict
from core.series import MetricId, Series
from core.timespan import Timespan, chart_period

MOST_GROUPS: Final = 50
"""Groups of one query. Source: botocore's model of StartQuery."""
MOST_ROWS: Final = 10_000
"""Rows of one answer of GetQueryResults. Source: botocore's model."""
LONGEST: Final = 10_000
"""Characters of a query. Source: the same."""
MARGIN: Final = Decimal("1.2")
"""A query is bought at this much of what came in: lines at the span's edges, and with times of their own. Ours."""
LEAST_BYTES: Final = 1_000_000
"""No query is bought at less: what came in a moment ago is not counted yet. Ours."""
INCOMING: Final = "counted as they came in"
STORED: Final = "reckoned from what is stored, as if it had come evenly"
UNKNOWN: Final = "not known"
NO_LEDGER: Final = "the ledger that keeps the cap cannot be read now"


@dataclass(frozen=True, slots=True)
class InsightsQuery:
    """What is to be run."""

    scope: Scope
    groups: tuple[str, ...]
    """Names, or ARNs of other accounts' groups."""
    span: Timespan
    text: str
    most: int = MOST_ROWS
    """Rows that are wanted at most; a `limit` in the text holds too."""


@dataclass(frozen=True, slots=True)
class GroupScan:
    """What a query will scan of one group."""

    group: str
    expected: int | None
    """Bytes; None where nothing is known of them."""
    most: int | None
    """What it may be at most."""
    basis: str
    log_class: str = ""


@dataclass(frozen=True, slots=True)
class ScanQuote:
    """A query's price before it runs."""

    query: InsightsQuery
    parts: tuple[GroupScan, ...]
    each: Money
    """Price of a byte. AWS asks the same for groups of the infrequent access class."""
    left: str
    """What the caps leave, in words."""
    verdict: Verdict
    """Whether it can be run now, and why not."""

    @property
    def expected(self) -> int:
        """Bytes that it will scan, as far as they are known."""
        return sum(part.expected or 0 for part in self.parts)

    @property
    def most(self) -> int:
        """Bytes that it is bought at; what it did not scan is given back when it has ended."""
        return max(LEAST_BYTES, sum(part.most or 0 for part in self.parts))

    @property
    def cost(self) -> Money:
        """What it will cost."""
        return self.each * self.expected

    @property
    def at_most(self) -> Money:
        """What it takes of the cap until it has ended."""
        return self.each * self.most


def incoming(query: InsightsQuery, *, now: datetime) -> dict[str, MetricQuery]:
    """Give the metric that tells how much came into each group over the span."""
    period = chart_period(query.span, now=now)
    return {
        group: MetricQuery(
            query.scope,
            MetricId("AWS/Logs", "IncomingBytes", (("LogGroupName", group),)),
            "Sum",
            period,
            query.span.aligned(period),
        )
        for group in query.groups
        if not group.startswith("arn:")
    }


def quote(
    clients: Clients,
    query: InsightsQuery,
    groups: Sequence[LogGroup],
    came: Mapping[str, Series],
    *,
    now: datetime,
) -> ScanQuote:
    """Say what a query scans and costs, and whether the caps allow it. `came` has what came into a group, by name."""
    known = {name: group for group in groups for name in (group.name, group.arn)}
    parts = tuple(_scan(name, known.get(name), came.get(name), query.span, now) for name in query.groups)
    price = clients.meter.prices.price("logs", "StartQuery")
    each = price.each if price else ZERO
    try:
        left = clients.meter.money_left()
    except DatabaseDownError:
        return ScanQuote(
            query, parts, each, NO_LEDGER, Verdict(allowed=False, reason=f"T{NO_LEDGER[1:]}, so nothing is bought.")
        )
    draft = ScanQuote(query, parts, each, str(left), _ALLOWED)
    return replace(draft, verdict=_verdict(draft, left))


_ALLOWED: Final = Verdict(allowed=True, reason="")


def _scan(name: str, group: LogGroup | None, came: Series | None, span: Timespan, now: datetime) -> GroupScan:
    log_class = group.log_class if group else ""
    if came is not None and came.times.size:
        expected = int(came.values.sum())
        return GroupScan(name, expected, int(expected * MARGIN), INCOMING, log_class)
    if group is None:
        return GroupScan(name, None, None, UNKNOWN, log_class)
    expected = int(group.stored_bytes * _share(group, span, now))
    return GroupScan(name, expected, int(expected / LOG_STORED_SHARE), STORED, log_class)


def _share(group: LogGroup, span: Timespan, now: datetime) -> float:
    """Give the part of a group's lines that lies in a span, if they came evenly."""
    kept = timedelta(days=group.retention_days) if group.retention_days else now - group.created
    age = max(min(kept, now - group.created), timedelta(seconds=1))
    begin, end = max(span.start, now - age), min(span.end, now)
    return max(0.0, min(1.0, (end - begin) / age))


def _verdict(found: ScanQuote, left: Left) -> Verdict:
    unknown = [part.group for part in found.parts if part.most is None]
    if not found.parts:
        return Verdict(allowed=False, reason="Choose the log groups to query.")
    if len(found.parts) > MOST_GROUPS:
        return Verdict(allowed=False, reason=f"A query takes at most {MOST_GROUPS} log groups; {len(found.parts)} are.")
    if unknown:
        return Verdict(allowed=False, reason=f"How many bytes lie in {', '.join(unknown)} is not known, nor the price.")
    if found.at_most.amount <= left.amount.amount:
        return _ALLOWED
    return Verdict(allowed=False, reason=f"This query may cost up to {found.at_most}, and {left}.")


# -- AWS ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Progress:
    """What AWS says of a query."""

    status: str
    fields: tuple[str, ...] = ()
    rows: tuple[tuple[str | None, ...], ...] = ()
    """Values in the order of `fields`; None where a row has none."""
    scanned: int | None = None
    """Bytes."""
    scanned_lines: int | None = None
    matched: int | None = None


def start(clients: Clients, query: InsightsQuery, *, most: int) -> str:
    """Start a query bought at `most` bytes; gives AWS's id of it. Raises what botocore raises."""
    begin = int(query.span.start.timestamp())
    with expecting(most):
        answer = clients.client(query.scope, "logs").start_query(
            logGroupIdentifiers=list(query.groups),
            startTime=begin,
            endTime=max(begin, ceil(query.span.end.timestamp()) - 1),  # AWS queries this second too
            queryString=query.text,
            limit=min(query.most, MOST_ROWS),
        )
    return str(answer["queryId"])


def progress(clients: Clients, scope: Scope, query_id: str) -> Progress:
    """Give how far a query is, with the rows it has by now. Raises what botocore raises."""
    answer = clients.client(scope, "logs").get_query_results(queryId=query_id)
    documents = [{str(cell.get("field")): cell.get("value") for cell in row} for row in answer.get("results", ())]
    fields = tuple(dict.fromkeys(name for row in documents for name in row if name != "@ptr"))
    statistics = answer.get("statistics") or {}
    return Progress(
        str(answer.get("status", "Unknown")),
        fields,
        tuple(tuple(row.get(name) for name in fields) for row in documents),
        _whole(statistics.get("bytesScanned")),
        _whole(statistics.get("recordsScanned")),
        _whole(statistics.get("recordsMatched")),
    )


def stop(clients: Clients, scope: Scope, query_id: str) -> None:
    """Stop a query; what it has scanned by then is charged. Raises what botocore raises."""
    clients.client(scope, "logs").stop_query(queryId=query_id)


def mistake(error: Exception) -> tuple[str, tuple[int, int] | None] | None:
    """Give what AWS says is wrong with a query's text, and where, in characters; None where something else is."""
    if not isinstance(error, ClientError):
        return None
    answer: Mapping[str, Any] = error.response
    if answer.get("Error", {}).get("Code") != "MalformedQueryException":
        return None
    compiling = answer.get("queryCompileError") or {}
    where = compiling.get("location") or {}
    begin = where.get("startCharOffset")
    place = (int(begin), int(where.get("endCharOffset") or begin)) if begin is not None else None
    return str(compiling.get("message") or answer["Error"].get("Message") or "The query is not one."), place


def _whole(number: object) -> int | None:
    return int(number) if isinstance(number, int | float) else None
