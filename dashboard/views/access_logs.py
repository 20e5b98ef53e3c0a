"""The Access logs page: requests of a load balancer by path, target and time, and single ones with their lines."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import numpy as np
import pandas as pd

from collectors.access_logs.book import Book, Contents, contents
from collectors.access_logs.bucket import Fetched, Offer
from collectors.access_logs.entries import FIELDS, Entry
from collectors.access_logs.summary import OTHERS, WEB_SOCKETS, Summary, Tally, target_name
from collectors.log_files import Broken, LogFileError
from collectors.logs.question import LogAnswer, LogQuestion
from core.foreign_text import cut, one_line, visible
from core.log_lines import EPOCH
from core.masking import masked
from core.reading import Reading, Scope, Verdict
from core.timespan import Timespan
from dashboard.access_state import AccessState
from dashboard.charts.view import Axis, ChartView, Line, LineKind, Tone
from dashboard.feed import ForeseenError
from dashboard.state import PageState
from dashboard.views.log_sources import LogReads
from dashboard.views.tiles import Tile
from dashboard.wording import NO_VALUE, count, moment, quantity

LONGEST: Final = 300
"""Characters of a path or URL in a table."""
AROUND: Final = timedelta(minutes=3)
"""Before and after a request, its lines are looked for; a WebSocket's begin when it was opened."""
MOST_LINES: Final = 200
_TONES: Final = {"2xx": Tone.OK, "3xx": Tone.INFO, "4xx": Tone.WARNING, "5xx": Tone.ALARM, "other": Tone.MUTED}
_SHARES: Final = (50, 90, 99)


@dataclass(frozen=True, slots=True)
class AccessView:
    """What the page draws of access logs."""

    sentence: str
    """How many requests there are, and of when."""
    notes: tuple[str, ...]
    """What was not counted, and why. May hold foreign text."""
    nothing: str
    """Why there is nothing to draw; empty where there is."""
    tiles: tuple[Tile, ...]
    """The whole in six numbers."""
    statuses: ChartView
    """Requests over time by status class."""
    times: ChartView
    """Percentiles over time."""
    paths: pd.DataFrame
    """A row a path. Foreign text in text cells."""
    path_keys: tuple[str, ...]
    """What each row of `paths` narrows the page to; empty where it cannot."""
    targets: pd.DataFrame
    """A row a target."""
    target_keys: tuple[str, ...]
    """What each row of `targets` narrows the page to; empty where it cannot."""
    requests: pd.DataFrame
    """Single requests, the slowest or the failing. Foreign text in text cells."""
    request_keys: tuple[str, ...]
    """The trace id of each row; empty where it has none."""
    reasons: pd.DataFrame
    """Why requests failed, in AWS's words."""
    request: Entry | None
    """The request of the link; None where none is named or it is not among these."""
    missing: bool
    """The link names a request that is not among these."""


def read(
    book: Book, wanted: AccessState, state: PageState, *, clock: Callable[[], datetime]
) -> tuple[Timespan, Contents]:
    """Count what is here of the span on screen; raises ForeseenError."""
    span = state.span(now=clock())
    try:
        return span, book.read(state.scope, span, wanted.only)
    except LogFileError as error:
        raise ForeseenError(str(error)) from error


def of_rows(rows: Iterable[str | Broken], wanted: AccessState) -> tuple[Timespan, Contents]:
    """Count the entries of an uploaded file, whenever they are of."""
    found = contents(rows, files=1, only=wanted.only, span=None)
    first, last = found.summary.first or EPOCH, found.summary.last or EPOCH
    return Timespan(first, last + timedelta(seconds=1)), found


def build(found: tuple[Timespan, Contents], wanted: AccessState, *, remote: bool, now: datetime) -> AccessView:
    """Give what the page draws."""
    span, told = found
    summary = told.summary
    listed = summary.failing if wanted.requests == "failing" else summary.slowest
    chosen = next((each for each in (*summary.failing, *summary.slowest) if each.trace == wanted.request), None)
    return AccessView(
        sentence=_sentence(told, span, now=now),
        notes=_notes(told),
        nothing=_nothing(told, wanted, remote=remote) if not summary.whole.requests else "",
        tiles=_tiles(summary),
        statuses=statuses(told, span),
        times=times(told, span),
        paths=pd.DataFrame(
            [_row("Path", f"{name[0]} {name[1]}".strip(), each) for name, each in summary.paths.items()]
        ),
        path_keys=tuple("" if name[1] == OTHERS else f"{name[0]} {name[1]}".strip() for name in summary.paths),
        targets=pd.DataFrame([_row("Target", name, each) for name, each in summary.targets.items()]),
        target_keys=tuple("" if name == "other targets" else name for name in summary.targets),
        requests=pd.DataFrame([_request(each, now=now) for each in listed]),
        request_keys=tuple(each.trace for each in listed),
        reasons=pd.DataFrame(
            {"Why": [_safe(each) for each in summary.reasons], "Requests": list(summary.reasons.values())}
        ),
        request=chosen if wanted.request else None,
        missing=bool(wanted.request) and chosen is None,
    )


