"""The load balancer's access log: every request, also those that reached nobody, in files of five minutes.

https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-access-logs.html
"""

from __future__ import annotations

import gzip
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from core.timespan import from_epoch
from demo.logs.access import AGENTS, METHODS, client_of, status_of, target_of, traces
from demo.logs.journal import Journal
from demo.logs.moments import Moments
from demo.logs.visits import BROKEN, NOBODY, REFUSED, visits
from demo.noise import key
from demo.signals import MINUTE

FILE_SECONDS: Final = 300
DELIVERED: Final = 60
"""Seconds after its end at which a file is there."""
LINE_BYTES: Final = 90
"""Of one line in a file, more than it ever takes."""
SPARE_LINES: Final = 128
"""A node's share of the requests is even but for so many."""
GATEWAY_TIMEOUT: Final = 504
UNAVAILABLE: Final = 503

Address = Callable[[str], str | None]
"""Gives the private address of an instance that there still is."""


@dataclass(frozen=True, slots=True)
class Node:
    """One node of a load balancer; each writes files of its own."""

    number: int
    of: int
    ip: str


@dataclass(frozen=True, slots=True)
class AccessLogs:
    """The access log files of one site's load balancer."""

    journal: Journal
    target_group: str
    """Its ARN."""
    address: Address

    def nodes(self) -> list[Node]:
        zones = self.journal.site.zones
        return [Node(place, len(zones), f"{zone.cidr.rsplit('.', 1)[0]}.8") for place, zone in enumerate(zones)]

    def key(self, start: int, node: Node) -> str:
        """Give the name of the file whose five minutes begin at `start`."""
        scope, end = self.journal.site.scope, from_epoch(start + FILE_SECONDS)
        balancer = self.journal.load_balancer.replace("/", ".")
        chance = f"{key(self.journal.source.seed, balancer, start, node.number):016x}"
        return (
            f"AWSLogs/{scope.account}/elasticloadbalancing/{scope.region}/{end:%Y/%m/%d}/{scope.account}_"
            f"elasticloadbalancing_{scope.region}_{balancer}_{end:%Y%m%dT%H%MZ}_{node.ip}_{chance[:8]}.log.gz"
        )

    def sizes(self, start: int, end: int) -> list[int]:
        """Give the bytes of the files of each five minutes between two epoch seconds, without making any."""
        requests = self.journal.requests(start, end).reshape(-1, FILE_SECONDS // MINUTE).sum(axis=1)
        lines = np.ceil(requests / len(self.nodes())) + SPARE_LINES
        return [int(size) for size in LINE_BYTES * lines]

    def file(self, start: int, node: Node) -> bytes:
        """Give the file; an empty member at its end makes it as long as `sizes` said before it was made."""
        lines = [line for minute in range(start, start + FILE_SECONDS, MINUTE) for line in self._lines(minute, node)]
        packed = gzip.compress(("\n".join(lines) + "\n").encode(), compresslevel=3, mtime=0)
        (size,) = self.sizes(start, start + FILE_SECONDS)
        return packed + _filler(size - len(packed))

    def _lines(self, minute: int, node: Node) -> Iterator[str]:
        now = self.journal.moments(minute)
        found = visits(now)
        mine = found.number % node.of == node.number
        served = [self._served_by(now, presence.instance, place) for place, presence in enumerate(now.presences)]
        columns = (found.milliseconds, found.outcome, found.target, found.path, found.person, found.seconds)
        rows = zip(
            *(c.tolist() for c in (*columns, found.client, found.size)), traces(found), mine.tolist(), strict=True
        )
        micros = (found.number * 7919 % 1000).tolist()
        for (*values, trace, is_mine), micro in zip(rows, micros, strict=True):
            if is_mine:
                yield self._line(*values, trace=trace, micro=micro, served=served)

    def _line(
        self,
        ms: int,
        outcome: int,
        target: int,
        path: int,
        person: int,
        seconds: float,
        client: int,
        size: int,
        *,
        trace: str,
        micro: int,
        served: list[str],
    ) -> str:
        nobody = target == NOBODY
        status, at_target, to = _answered(outcome, path, None if nobody else served[target])
        unanswered = "-1 -1 -1" if nobody else "0.000 -1 -1"
        times = unanswered if nobody or outcome == REFUSED else f"0.000 {seconds:.3f} 0.000"
        took = 0.0 if nobody else 10.0 if outcome == REFUSED else seconds
        begun, ended = _stamp(ms, micro), _stamp(ms + round(took * 1000), micro)
        name = self.journal.load_balancer
        url = f"http://directory.test:80{target_of(path, person)}"
        arn = self.target_group
        port = 1024 + (person * 37 + micro) % 60_000
        done = "-" if nobody else "forward"
        return (
            f"http {ended} {name} {client_of(client)}:{port} {to} {times} {status} {at_target} {180 + person % 400} "
            f'{size + 300} "{METHODS[path]} {url} HTTP/1.1" "{AGENTS[client % 5]}" - - {arn} "{trace}" "-" "-" 0 '
            f'{begun} "{done}" "-" "-" "{to}" "{at_target}" "-" "-" TID_{trace[-24:]}{person:08x}'
        )

    def _served_by(self, now: Moments, instance: str, place: int) -> str:
        """Give a target's address and port; of an instance that is gone, the address that it had."""
        zone = next((z for z in self.journal.site.zones if z.name == now.presences[place].zone), None)
        network = "10.0.0" if zone is None else zone.cidr.rsplit(".", 1)[0]
        return f"{self.address(instance) or f'{network}.{20 + key(instance) % 200}'}:80"


def _answered(outcome: int, path: int, served: str | None) -> tuple[int, str, str]:
    """Give the status for the client, the target's own, and the target: dashes where there was none."""
    if served is None:
        return UNAVAILABLE, "-", "-"
    if outcome == REFUSED:
        return GATEWAY_TIMEOUT, "-", served
    status = status_of(outcome, path)
    return status, "502" if outcome == BROKEN else str(status), served


def _stamp(ms: int, micro: int) -> str:
    return f"{from_epoch(ms // 1000):%Y-%m-%dT%H:%M:%S}.{ms % 1000:03d}{micro:03d}Z"


def _filler(size: int) -> bytes:
    """Give an empty gzip member of `size` bytes: its comment is as long as it must be.
    https://www.rfc-editor.org/rfc/rfc1952"""
    head, body = struct.pack("<BBBBIBB", 0x1F, 0x8B, 8, 0x10, 0, 0, 255), zlib.compress(b"", wbits=-15)
    spare = size - len(head) - len(body) - 9
    if spare < 0:
        raise ValueError(f"a file of the access log is {-spare} bytes longer than its lines were reckoned to take")
    return head + b" " * spare + b"\0" + body + struct.pack("<II", 0, 0)
