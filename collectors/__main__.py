"""`python -m collectors`: looks at every scope each few seconds and keeps what AWS would forget.

    python -m collectors          # until it is told to stop
    python -m collectors --once   # one look
    python -m collectors pins     # the pinned series, who pinned them, and what they cost a month
    python -m collectors probe URL…   # load pages and time them; --help says more
    python -m collectors har FILE     # read a recording of page loads
    python -m collectors push PageLoadTime 1.23 --unit Seconds --dimension Page=/    # or --csv FILE: custom metrics
    python -m collectors patterns FILE…     # templates of log lines, and what is new since another file or a time
    python -m collectors access-log FILE…   # load-balancer access logs by path and target, the slowest, the failing
    python -m collectors spool    # custom metrics that wait, and what became of the others

It waits calmly until the endpoint answers, says each new fault once, and ends on SIGTERM or Ctrl-C.
"""

from __future__ import annotations

import argparse
import itertools
import logging
import signal
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final

from cloud.clients import Clients
from cloud.database import NewerSchemaError
from cloud.faults import EXPECTED, translate
from cloud.metering import Meter, feature
from cloud.settings import Settings, SettingsError, load
from collectors import custom_commands, pins
from collectors.access_logs import commands as access_commands
from collectors.adding import mind_the_demo, now_ms
from collectors.custom import Metrics
from collectors.custom_rules import MetricRefusedError
from collectors.page_load import commands
from collectors.page_load.commands import Surroundings
from collectors.patterns import commands as pattern_commands
from collectors.sources import CloudSources
from collectors.store import Store
from core import lifeline
from core.reading import Fault, FaultKind, Scope
from dashboard.console import guarding
from dashboard.console.guarding import PriceError

PATIENCE_SECONDS = 20
"""How long an endpoint may take to come up before a word is said."""

_WAITED_FOR: Final = {FaultKind.UNREACHABLE, FaultKind.STORE_DOWN}

CUSTOM: Final = {"push": custom_commands.push, "spool": custom_commands.spool}

FILES: Final = {"patterns": pattern_commands.patterns, "access-log": access_commands.access_log}
"""Commands that only read files: they need no settings and no cloud."""

log = logging.getLogger("collectors")


def clock() -> datetime:
    return datetime.now(UTC)


def complain(text: str) -> None:
    print(text, file=sys.stderr)


