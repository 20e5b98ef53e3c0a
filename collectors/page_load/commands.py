"""`python -m collectors probe URL…` and `python -m collectors har FILE`: page loads on the command line.

    python -m collectors probe https://shop.example.com/ --put       # once, and its metrics to CloudWatch
    python -m collectors probe https://shop.example.com/ --every 300 --browser --put
    python -m collectors har shop.har

Nothing is put, and so nothing costs anything, without --put. docs/page-load.md
"""

from __future__ import annotations

import argparse
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Final

from cloud.settings import Settings
from collectors.custom import Metrics
from collectors.page_load import har, showing
from collectors.page_load.browser_probe import BrowserMeasured, BrowserProbe, NoBrowserError
from collectors.page_load.connecting import Gate, Stopwatch
from collectors.page_load.http_probe import HttpProbe, Measured
from collectors.page_load.putting import Point, put_all
from collectors.page_load.sites import RefusedError, read

COMMANDS: Final = ("probe", "har")
LEAST_SECONDS: Final = 10
"""Between two rounds; a probe is a visitor, not a load test."""
Load = Callable[..., Measured | BrowserMeasured]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the command needs of the process it runs in."""

    settings: Settings
    clock: Callable[[], datetime]
    stopwatch: Stopwatch
    say: Callable[[str], None]
    """Writes a line to standard output."""
    stop: threading.Event
    metrics: Callable[[str], Metrics]
    """Gives whoever puts metrics of a namespace; asked once, only if something is put."""


def parser() -> argparse.ArgumentParser:
    """Give the parser of both commands."""
    made = argparse.ArgumentParser(
        prog="python -m collectors", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = made.add_subparsers(dest="what", required=True)
    probe = commands.add_parser("probe", help="load pages and time each phase")
    probe.add_argument("urls", nargs="+", metavar="URL")
    probe.add_argument("--every", type=_pause, metavar="SECONDS", help="go on until stopped, a round each SECONDS")
    probe.add_argument("--browser", action="store_true", help="load in a headless browser (needs Playwright)")
    probe.add_argument("--phases", action="store_true", help="with --put: a metric of each phase too")
    recorded = commands.add_parser("har", help="read a recording of page loads")
    recorded.add_argument("file", type=Path, metavar="FILE")
    for each in (probe, recorded):
        each.add_argument("--json", action="store_true", help="a line of JSON for each page instead of a table")
        each.add_argument("--put", action="store_true", help="put the metrics; new ones are priced, and may be refused")
    return made


def run(options: argparse.Namespace, around: Surroundings) -> int:
    """Run a command; give the exit code: 1 where a page was not loaded, 2 where nothing could be."""
    try:
        return _har(options, around) if options.what == "har" else _probe(options, around)
    except (RefusedError, NoBrowserError, har.HarError) as error:
        print(error, file=sys.stderr)  # noqa: T201 - a command says why it cannot run
        return 2


def _har(options: argparse.Namespace, around: Surroundings) -> int:
    try:
        with options.file.open("rb") as file:
            content = file.read(har.MOST_BYTES + 1)
    except OSError as error:
        raise har.HarError(f"{options.file} cannot be read: {error.strerror}") from None
    recording = har.read_har(content)
    if options.json:
        for page in recording.pages:
            around.say(showing.as_json(page))
    else:
        around.say(showing.table(showing.HAR_HEAD, showing.har_rows(recording)))
        if recording.left_out:
            around.say(f"{recording.left_out} parts could not be read and were left out")
    points = [point for page in recording.pages for point in page.points()]
    with _putting(options, around) as put:
        return put(points)


def _probe(options: argparse.Namespace, around: Surroundings) -> int:
    for url in options.urls:
        read(url)
    gate = Gate(around.settings.probe_allow)
    load: Load
    if options.browser:
        shots = around.settings.data_dir / "screenshots"
        load = BrowserProbe(gate, around.stopwatch, shots=shots, executable=around.settings.chromium).load
    else:
        load = HttpProbe(gate, around.stopwatch).load
    with _putting(options, around) as put:
        while True:
            failed = _round(options, load, put, around)
            if options.every is None or around.stop.wait(options.every):
                return failed


def _round(options: argparse.Namespace, load: Load, put: Callable[[Sequence[Point]], int], around: Surroundings) -> int:
    """Load every page once; give 1 where one of them failed."""
    found, refused = [], False
    for url in options.urls:
        if around.stop.is_set():
            break
        try:
            found.append(load(url, at=around.clock()))
        except RefusedError as error:
            refused = True  # it may be another name server's day: the other pages and the next round go on
            print(error, file=sys.stderr)  # noqa: T201 - a command says what it did not do
    _show(found, around, as_json=options.json)
    region = around.settings.probe_region
    points = [point.of(region) for each in found for point in _points(each, phases=options.phases)]
    return max(put(points), int(refused or any(each.problem for each in found)))


def _show(found: Sequence[Measured | BrowserMeasured], around: Surroundings, *, as_json: bool) -> None:
    if as_json:
        for each in found:
            around.say(showing.as_json(each))
        return
    pages = [each for each in found if isinstance(each, Measured)]
    browsers = [each for each in found if isinstance(each, BrowserMeasured)]
    if pages:
        around.say(showing.table(showing.HTTP_HEAD, showing.http_rows(pages)))
    if browsers:
        around.say(showing.table(showing.BROWSER_HEAD, showing.browser_rows(browsers)))


def _points(found: Measured | BrowserMeasured, *, phases: bool) -> tuple[Point, ...]:
    return found.points(phases=phases) if isinstance(found, Measured) else found.points()


@contextmanager
def _putting(options: argparse.Namespace, around: Surroundings) -> Iterator[Callable[[Sequence[Point]], int]]:
    """Give what puts a round's points; without --put they are only shown."""
    if not options.put:
        yield lambda _points: 0
        return
    with around.metrics(around.settings.page_load_namespace) as metrics:
        yield partial(_put, metrics=metrics)


def _put(points: Sequence[Point], metrics: Metrics) -> int:
    """Put and deliver; give 1 where something was not kept, or did not arrive yet."""
    before = metrics.status().counts.rejected
    kept, reasons = put_all(points, metrics)
    failed = metrics.flush().failed
    rejected = metrics.status().counts.rejected - before
    waits = f"what was put waits on this disk: {failed}" if failed else ""
    refused = f"AWS refused {rejected} of them" if rejected else ""
    for sentence in (*reasons, f"{kept} of {len(points)} values put", *filter(None, (waits, refused))):
        print(sentence, file=sys.stderr)  # noqa: T201 - standard output is the table
    return int(bool(reasons or failed or rejected))


def _pause(text: str) -> int:
    seconds = int(text) if text.isdigit() else 0
    if not LEAST_SECONDS <= seconds <= 86_400:
        raise argparse.ArgumentTypeError(f"{text!r} is not accepted; give whole seconds from {LEAST_SECONDS} to 86400")
    return seconds
