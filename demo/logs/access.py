"""The access log of the web servers: one line a request that reached an instance, and one a health check.

nginx's combined format with the time it took and the trace id behind it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from core.timespan import from_epoch
from demo.logs.block import Row
from demo.logs.moments import SLOT, Moments
from demo.logs.visits import A_SLOT, BROKEN, BUGGY, FINE, NOBODY, OTHERS, PATHS, REFUSED, REJECTED, Visits
from demo.noise import uniform

METHODS: Final = ("GET", "GET", "GET", "GET", "POST", "GET")
AGENTS: Final = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.1 Safari/605.1.15",  # noqa: E501
    "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 19_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
    "DirectorySync/2.3 (+https://directory.test/sync)",
)
NAMES: Final = ("smith", "garc%C3%ADa", "o'brien", "m%C3%BCller", "li+wei", "nguyen", "kowalski", "haddad")
STATUS: Final = {REFUSED: 503, BROKEN: 502, BUGGY: 500, REJECTED: 404, FINE: 200}
CHECKER: Final = "ELB-HealthChecker/2.0"


def target_of(path: int, person: int) -> str:
    """Give the URL that was asked for, from the slash."""
    if path == 1:
        return f"/search?q={NAMES[person % len(NAMES)]}&page={person % 3 + 1}"
    if path in {2, 3}:
        return f"{PATHS[path]}/{person}{'.jpg' if path == 3 else ''}"
    return f"/org-chart/{person % 40}" if path == 5 else PATHS[path]


def client_of(number: int) -> str:
    """Give a caller's address, out of the blocks that are kept for examples.
    https://www.rfc-editor.org/rfc/rfc5737"""
    return f"198.51.100.{number + 1}" if number < 254 else f"203.0.113.{number - 253}"


CLIENTS: Final = tuple(client_of(number) for number in range(508))


def status_of(outcome: int, path: int) -> int:
    return 401 if outcome == REJECTED and path == 4 else STATUS[outcome]


def traces(found: Visits) -> list[str]:
    """Give the trace id that the load balancer puts on each request.
    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-request-tracing.html"""
    high, low = found.trace
    rows = zip((found.milliseconds // 1000).tolist(), high.tolist(), (low >> np.uint64(32)).tolist(), strict=True)
    return [f"Root=1-{second:08x}-{first:016x}{rest:08x}" for second, first, rest in rows]


def lines(now: Moments, found: Visits, until: int) -> Iterator[Row]:
    """Give what the web servers wrote about the visits, and about the load balancer's checks."""
    yield from _requests(now, found)
    yield from _checks(now, until)


def _requests(now: Moments, found: Visits) -> Iterator[Row]:
    streams = [presence.instance for presence in now.presences]
    # What all lines of a second, and of a client, have in common is made once.
    clock = [f' - - [{from_epoch(now.minute + second):%d/%b/%Y:%H:%M:%S} +0000] "' for second in range(60)]
    columns = (found.number, found.milliseconds, found.outcome, found.target, found.path, found.person)
    rest = (found.seconds, found.client, found.size)
    start = now.minute * 1000
    rows = zip(*(column.tolist() for column in (*columns, *rest)), traces(found), strict=True)
    for number, ms, outcome, target, path, person, seconds, client, size, trace in rows:
        if outcome == REFUSED or target == NOBODY:
            continue
        text = (
            f"{CLIENTS[client]}{clock[(ms - start) // 1000]}{METHODS[path]} {target_of(path, person)} "
            f'HTTP/1.1" {status_of(outcome, path)} {size} "-" "{AGENTS[client % 5]}" {seconds:.3f} "{trace}"'
        )
        yield ms, number, streams[target], text


def _checks(now: Moments, until: int) -> Iterator[Row]:
    """The load balancer asks each instance every five seconds, from the address of its node."""
    there = now.well + now.ill
    for slot, start in enumerate(now.starts.tolist()[:until]):
        for place, presence in enumerate(now.presences):
            if there[slot, place] <= 0 and not _checked(presence.running, presence.left, start):
                continue
            number = (start // SLOT) * A_SLOT + OTHERS + place
            offset = float(uniform(now.now.source.key("check", presence.nature), np.array([0]))[0])
            ms = start * 1000 + int(offset * SLOT * 1000)
            status = 502 if presence.failing[0] <= ms / 1000 < presence.failing[1] else 200
            stamp = from_epoch(ms // 1000).strftime("%d/%b/%Y:%H:%M:%S +0000")
            text = (
                f'10.20.{place % 2 + 1}.8 - - [{stamp}] "GET /health HTTP/1.1" {status} {2 if status == 200 else 157} '
            )
            yield ms, number, presence.instance, f'{text}"-" "{CHECKER}" 0.001 "-"'


def _checked(running: tuple[float, float], left: float, start: int) -> bool:
    """Whether an instance that takes no requests is checked: it has come up, and has not left."""
    return running[0] + 20 <= start < min(running[1], left)