def main(arguments: list[str] | None = None) -> int:
    """Run the collector; give the process's exit code."""
    given = sys.argv[1:] if arguments is None else arguments
    if given[:1] and given[0] in commands.COMMANDS:
        return page_loads(given)
    parser = argparse.ArgumentParser(
        prog="python -m collectors", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--once", action="store_true", help="look once at every scope, then end")
    others = parser.add_subparsers(dest="what", metavar="command")
    others.add_parser("pins", help="list the pinned series, then end")
    custom_commands.add_commands(others)
    for each in (pattern_commands, access_commands):
        each.add_command(others)
    options = parser.parse_args(given)
    if options.what in FILES:
        return FILES[options.what](options, say=print, complain=complain)
    try:
        settings = load()
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 2
    logging.basicConfig(level=settings.log_level.upper(), format="%(levelname)s %(message)s")
    if options.what == "pins":
        return list_pins(settings)
    if options.what in CUSTOM:
        mind_the_demo(settings)
        return CUSTOM[options.what](options, settings, clock=now_ms, say=print, complain=complain)
    logging.getLogger("psycopg").setLevel(logging.ERROR)  # what it would say is a fault of ours, said once
    stop = stopped_by_signals()
    try:
        return run(settings, stop, once=options.once)
    except (NewerSchemaError, PriceError) as error:
        why = error.detail if isinstance(error, NewerSchemaError) else error
        print(f"The collector cannot start. {why}.", file=sys.stderr)
        return 2


def stopped_by_signals() -> threading.Event:
    """Give what is set when the process is told to end."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stop.set())
    return stop


def page_loads(given: list[str]) -> int:
    """Probe pages, or read a recording of page loads."""
    options = commands.parser().parse_args(given)
    try:
        settings = load()
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 2
    logging.basicConfig(level=settings.log_level.upper(), format="%(levelname)s %(message)s")
    if options.put:
        mind_the_demo(settings)
    # A page that was typed is no page by accident, so a name with a number in it is let through.
    metrics = partial(Metrics, settings=settings, on_many="allow")
    stop = stopped_by_signals()
    around = Surroundings(settings, clock, time.perf_counter, partial(print, flush=True), stop, metrics)
    try:
        return commands.run(options, around)
    except MetricRefusedError as error:
        print(error, file=sys.stderr)
        return 2


def list_pins(settings: Settings) -> int:
    """Print the pinned series of every watched account and region."""
    clients = Clients(settings, Meter(settings.place, clock=clock, caps=settings.caps))
    sources = CloudSources(clients, Store(settings.place))
    try:
        scopes = sources.scopes
        names = {scope: f"{clients.account_name(scope.account)} {scope.region}" for scope in scopes}
        refresh = timedelta(seconds=settings.refresh_seconds)
        print(pins.table(sources.pins.every(scopes), names=names, refresh=refresh, prices=clients.meter.prices))
    except EXPECTED as error:
        print(translate(error), file=sys.stderr)
        return 1
    finally:
        clients.close()
        sources.store.close()
    return 0


def run(settings: Settings, stop: threading.Event, *, once: bool) -> int:
    """Poll until told to stop. Give 1 when the one look of `once` brought a fault."""
    clients = Clients(settings, Meter(settings.place, clock=clock, caps=settings.caps))
    sources = CloudSources(clients, Store(settings.place))
    faults: list[Fault] = []
    try:
        with feature("collector"):
            guard = guarding.watch(clients, sources)
            if not once:
                wait_for_answer(sources, stop)
            faults = poll(sources, stop, settings.poll_seconds, once=once, guard=guard)
    finally:
        clients.close()
        sources.store.close()
    return 1 if once and faults else 0


def wait_for_answer(sources: CloudSources, stop: threading.Event) -> None:
    """Look each second until the endpoint answers; say that it is waited for, once, when that takes long."""
    for second in itertools.count():
        faults = look(sources)
        if stop.is_set() or not faults or any(fault.kind not in _WAITED_FOR for fault in faults):
            return
        if second == PATIENCE_SECONDS:
            log.warning("%s", faults[0].message)
        stop.wait(1)


def poll(
    sources: CloudSources, stop: threading.Event, seconds: int, *, once: bool, guard: guarding.Look | None = None
) -> list[Fault]:
    """Look at every scope each few seconds, and say each fault when it is new. Give those of the last look."""
    said: list[Fault] = []
    while not stop.is_set():
        faults = look(sources, guard)
        if stop.is_set():
            break  # an endpoint that ends with us is no news
        for message in dict.fromkeys(fault.message for fault in faults if fault not in said):
            log.warning("%s", message)
        said = faults
        if once:
            break
        stop.wait(seconds)
    return said


def look(sources: CloudSources, guard: guarding.Look | None = None) -> list[Fault]:
    """Look at every scope once, and at what it costs; give what failed."""
    try:
        scopes = sources.scopes
    except EXPECTED as error:
        return [translate(error).to_fault(Scope("caller", "sts"), "sts:GetCallerIdentity")]
    accounts = list(dict.fromkeys(scope.account for scope in scopes))
    looks = [sources.poll(scope, now=clock()) for scope in scopes]
    faults = [fault for look in looks for fault in look.faults]
    if any(fault.kind in _WAITED_FOR for fault in faults):
        return faults  # each of what follows would wait for the same silence
    # What says most for its price comes first, where a small cap does not allow all.
    faults += sources.poll_export(now=clock())
    faults += [fault for account in accounts for fault in sources.poll_spend(account, now=clock()).faults]
    faults += sources.read_pins(scopes, now=clock())
    return [*faults, *(guard(accounts, clock()) if guard is not None else ())]


if __name__ == "__main__":
    lifeline.follow()
    sys.exit(main())
