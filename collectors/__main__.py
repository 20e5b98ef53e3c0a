"""`python -m collectors`: looks at every scope each few seconds and keeps what AWS would forget.

It waits calmly until the endpoint answers, says each new fault once, and ends on SIGTERM or Ctrl-C.
"""

from __future__ import annotations

import argparse
import itertools
import logging
import signal
import sys
import threading
from datetime import UTC, datetime

from cloud.clients import Clients
from cloud.faults import EXPECTED, translate
from cloud.metering import Meter, feature
from cloud.settings import Settings, SettingsError, load
from collectors.sources import CloudSources
from collectors.store import Store
from core.reading import Fault, FaultKind, Scope

PATIENCE_SECONDS = 20
"""How long an endpoint may take to come up before a word is said."""

log = logging.getLogger("collectors")


def clock() -> datetime:
    return datetime.now(UTC)


def main(arguments: list[str] | None = None) -> int:
    """Run the collector; give the process's exit code."""
    parser = argparse.ArgumentParser(prog="python -m collectors", description=__doc__)
    parser.add_argument("--once", action="store_true", help="look once at every scope, then end")
    options = parser.parse_args(arguments)
    try:
        settings = load()
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 2
    logging.basicConfig(level=settings.log_level.upper(), format="%(levelname)s %(message)s")
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stop.set())
    return run(settings, stop, once=options.once)


def run(settings: Settings, stop: threading.Event, *, once: bool) -> int:
    """Poll until told to stop. Give 1 when the one look of `once` brought a fault."""
    clients = Clients(settings, Meter(settings.data_dir, clock=clock, caps=settings.caps))
    sources = CloudSources(clients, Store(settings.place))
    faults: list[Fault] = []
    try:
        with feature("collector"):
            if not once:
                wait_for_answer(sources, stop)
            faults = poll(sources, stop, settings.poll_seconds, once=once)
    finally:
        clients.close()
        sources.store.close()
    return 1 if once and faults else 0


def wait_for_answer(sources: CloudSources, stop: threading.Event) -> None:
    """Look each second until the endpoint answers; say that it is waited for, once, when that takes long."""
    for second in itertools.count():
        faults = look(sources)
        if stop.is_set() or not faults or any(fault.kind is not FaultKind.UNREACHABLE for fault in faults):
            return
        if second == PATIENCE_SECONDS:
            log.warning("%s", faults[0].message)
        stop.wait(1)


def poll(sources: CloudSources, stop: threading.Event, seconds: int, *, once: bool) -> list[Fault]:
    """Look at every scope each few seconds, and say each fault when it is new. Give those of the last look."""
    said: list[Fault] = []
    while not stop.is_set():
        faults = look(sources)
        for fault in faults:
            if fault not in said:
                log.warning("%s", fault.message)
        said = faults
        if once:
            break
        stop.wait(seconds)
    return said


def look(sources: CloudSources) -> list[Fault]:
    """Look at every scope once; give what failed."""
    try:
        scopes = sources.scopes
    except EXPECTED as error:
        return [translate(error).to_fault(Scope("caller", "sts"), "sts:GetCallerIdentity")]
    looks = [sources.poll(scope, now=clock()) for scope in scopes]
    looks += [sources.poll_spend(account, now=clock()) for account in dict.fromkeys(each.account for each in scopes)]
    return [fault for look in looks for fault in look.faults]


if __name__ == "__main__":
    sys.exit(main())
