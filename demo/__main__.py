"""`python -m demo`: the demo cloud as a process of its own; `python -m demo tell STORY` tells a running one a story.

`python -m demo --help` says what can be set.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import sys
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

from core import lifeline
from core.timespan import parse_instant
from demo.clock import Clock, RunningClock, StandingClock
from demo.story import Story

DEFAULT_PORT = 4566
DEFAULT_SEED = 7
DEFAULT_ACCOUNT = "111111111111"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demo cloud until it is stopped, or talk to a running one; give the exit status."""
    given = _parser().parse_args(arguments)
    try:
        if given.command:
            _talk(given)
        else:
            _serve(given)
    except (OSError, ValueError) as error:
        print(f"demo: {error.args[-1]}", file=sys.stderr)
        return 1
    return 0


def _serve(given: argparse.Namespace) -> None:
    gc.disable()  # loading moto makes a million objects that stay: looking through them is a quarter of the start
    from demo.process import Options, serve  # brings moto along: seconds that `tell` need not wait

    clock: Clock = StandingClock(given.at) if given.at else RunningClock(lambda: datetime.now(UTC))
    options = Options(given.host, given.port, given.seed, given.account, given.region, given.replay)
    serve(options, clock, announce=lambda line: print(line, flush=True))


def _talk(given: argparse.Namespace) -> None:
    """Tell a story, or calm what is being told."""
    where = urlsplit(given.endpoint)
    body = {} if given.story is None else {"story": given.story}
    try:
        with closing(HTTPConnection(where.netloc, timeout=30)) as connection:
            connection.request("POST", f"/_demo/{given.command}", json.dumps(body))
            answer = connection.getresponse()
            document = json.load(answer)
    except OSError as error:
        message = f"no demo cloud answers at {given.endpoint} ({error}); start one with python -m demo"
        raise ValueError(message) from error
    if answer.status != 200:
        raise ValueError(document.get("error", f"{given.endpoint} answered {answer.status}"))
    for telling in document["telling"]:
        print(f"{telling['story']} on {telling['site']} until {telling['until']}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m demo", description="An AWS endpoint on loopback whose fleet scales.")
    port = os.environ.get("WATCHKEEPER_DEMO_PORT", str(DEFAULT_PORT))
    parser.add_argument("--port", type=int, default=port, help="WATCHKEEPER_DEMO_PORT; 0 takes a free one")
    parser.add_argument("--host", default="127.0.0.1", help="loopback only unless set otherwise")
    seed = os.environ.get("WATCHKEEPER_DEMO_SEED", str(DEFAULT_SEED))
    parser.add_argument("--seed", type=int, default=seed, help="WATCHKEEPER_DEMO_SEED; one demo world or another")
    parser.add_argument("--at", type=parse_instant, help="stand still at this instant; POST /_demo/advance moves on")
    parser.add_argument("--replay", type=Path, help="serve the recorded series of this folder instead of a fleet")
    parser.add_argument("--account", default=DEFAULT_ACCOUNT, help="the account of credentials that no role gave out")
    parser.add_argument("--region", default="us-east-1", help="where the replayed series are served")
    commands = parser.add_subparsers(dest="command", metavar="tell | calm")
    endpoint = os.environ.get("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
    for name, about in (("tell", "tell a running demo cloud a story"), ("calm", "end what is being told")):
        command = commands.add_parser(name, help=about)
        command.add_argument("story", choices=[str(story) for story in Story], nargs=None if name == "tell" else "?")
        command.add_argument("--endpoint", default=endpoint, help="AWS_ENDPOINT_URL")
    return parser


if __name__ == "__main__":
    lifeline.follow()
    sys.exit(main())