def _sentence(told: Contents, span: Timespan, *, now: datetime) -> str:
    requests, files = count(told.summary.whole.requests, "request"), count(told.files, "file")
    return f"{requests} of {_span(span, now=now)} UTC in {files}."


def _span(span: Timespan, *, now: datetime) -> str:
    return f"{moment(span.start, now=now)} to {moment(span.end, now=now)}"


def _notes(told: Contents) -> tuple[str, ...]:
    found = []
    if told.cut:
        found.append(f"Only the first {told.summary.whole.requests:,} requests are counted; choose a shorter span.")
    if told.flaws:
        found.append(f"{count(told.flaws, 'row is', 'rows are')} no entries and are not counted.")
    return (*found, *(_safe(each) for each in told.first_flaws))


def _nothing(told: Contents, wanted: AccessState, *, remote: bool) -> str:
    if any((wanted.only.path, wanted.only.target, wanted.only.status)):
        return "No request of this span is of the path, target and status that were chosen."
    if told.flaws and not told.entries:
        return "No row of these files is an entry of a load balancer's access log."
    if remote and not told.files:
        return "Nothing of this span was fetched yet. New files come to S3 every five minutes, some minutes late."
    return "The files hold no request of this span. Choose a longer one."


def _tiles(summary: Summary) -> tuple[Tile, ...]:
    whole = summary.whole
    seconds = (summary.last - summary.first).total_seconds() if summary.first and summary.last else 0.0
    rate = f"{whole.requests / seconds:,.2g} a second" if seconds >= 1 else ""
    shares = [quantity(whole.total.percentile(share), "Seconds") for share in _SHARES]
    return (
        _tile("requests", "Requests", f"{whole.requests:,}", rate),
        _tile("5xx", "5xx", f"{whole.errors:,}", f"{_part(whole.errors, whole)}, {whole.target_errors:,} by targets"),
        _tile("4xx", "4xx", f"{whole.classes['4xx']:,}", _part(whole.classes["4xx"], whole)),
        _tile("p50", "p50", shares[0], f"targets {quantity(whole.target.percentile(50), 'Seconds')}"),
        _tile("p90", "p90", shares[1], f"targets {quantity(whole.target.percentile(90), 'Seconds')}"),
        _tile("p99", "p99", shares[2], f"targets {quantity(whole.target.percentile(99), 'Seconds')}"),
    )  # fmt: skip


def _tile(key: str, label: str, value: str, yardstick: str) -> Tile:
    return Tile(key, label, value, "", None, yardstick, (), alarming=False)


def _part(number: int, whole: Tally) -> str:
    return f"{100 * number / whole.requests:.2g}%" if whole.requests else NO_VALUE


def statuses(told: Contents, span: Timespan) -> ChartView:
    """Give requests over time by status class; a gap where no file is about the time."""
    summary = told.summary
    grid = _grid(summary, span)
    known = np.array([_is_known(told, start) for start in grid], bool)
    lines = []
    for name, tone in _TONES.items():
        values = np.array([float(tally.classes[name]) for tally in grid.values()], np.float64)
        if values.any():
            shown = np.where(known | (values > 0), values, np.nan)
            lines.append(Line(name, _seconds(grid), shown, kind=LineKind.BAR, tone=tone))
    return ChartView("access-statuses", "Requests by status", "Count", tuple(lines), span, note=_empty(summary))


def _is_known(told: Contents, start: int) -> bool:
    """Say whether there are files about a time."""
    at = EPOCH + timedelta(milliseconds=start)
    return told.covered is None or any(at in span for span in told.covered)


