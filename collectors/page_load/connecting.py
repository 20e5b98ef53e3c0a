"""The only way in which a probe reaches a server: resolve once, check what came back, connect to just that.

The name is never resolved again, so a name server that answers 93.184.216.34 to the check and 169.254.169.254 to the
connection has nothing to gain.
"""

from __future__ import annotations

import queue
import socket
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final

from collectors.page_load.addresses import Address, Network, refusal
from collectors.page_load.sites import RefusedError, Site

Stopwatch = Callable[[], float]
"""Seconds on a clock that only goes forward."""
Resolver = Callable[[str, int], Sequence[str]]
"""(name, port) → addresses, in the order in which they are tried; raises OSError."""
MOST_TRIED: Final = 4
"""Addresses of one name that are tried."""


def system_resolver(name: str, port: int) -> Sequence[str]:
    """Ask the machine's resolver."""
    found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return [str(each[4][0]) for each in found]


class UnreachedError(Exception):
    """The server was not reached, or said nothing that can be used; the message says at which step."""


@dataclass(frozen=True, slots=True)
class Gate:
    """Lets connections through to allowed addresses only."""

    allowed: Sequence[Network] = ()
    resolve: Resolver = system_resolver

    def addresses(self, site: Site, *, seconds: float) -> tuple[Address, ...]:
        """Give the addresses of a site, every one of them checked; raises `RefusedError` and `UnreachedError`.

        One refused address refuses the name: an honest name has no private address beside a public one.
        """
        literal = site.literal
        found = (literal,) if literal is not None else self._resolved(site, seconds)
        for address in found:
            if why := refusal(address, allowed=self.allowed):
                raise RefusedError(
                    f"{site.host} is {address}, which is {why}; a probe goes there only where "
                    f"WATCHKEEPER_PROBE_ALLOW names its network"
                )
        return found[:MOST_TRIED]

    def _resolved(self, site: Site, seconds: float) -> tuple[Address, ...]:
        try:
            texts = _within(seconds, lambda: self.resolve(site.host, site.port))
        except TimeoutError:
            raise UnreachedError(f"the name {site.host} was not resolved in time") from None
        except (OSError, UnicodeError) as error:
            raise UnreachedError(f"the name {site.host} is not known: {_said(error)}") from None
        found = tuple(dict.fromkeys(ip_address(text) for text in texts))
        if not found:
            raise UnreachedError(f"the name {site.host} has no address")
        return found


def connect(addresses: Sequence[Address], port: int, *, until: float, stopwatch: Stopwatch) -> socket.socket:
    """Connect to the first of `addresses` that answers; raises `UnreachedError`."""
    last = "no address was tried"
    for place, address in enumerate(addresses):
        left = until - stopwatch()
        if left <= 0:
            break
        family = socket.AF_INET6 if address.version == 6 else socket.AF_INET
        raw = socket.socket(family, socket.SOCK_STREAM)
        raw.settimeout(left / (len(addresses) - place))
        try:
            raw.connect((str(address), port))
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError as error:
            raw.close()
            last = f"{address} did not answer on port {port}: {_said(error)}"
        else:
            return raw
    raise UnreachedError(last)


def _within(seconds: float, ask: Callable[[], Sequence[str]]) -> Sequence[str]:
    """Give an answer that has no time limit of its own, or raise TimeoutError; the thread is left to end by itself."""
    answers: queue.SimpleQueue[Sequence[str] | BaseException] = queue.SimpleQueue()

    def run() -> None:
        try:
            answers.put(ask())
        except (OSError, UnicodeError) as error:
            answers.put(error)

    threading.Thread(target=run, daemon=True, name="probe-resolver").start()
    answer: Sequence[str] | BaseException | None = None
    with suppress(queue.Empty):
        answer = answers.get(timeout=max(0.001, seconds))
    if answer is None:
        raise TimeoutError
    if isinstance(answer, BaseException):
        raise answer
    return answer


def _said(error: Exception) -> str:
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return str(text)[:120]
