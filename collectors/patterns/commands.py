"""`python -m collectors patterns FILE…`: the templates of log files, and what changed between two of them.

python -m collectors patterns app.log                 # - reads standard input; .gz and folders are read too
python -m collectors patterns app.log --before yesterday.log      # what is new, gone, more, less
python -m collectors patterns app.log --since 2026-11-27T10:00Z   # the same, by the time in each line
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import orjson

from collectors.log_files import Broken, LogFileError, all_rows, find, rows
from collectors.patterns.changes import Change, Kind, Lengths, compare
from collectors.patterns.finding import pattern_of
from collectors.patterns.templates import Mined, Miner, Template
from collectors.patterns.times import time_of
from core.foreign_text import cut, one_line, visible
from core.log_lines import EPOCH
from core.log_recognition import recognise
from core.masking import masked

Say = Callable[[str], None]
WIDEST: Final = 160
BARS: Final = "▁▂▃▄▅▆▇█"
PARTS: Final = 12
SECOND: Final = 1_000
_MILLISECOND: Final = timedelta(milliseconds=1)


def add_command(commands: Any) -> None:
    """Say what may be asked."""
    made = commands.add_parser("patterns", help="group the lines of log files into templates")
    made.add_argument("files", nargs="+", metavar="FILE", help="a file, a folder, or - for standard input")
    against = made.add_mutually_exclusive_group()
    against.add_argument("--before", action="append", default=[], metavar="FILE", help="earlier lines to compare with")
    against.add_argument("--since", type=_instant, metavar="TIME", help="compare what is before with what is after")
    made.add_argument("--most", type=int, default=40, help="templates to list; 40 by default, 0 lists all")
    made.add_argument("--json", action="store_true", help="one JSON document instead of a table")


def _instant(text: str) -> int:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no time; write one such as 2026-11-27T10:00Z") from None
    return ((at if at.tzinfo else at.replace(tzinfo=UTC)) - EPOCH) // _MILLISECOND


def patterns(options: argparse.Namespace, *, say: Say, complain: Say) -> int:
    """Print the templates. Gives the exit code: 1 where a file was not read to its end, 2 where none could be."""
    try:
        reading = _Reading(options)
        mined = reading.mine()
    except LogFileError as error:
        complain(str(error))
        return 2
    changes = compare(mined, reading.lengths(mined)) if reading.compares else ()
    if options.json:
        say(orjson.dumps(document(mined, changes), option=orjson.OPT_INDENT_2).decode())
    else:
        for line in table(mined, changes, most=options.most):
            say(line)
    for broken in reading.broken:
        complain(str(broken))
    return 1 if reading.broken else 0


class _Reading:
    """Reads the files of one command."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._options = options
        self._timed = self._untimed = 0
        self.broken: list[Broken] = []
        self.compares = bool(options.before) or options.since is not None

    def mine(self) -> Mined:
        # Files to compare need not have times: then the earlier ones lie before 0, and the later ones after.
        edge = 0 if self._options.before else self._options.since
        miner = Miner(width=SECOND, edge=edge)
        for message in self._messages(self._options.before):
            miner.add(-1, message)
        for message in self._messages(self._options.files):
            at = time_of(message)
            self._timed, self._untimed = self._timed + (at is not None), self._untimed + (at is None)
            miner.add(max(0, at or 0), message)
        return miner.mined()

    def lengths(self, mined: Mined) -> Lengths:
        """Give the lengths to compare: times where lines have them, else numbers of lines stand for time."""
        if self._options.before:
            before = sum(each.before for each in mined.templates)
            return Lengths(before, mined.lines - mined.rest - before)
        first = min((each.first for each in mined.templates if each.first), default=0)
        last = max((each.last for each in mined.templates), default=0)
        return Lengths(self._options.since - first, last - self._options.since)

    def _messages(self, names: Sequence[str]) -> Iterator[str]:
        for name in names:
            found = rows(sys.stdin.buffer, "standard input") if name == "-" else all_rows(find(Path(name)))
            for row in found:
                if isinstance(row, Broken):
                    self.broken.append(row)
                elif row.strip():
                    yield row


