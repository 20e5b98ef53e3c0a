"""Logs Insights on screen: prices before a run, what a run found as a table and a chart, and the runs before it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

import pandas as pd

from access.identity import Actor
from access.policy import Action, decide
from collectors.logs.insights import LONGEST, ScanQuote
from collectors.logs.queries import SavedQuery
from collectors.logs.runs import Rows, Run, RunState
from core.foreign_text import one_line
from core.masking import masked_value
from core.money import Money
from core.reading import Verdict
from dashboard.charts.view import ChartView
from dashboard.views import insights_chart, log_files
from dashboard.views.frame import Badge
from dashboard.wording import ALARM, INFO, NO_VALUE, OK, STALE, WARNING, Look, count, listed, moment, plain, shortened

EXAMPLES: Final = (
    ("Newest lines", "fields @timestamp, @logStream, @message\n| sort @timestamp desc\n| limit 100"),
    ("Errors over time", "filter @message like /ERROR/\n| stats count(*) as errors by bin(5m)"),
    ("Errors by kind", "filter level = 'ERROR'\n| stats count(*) as times by message\n| sort times desc\n| limit 25"),
    (
        "Slowest requests",
        "filter ispresent(duration_ms)\n| fields @timestamp, path, duration_ms\n| sort duration_ms desc\n| limit 25",
    ),
    (
        "Latency by path",
        "filter ispresent(duration_ms)\n| stats count(*), avg(duration_ms), pct(duration_ms, 95) by path",
    ),
    (
        "Lambda: duration and memory",
        "filter @type = 'REPORT'\n| stats max(@duration), avg(@duration), max(@maxMemoryUsed / 1000000) by bin(5m)",
    ),
)
"""Queries to begin with, in Logs Insights' own language. Names of fields are those of the lines, to be put in."""
START: Final = EXAMPLES[0][1]
_MOST_CELL: Final = 2_000
"""Characters of a cell; the download has all."""
_QUERY_CELL: Final = 120
_LOOKS: Final = {
    RunState.WAITING: STALE,
    RunState.RUNNING: INFO,
    RunState.COMPLETE: OK,
    RunState.FAILED: ALARM,
    RunState.STOPPED: WARNING,
    RunState.TIMED_OUT: ALARM,
    RunState.REFUSED: WARNING,
}
HISTORY: Final = ("State", "Asked", "By", "Query", "Log groups", "Rows", "Scanned", "Cost")


@dataclass(frozen=True, slots=True)
class Offer:
    """A run that can be bought."""

    label: str
    """What the button says."""
    text: str
    """What it scans and costs, in a sentence."""
    verdict: Verdict
    """Whether this person can run it now, and why not."""
    parts: pd.DataFrame
    """Bytes and their basis, a row a group."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """A query's text around the place that AWS did not understand."""

    before: str
    """What stands before it."""
    wrong: str
    """What was not understood."""
    after: str
    """What stands behind it."""
    line: int
    """Its line, counted from 1."""
    column: int
    """Its place in the line, counted from 1."""

    @property
    def pointed(self) -> str:
        """The text with a line of carets below the place."""
        lines = f"{self.before}{self.wrong}{self.after}".split("\n")
        width = max(1, min(len(self.wrong.split("\n")[0]), len(lines[self.line - 1]) - self.column + 1))
        return "\n".join([*lines[: self.line], " " * (self.column - 1) + "^" * width, *lines[self.line :]])


@dataclass(frozen=True, slots=True, eq=False)
class RunView:
    """What a run found."""

    run: Run
    """The run itself."""
    state: Badge
    """Where it stands."""
    sentence: str
    """What it scanned, found and cost."""
    stale: str
    """In what the results differ from what is asked now; empty where they do not."""
    mistake: Mistake | None
    """Where the query is wrong."""
    table: pd.DataFrame
    """The rows; foreign text in text cells, numbers as numbers."""
    chart: ChartView | None
    """Values over time, where the query made them."""


