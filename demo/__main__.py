"""`python -m demo`: the demo cloud as a process of its own. `python -m demo --help` says what can be set."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from core.reading import Scope
from core.timespan import parse_instant
from demo.clock import Clock, RunningClock, StandingClock
from demo.ground import AlarmsOnly, Ground, Runner
from demo.replay import read, replay
from demo.server import DEFAULT_ACCOUNT, build_app
from demo.serving import DemoServer, PortTakenError

DEFAULT_PORT = 4566
TICK_SECONDS = 1.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demo cloud until it is stopped; give the exit status."""
    given = _parser().parse_args(arguments)
    clock: Clock = StandingClock(given.at) if given.at else RunningClock(lambda: datetime.now(UTC))
    ground = Ground.fresh(clock)
    try:
        runner = _runner(given, ground)
        server = DemoServer(build_app(ground, runner, account=given.account), host=given.host, port=given.port)
    except (PortTakenError, ValueError) as error:
        print(f"demo: {error.args[-1]}", file=sys.stderr)
        return 1
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with server:
        print(f"demo cloud on {server.url} (any credentials; account {given.account})", flush=True)
        _tick(ground, runner, stop)
    return 0


def _tick(ground: Ground, runner: Runner, stop: threading.Event) -> None:
    """Make what is due happen, each second; a failure ends the process, because a dead cloud must not look alive."""
    while not stop.wait(TICK_SECONDS):
        if not isinstance(ground.clock, StandingClock):
            with ground.lock:
                runner.advance(to=ground.clock.now())


def _runner(given: argparse.Namespace, ground: Ground) -> Runner:
    if given.replay:
        store = ground.stores.of(Scope(given.account, given.region))
        replay(read(given.replay), store, now=ground.clock.now())
    return AlarmsOnly(ground)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m demo", description="An AWS endpoint on loopback whose fleet scales.")
    port = os.environ.get("WATCHKEEPER_DEMO_PORT", str(DEFAULT_PORT))
    host = os.environ.get("WATCHKEEPER_DEMO_HOST", "127.0.0.1")
    parser.add_argument("--port", type=int, default=port, help="WATCHKEEPER_DEMO_PORT; 0 takes a free one")
    parser.add_argument("--host", default=host, help="WATCHKEEPER_DEMO_HOST; loopback only unless set otherwise")
    parser.add_argument("--seed", type=int, default=1, help="what makes one demo world differ from another")
    parser.add_argument("--at", type=parse_instant, help="stand still at this instant; POST /_demo/advance moves on")
    parser.add_argument("--replay", type=Path, help="serve the recorded series of this folder instead of a fleet")
    parser.add_argument("--account", default=DEFAULT_ACCOUNT, help="the account of credentials that no role gave out")
    parser.add_argument("--region", default="us-east-1", help="where the replayed series are served")
    return parser


if __name__ == "__main__":
    sys.exit(main())