def safe(text: str, most: int = WIDEST) -> str:
    """Give foreign text for a terminal: one line, nothing hidden, no secrets."""
    return cut(one_line(visible(masked(text).text).text), most)


def table(mined: Mined, changes: Sequence[Change], *, most: int) -> Iterator[str]:
    """Give the rows of the table for people."""
    yield f"{mined.lines:,} lines, {len(mined.templates):,} templates{_between(mined)}"
    if mined.rest:
        yield f"{mined.rest:,} lines are of no template: there are too many kinds to keep apart."
    yield ""
    if changes:
        yield from _changed(changes, most=most)
        return
    shown = mined.templates[: most or None]
    for each in shown:
        share = 100 * each.lines / mined.lines
        yield f"{each.lines:>9,} {share:5.1f} %  {_severity(each):8} {bars(each, mined):{PARTS}}  {safe(_said(each))}"
    if len(shown) < len(mined.templates):
        yield f"… and {len(mined.templates) - len(shown):,} more; --most 0 lists all"


def _changed(changes: Sequence[Change], *, most: int) -> Iterator[str]:
    told = [each for each in changes if each.kind is not Kind.SAME]
    yield f"{'':5} {'before':>9} {'after':>9} {'rate':>8}"
    for each in told[: most or None]:
        factor = f"×{each.factor:.2g}" if each.factor else ""
        row = f"{each.kind:5} {each.before:>9,} {each.after:>9,} {factor:>8}"
        yield f"{row}  {_severity(each.template):8} {safe(_said(each.template))}"
    yield f"{len(changes) - len(told):,} templates did not change. What counts as a change: docs/log-patterns.md"


def _said(template: Template) -> str:
    head = " ".join(part for part in (template.origin.level, template.origin.logger) if part)
    return f"{head} · {template.text}" if head else template.text


def _severity(template: Template) -> str:
    found = str(recognise(template.examples[0]).severity)
    return "" if found == "unknown" else found


def _between(mined: Mined) -> str:
    first = min((each.first for each in mined.templates if each.first > 0), default=0)
    last = max((each.last for each in mined.templates), default=0)
    if last <= 0:
        return "; the lines have no times that could be read"
    return f", {_when(first)} to {_when(last)}"


def _when(milliseconds: int) -> str:
    return f"{EPOCH + timedelta(milliseconds=milliseconds):%Y-%m-%d %H:%M:%S} UTC"


def bars(template: Template, mined: Mined) -> str:
    """Draw counts over time in a few signs; nothing where the lines have no times."""
    first = min((each.first for each in mined.templates if each.first > 0), default=0)
    last = max(each.last for each in mined.templates)
    if last <= first:
        return ""
    counts = [0] * PARTS
    for start, lines in template.counts.items():
        counts[min(PARTS - 1, max(0, (start - first) * PARTS // (last - first)))] += lines
    most = max(counts)
    return "".join(BARS[(each * (len(BARS) - 1) + most - 1) // most] if each else " " for each in counts)


def document(mined: Mined, changes: Sequence[Change]) -> dict[str, Any]:
    """Give all of it for programs; secrets are hidden here too."""
    told = {each.template.id: each for each in changes}
    return {
        "lines": mined.lines,
        "of_no_template": mined.rest,
        "bucket_milliseconds": mined.width,
        "templates": [_described(each, told.get(each.id)) for each in mined.templates],
    }


def _described(template: Template, change: Change | None) -> dict[str, Any]:
    timed = template.last > 0
    found: dict[str, Any] = {
        "id": template.id,
        "template": masked(template.text).text,
        "severity": _severity(template) or None,
        "level": template.origin.level or None,
        "logger": template.origin.logger or None,
        "lines": template.lines,
        "filter_pattern": pattern_of(template),
        "example": masked(template.examples[0]).text,
        "first": _when(template.first) if timed and template.first > 0 else None,
        "last": _when(template.last) if timed else None,
        "counts": {_when(start): lines for start, lines in template.counts.items()} if timed else None,
    }
    if change is not None:
        found["change"] = {
            "kind": str(change.kind), "before": change.before, "after": change.after, "rate": change.factor,
            "chance": change.chance,
        }  # fmt: skip
    return found