def offer(found: ScanQuote, text: str, actor: Actor) -> Offer:
    """Say what a run scans and costs, and whether this person can have it."""
    verdict = _may(found, text, actor)
    basis = sorted({part.basis for part in found.parts if part.expected is not None})
    scans = f"It will scan about {size(found.expected)} ({', '.join(basis)})"
    said = scans if basis else "It is not known what it scans"
    price = f" and cost about {price_of(found.cost)}. Until it has ended it takes {price_of(found.at_most)} of the cap"
    rare = [part.group for part in found.parts if part.log_class == "INFREQUENT_ACCESS"]
    also = f" The price is the same for {listed(rare)}, of the infrequent access class." if rare else ""
    rows = [
        (plain(part.group), size(part.expected), size(part.most), part.basis, part.log_class.lower().replace("_", " "))
        for part in found.parts
    ]
    table = pd.DataFrame(rows, columns=["Log group", "Expected", "At most", "Basis", "Class"], dtype="str")
    label = f"Run for about {price_of(found.cost)}" if found.parts else "Run"
    return Offer(label, f"{said}{price if basis else ''}; {found.left}.{also}", verdict, table)


def _may(found: ScanQuote, text: str, actor: Actor) -> Verdict:
    if not text.strip():
        return Verdict(allowed=False, reason="Write a query first.")
    if len(text) > LONGEST:
        return Verdict(allowed=False, reason=f"A query holds at most {LONGEST:,} characters; this has {len(text):,}.")
    return found.verdict if not found.verdict.allowed else decide(actor, Action.SPEND)


def view(
    run: Run, rows: Rows, each: Money, *, asked: tuple[str, tuple[str, ...]], bare: bool, now: datetime
) -> RunView:
    """Give what a run found. `asked` is the text and the groups in the editor now; `each` the price of a byte."""
    return RunView(
        run,
        Badge(str(run.state), _LOOKS[run.state]),
        sentence(run, each, now=now),
        _stale(run, asked),
        _mistake(run),
        table(rows, bare=bare),
        insights_chart.over_time(rows, run.query),
    )


def sentence(run: Run, each: Money, *, now: datetime) -> str:
    """Say what a run scanned, found and cost, or what it waits for."""
    if run.state is RunState.WAITING:
        return "It waits: as many queries run as may. It starts when one of them has ended, and costs nothing yet."
    if run.problem:
        return run.problem
    lines = "" if run.matched is None else f"{count(run.matched, 'line')} of {run.scanned_lines or 0:,} matched; "
    scanned = "nothing scanned yet" if run.scanned is None else f"{size(run.scanned)} scanned"
    price = "" if run.scanned is None else f", {price_of(each * run.scanned)}"
    far = " so far" if run.is_open else f"; {moment(run.ended_at or now, now=now)} UTC"
    return f"{count(run.rows, 'row')}; {lines}{scanned}{price}{far}."


def _stale(run: Run, asked: tuple[str, tuple[str, ...]]) -> str:
    """Say in what a run differs from what is in the editor."""
    text, groups = asked
    parts = ("the query" if run.query.text.strip() != text.strip() else "", _groups_differ(run, groups))
    named = [part for part in parts if part]
    return f"These are results of before: {listed(named)} changed since." if named else ""


def _groups_differ(run: Run, groups: Sequence[str]) -> str:
    return "the log groups" if set(run.query.groups) != set(groups) else ""


def _mistake(run: Run) -> Mistake | None:
    if run.place is None:
        return None
    text = run.query.text
    begin, end = min(run.place[0], len(text)), min(max(run.place), len(text))
    before = text[:begin]
    return Mistake(before, text[begin:end], text[end:], before.count("\n") + 1, begin - (before.rfind("\n") + 1) + 1)


def table(rows: Rows, *, bare: bool) -> pd.DataFrame:
    """Give rows for a table. A column that holds only numbers is one of numbers; a missing value stays missing."""
    columns: dict[str, pd.Series] = {}
    for place, name in enumerate(rows.fields):
        values = [row[place] for row in rows.rows]
        shown = _free_name(plain(name) or "unnamed", columns)
        numbers = _numbers(values)
        columns[shown] = (
            pd.Series(numbers, dtype="Float64")
            if numbers is not None
            else pd.Series([_cell(name, value, bare=bare) for value in values], dtype="object")
        )
    return pd.DataFrame(columns)


def _free_name(name: str, taken: dict[str, pd.Series]) -> str:
    number = 2
    while name in taken:
        name, number = f"{name} ({number})", number + 1
    return name


