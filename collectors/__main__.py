"""`python -m collectors`: looks at every scope each few seconds and keeps what AWS would forget.

It waits calmly until the endpoint answers, says each new fault once, and ends on SIGTERM or Ctrl-C.
"""

from __future__ import annotations

import argparse
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
from core.money import Money
from core.reading import Fault, Scope

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
    clients = Clients(settings, Meter(settings.data_dir, clock=clock, cap=Money(settings.monthly_cap_usd), prices=None))
    sources = CloudSources(clients, Store(settings.data_dir))
    said: frozenset[Fault] = frozenset()
    with feature("collector"):
        while not stop.is_set():
            faults = frozenset(look(sources))
            for fault in faults - said:
                log.warning("%s", fault.message)
            if once:
                said = faults
                break
            said = faults
            stop.wait(settings.poll_seconds)
    clients.close()
    sources.store.close()
    return 1 if once and said else 0


def look(sources: CloudSources) -> list[Fault]:
    """Look at every scope once; give what failed."""
    try:
        scopes = sources.scopes
    except EXPECTED as error:
        return [translate(error).to_fault(Scope("caller", "sts"), "sts:GetCallerIdentity")]
    return [fault for scope in scopes for fault in sources.poll(scope, now=clock()).faults]


if __name__ == "__main__":
    sys.exit(main())
