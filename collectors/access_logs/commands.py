"""`python -m collectors access-log FILE…`: what load-balancer access logs say.

python -m collectors access-log 2026/11/27/            # a folder of .log.gz files, as S3 has them
python -m collectors access-log - --json < access.log
python -m collectors access-log access.log.gz --join app.log      # application lines of the failing requests
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import orjson

from collectors.access_logs.book import Flaws
from collectors.access_logs.entries import Entry
from collectors.access_logs.latencies import Latencies
from collectors.access_logs.summary import Counting, Summary, Tally
from collectors.log_files import Broken, LogFileError, all_rows, find, rows
from core.foreign_text import cut, one_line, visible
from core.masking import masked

Say = Callable[[str], None]
MOST_JOINED: Final = 20
"""Application lines of one request."""
_TRACE: Final = re.compile(r"\b1-[0-9a-f]{8}-[0-9a-f]{24}\b")


def add_command(commands: Any) -> None:
    """Say what may be asked."""
    made = commands.add_parser("access-log", help="sum up load-balancer access logs")
    made.add_argument("files", nargs="+", metavar="FILE", help="a file, a folder, or - for standard input")
    made.add_argument("--join", action="append", default=[], metavar="FILE", help="application logs with trace ids")
    made.add_argument("--most", type=int, default=15, help="rows of each table; 15 by default")
    made.add_argument("--json", action="store_true", help="one JSON document instead of tables")


def access_log(options: argparse.Namespace, *, say: Say, complain: Say) -> int:
    """Print the summary. Gives the exit code: 1 where something was not read, 2 where nothing could be."""
    flaws, counting = Flaws(), Counting()
    try:
        for name in options.files:
            found = rows(sys.stdin.buffer, "standard input") if name == "-" else all_rows(find(Path(name)))
            counting.add_all(flaws.entries(found))
        summary = counting.summary()
        lines = joined(summary, _rows(options.join)) if options.join else {}
    except LogFileError as error:
        complain(str(error))
        return 2
    if options.json:
        say(orjson.dumps(document(summary, flaws, lines), option=orjson.OPT_INDENT_2).decode())
    else:
        for line in tables(summary, lines, most=options.most):
            say(line)
    for text in (*flaws.first, *map(str, flaws.broken)):
        complain(safe(text))
    if flaws.number > len(flaws.first):
        complain(f"… and {flaws.number - len(flaws.first):,} more rows that are no entries")
    if not summary.whole.requests:
        complain("No entry was found; a line begins with a type such as https and has at least 13 fields.")
        return 2
    return 1 if flaws.number or flaws.broken else 0


def _rows(names: Sequence[str]) -> Iterator[str]:
    for name in names:
        for row in all_rows(find(Path(name))):
            if not isinstance(row, Broken):
                yield row


def joined(summary: Summary, lines: Iterable[str]) -> Mapping[str, tuple[str, ...]]:
    """Give the application lines of the slowest and failing requests, by trace id."""
    wanted: dict[str, list[str]] = {each.trace: [] for each in (*summary.failing, *summary.slowest) if each.trace}
    for line in lines:
        for trace in set(_TRACE.findall(line)) & wanted.keys():
            if len(wanted[trace]) < MOST_JOINED:
                wanted[trace].append(line)
    return {trace: tuple(found) for trace, found in wanted.items() if found}


def safe(text: str, most: int = 120) -> str:
    """Give foreign text for a terminal: one line, nothing hidden, no secrets."""
    return cut(one_line(visible(masked(text).text).text), most)


def tables(summary: Summary, lines: Mapping[str, tuple[str, ...]], *, most: int) -> Iterator[str]:
    """Give the tables for people."""
    whole = summary.whole
    span = f", {summary.first:%Y-%m-%d %H:%M:%S} to {summary.last:%Y-%m-%d %H:%M:%S} UTC" if summary.first else ""
    yield f"{whole.requests:,} requests{span}"
    yield ""
    yield _head("path")
    for (method, path), tally in list(summary.paths.items())[:most]:
        yield _row(f"{method} {path}".strip(), tally)
    yield ""
    yield _head("target")
    for name, tally in list(summary.targets.items())[:most]:
        yield _row(name, tally)
    yield ""
    yield "slowest"
    for entry in summary.slowest[:most]:
        yield _request(entry)
        yield from _lines(lines.get(entry.trace, ()))
    yield ""
    yield "failing, the newest first"
    for entry in summary.failing[:most]:
        yield _request(entry)
        yield from _lines(lines.get(entry.trace, ()))
    for reason, number in summary.reasons.items():
        yield f"{number:>9,}  {safe(reason)}"


def _head(name: str) -> str:
    return f"{'requests':>9} {'4xx':>7} {'5xx':>7}   {'p50':>7} {'p90':>7} {'p99':>7}  target p99  {name}"


def _row(name: str, tally: Tally) -> str:
    times = " ".join(_seconds(tally.total.percentile(share)) for share in (50, 90, 99))
    counts = f"{tally.requests:>9,} {tally.classes['4xx']:>7,} {tally.classes['5xx']:>7,}"
    return f"{counts}   {times}   {_seconds(tally.target.percentile(99)):>9}  {safe(name)}"


def _request(entry: Entry) -> str:
    answer = f"{entry.status or '-'}/{entry.target_status or '-'}"
    said = f"{entry.at:%H:%M:%S} {answer:>7} {_seconds(entry.seconds)}"
    return f"{said}  {safe(f'{entry.method} {entry.url}')}  {safe(entry.target or 'no target')}  {safe(entry.trace)}"


def _lines(found: Sequence[str]) -> Iterator[str]:
    for line in found:
        yield f"{'':10}{safe(line, 160)}"


def _seconds(value: float | None) -> str:
    return f"{'-':>7}" if value is None else f"{value:>6.3f}s"


def document(summary: Summary, flaws: Flaws, lines: Mapping[str, tuple[str, ...]]) -> dict[str, Any]:
    """Give all of it for programs."""
    return {
        "first": summary.first,
        "last": summary.last,
        "not_entries": flaws.number,
        "whole": _tally(summary.whole),
        "paths": [{"method": name[0], "path": name[1], **_tally(each)} for name, each in summary.paths.items()],
        "targets": [{"target": name, **_tally(each)} for name, each in summary.targets.items()],
        "bucket_milliseconds": summary.width,
        "times": [{"start_milliseconds": start, **_tally(each)} for start, each in summary.times.items()],
        "slowest": [_entry(each, lines) for each in summary.slowest],
        "failing": [_entry(each, lines) for each in summary.failing],
        "reasons": dict(summary.reasons),
    }


def _tally(tally: Tally) -> dict[str, Any]:
    return {
        "requests": tally.requests,
        "statuses": dict(tally.classes),
        "target_5xx": tally.target_errors,
        "seconds": _times(tally.total),
        "target_seconds": _times(tally.target),
        "sent_bytes": tally.sent,
        "received_bytes": tally.received,
    }


def _times(latencies: Latencies) -> dict[str, Any]:
    return {**latencies.summary(), "measured": latencies.number}


def _entry(entry: Entry, lines: Mapping[str, tuple[str, ...]]) -> dict[str, Any]:
    return {
        "time": entry.at,
        "method": entry.method,
        "url": masked(entry.url).text,
        "status": entry.status,
        "target_status": entry.target_status,
        "seconds": entry.seconds,
        "target": entry.target or None,
        "trace_id": entry.trace or None,
        "reason": entry.field("error_reason") or None,
        "lines": [masked(line).text for line in lines.get(entry.trace, ())],
    }