def times(told: Contents, span: Timespan) -> ChartView:
    """Give percentiles over time; a gap where no time was measured."""
    summary = told.summary
    grid = _grid(summary, span)
    lines = [_line(f"p{share}", grid, [tally.total.percentile(share) for tally in grid.values()]) for share in _SHARES]
    lines.append(_line("targets p99", grid, [tally.target.percentile(99) for tally in grid.values()], dash=True))
    return ChartView("access-times", "How long requests took", "Seconds", tuple(lines), span, note=_empty(summary))


def _line(name: str, grid: Mapping[int, Tally], values: Sequence[float | None], *, dash: bool = False) -> Line:
    found = np.array([np.nan if value is None else value for value in values], np.float64)
    return Line(name, _seconds(grid), found, dash=dash, axis=Axis.LEFT)


def _grid(summary: Summary, span: Timespan) -> dict[int, Tally]:
    """Lay the counts on every part of the span."""
    width = summary.width
    begin, end = (((at - EPOCH) // timedelta(milliseconds=1)) for at in (span.start, span.end))
    return {start: summary.times.get(start, Tally()) for start in range(begin - begin % width, end, width)}


def _seconds(grid: Mapping[int, Tally]) -> np.ndarray:
    return np.array([start // 1_000 for start in grid], np.int64)


def _empty(summary: Summary) -> str:
    return "" if summary.whole.requests else "No requests"


def _row(column: str, name: str, tally: Tally) -> dict[str, object]:
    shares = {f"p{share}": quantity(tally.total.percentile(share), "Seconds") for share in _SHARES}
    return {
        column: _safe(name),
        "Requests": tally.requests,
        "4xx": tally.classes["4xx"],
        "5xx": tally.errors,
        **shares,
        "Targets p99": quantity(tally.target.percentile(99), "Seconds"),
        "Longest": quantity(tally.total.longest if tally.total.number else None, "Seconds"),
    }


def _request(entry: Entry, *, now: datetime) -> dict[str, object]:
    return {
        "When": f"{moment(entry.at, now=now)}:{entry.at:%S}",
        "Status": NO_VALUE if entry.status is None else str(entry.status),
        "Target's": NO_VALUE if entry.target_status is None else str(entry.target_status),
        "Took": quantity(entry.seconds, "Seconds"),
        "Target took": quantity(entry.target_seconds, "Seconds"),
        "Request": _safe(f"{entry.method} {entry.url}"),
        "Target": _safe(target_name(entry)),
        "Trace": _safe(entry.trace),
    }


def _safe(text: str, most: int = LONGEST) -> str:
    """Give foreign text in one line, nothing hidden in it, no secrets."""
    return cut(one_line(visible(masked(text).text).text), most)


def facts(entry: Entry) -> tuple[tuple[str, str], ...]:
    """Give every field of a request that is not empty, by AWS's names, safe to show."""
    known = [(name, value) for name, value in zip(FIELDS, entry.fields, strict=False) if value not in {"-", ""}]
    more = [(f"field {place + 1}", value) for place, value in enumerate(entry.fields) if place >= len(FIELDS)]
    return tuple((name, _safe(value, 2_000)) for name, value in (*known, *more))


def lines_question(entry: Entry, scope: Scope, group: str) -> LogQuestion:
    """Ask for the application's lines that name the request's trace id."""
    opened = _opened(entry) if entry.kind in WEB_SOCKETS else entry.at
    span = Timespan(min(opened, entry.at) - AROUND, entry.at + AROUND)
    return LogQuestion(scope, group, span, f'"{entry.trace}"', (), MOST_LINES)


def _opened(entry: Entry) -> datetime:
    try:
        return datetime.fromisoformat(entry.field("request_creation_time"))
    except ValueError:
        return entry.at


def read_lines(
    sources: LogReads, entry: Entry, scope: Scope, group: str, *, clock: Callable[[], datetime]
) -> Reading[LogAnswer]:
    """Read the application's lines of a request."""
    return sources.log_lines(lines_question(entry, scope, group), now=clock())


def brought(fetched: Fetched) -> str:
    """Say what a look in S3 brought."""
    said = f"{count(fetched.objects, 'file')} fetched, {fetched.size / 1e6:,.1f} MB."
    return f"{said} {_safe(fetched.problem)}" if fetched.problem else said


def may_fetch(offer: Offer, verdict: Verdict) -> Verdict:
    """Say whether a viewer may fetch now: the role first, then the cap."""
    return offer.verdict if verdict.allowed else verdict