def _numbers(values: Sequence[str | None]) -> list[float | None] | None:
    """Give the values as numbers; None where one is none, or where there is nothing."""
    found: list[float | None] = []
    for value in values:
        try:
            found.append(None if value is None else float(value))
        except ValueError:
            return None
        if value is not None and (not value.strip() or value.strip()[-1] not in "0123456789."):
            return None  # `nan` and `inf` are words here
    return found if any(number is not None for number in found) else None


def _cell(name: str, value: str | None, *, bare: bool) -> str | None:
    if value is None:
        return None
    shown = value if bare else masked_value(name, value)
    return one_line(shown[:_MOST_CELL])


def history(runs: Sequence[Run], each: Money, *, now: datetime) -> pd.DataFrame:
    """Give runs as a table, newest first."""
    cells = [
        (
            f"{_LOOKS[run.state].glyph} {run.state}",
            moment(run.asked_at, now=now),
            plain(run.by),
            shortened(one_line(run.query.text), _QUERY_CELL),
            listed(run.query.groups, most=2),
            f"{run.rows:,}" if run.state is RunState.COMPLETE else NO_VALUE,
            size(run.scanned),
            NO_VALUE if run.scanned is None else price_of(each * run.scanned),
        )
        for run in runs
    ]
    return pd.DataFrame(cells, columns=list(HISTORY), dtype="str")


def field_in_query(name: str) -> str:
    """Write a field's name as a query takes it: in backticks where it holds other signs.

    >>> field_in_query("@message"), field_in_query("request-id")
    ('@message', '`request-id`')
    """
    bare = name.removeprefix("@").replace(".", "").replace("_", "")
    return name if bare.isascii() and bare.isalnum() else f"`{name.replace('`', '')}`"


def with_field(text: str, name: str) -> str:
    """Give a query with one more field: behind its first list of fields, else at its end.

    >>> with_field("fields @timestamp\\n| limit 5", "ms")
    'fields @timestamp, ms\\n| limit 5'
    >>> with_field("stats count(*) by ", "path")
    'stats count(*) by path'
    """
    field = field_in_query(name)
    if text.rstrip(" ") != text or not text.strip():
        return text + field if text.strip() else f"fields {field}"
    lines = text.split("\n")
    for place, line in enumerate(lines):
        if line.strip().lstrip("| ").startswith(("fields ", "display ")):
            lines[place] = f"{line.rstrip()}, {field}"
            return "\n".join(lines)
    return f"{text} {field}"


def saved_label(query: SavedQuery) -> str:
    """Name a saved query in a list."""
    return plain(query.name) if query.text else f"{plain(query.name)} (empty)"


def size(number: int | None) -> str:
    """Write bytes as AWS bills them, a gigabyte being a thousand megabytes.

    >>> size(2_400_000_000), size(12_300), size(0), size(None)
    ('2.4 GB', '12.3 kB', '0 B', '–')
    """
    if number is None:
        return NO_VALUE
    for unit, bytes_in_it in (("TB", 10**12), ("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if number >= bytes_in_it:
            return f"{number / bytes_in_it:.3g} {unit}" if number < 1000 * bytes_in_it else f"{number // 10**12:,} TB"
    return f"{number:,} B"


def price_of(amount: Money) -> str:
    """Write a small price with the digits that matter.

    >>> price_of(Money(Decimal("0.0000123456"))), price_of(Money(Decimal("0.0125"))), price_of(Money(Decimal(0)))
    ('$0.000012', '$0.01', '$0.00')
    """
    if amount.amount and abs(amount.amount) < Decimal("0.005"):
        digits = -amount.amount.adjusted() + 1
        return str(Money(round(amount.amount, digits), amount.currency))
    return str(amount)


def look_of(state: RunState) -> Look:
    """Give how a state is shown."""
    return _LOOKS[state]


def csv(rows: Rows, *, bare: bool) -> bytes:
    """Give rows as a CSV file: as they are, secrets hidden unless `bare`. No program takes a cell for a formula."""
    cells = [
        [None if value is None else _for_a_file(value if bare else masked_value(name, value)) for name, value in pairs]
        for row in rows.rows
        for pairs in [zip(rows.fields, row, strict=True)]
    ]
    return pd.DataFrame(cells, columns=list(rows.fields)).to_csv(index=False).encode("utf-8", "replace")


def _for_a_file(value: str) -> str:
    return value if _numbers([value]) is not None else log_files.cell(value)
