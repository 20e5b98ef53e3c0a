"""The demo cloud as a running process: world, endpoint, and a tick each second."""

from __future__ import annotations

import gc
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from core.reading import Scope
from demo.clock import Clock, StandingClock
from demo.control import controls
from demo.engine import Engine
from demo.ground import Ground
from demo.replay import read, replay
from demo.server import build_app
from demo.serving import DemoServer, reserved
from demo.world import SITES

TICK_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Options:
    """What `python -m demo` was asked for."""

    host: str
    port: int
    seed: int
    account: str
    """The account of credentials that no role gave out."""
    region: str
    """Where replayed series are served."""
    replay: Path | None = None
    """The folder of recorded series that are served instead of a fleet."""


def serve(options: Options, clock: Clock, *, announce: Callable[[str], None]) -> None:
    """Serve until SIGINT or SIGTERM, and announce the address once it answers.

    Raises PortTakenError, and ValueError for recordings that cannot be read.
    """
    ground = Ground.fresh(clock)
    listening = reserved(options.host, options.port)
    engine = _engine(options, ground)
    app = build_app(ground, engine, control=controls(engine, ground), account=options.account)
    gc.freeze()  # what stands now stays; collecting begins with what comes
    gc.enable()
    server = DemoServer(app, host=options.host, bound=listening)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with server:
        announce(f"demo cloud on {server.url} (any credentials; account {options.account})")
        _tick(ground, engine, stop)


def _engine(options: Options, ground: Ground) -> Engine:
    """Build the world, or none where recorded series are served."""
    now = ground.clock.now()
    if options.replay:
        replay(read(options.replay), ground.stores.of(Scope(options.account, options.region)), now=now)
    engine = Engine(ground, seed=options.seed, sites=() if options.replay else SITES)
    engine.build(at=now)
    ground.books.evaluated_until(now)
    return engine


def _tick(ground: Ground, engine: Engine, stop: threading.Event) -> None:
    """Make what is due happen, each second; a failure ends the process, because a dead cloud must not look alive."""
    while not stop.wait(TICK_SECONDS):
        if not isinstance(ground.clock, StandingClock):
            with ground.lock:
                engine.advance(to=ground.clock.now())
