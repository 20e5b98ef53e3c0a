"""Loads a page over HTTP as a browser's first request does, and times each phase.

Own sockets, with http.client reading the answer: the probe has to connect to the address that was checked while it
speaks for the name, and to take the time between two phases. Libraries hide both behind their pools.
"""

from __future__ import annotations

import hashlib
import http.client
import io
import itertools
import socket
import ssl
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final

from collectors.page_load.connecting import Gate, Stopwatch, UnreachedError, connect
from collectors.page_load.putting import LOAD, PHASES, Point
from collectors.page_load.sites import RefusedError, Site, read

MOST_REDIRECTS: Final = 10
MOST_BYTES: Final = 20_000_000
"""Of one answer as it is on the wire; nothing is unpacked."""
MOST_SECONDS: Final = 30.0
AGENT: Final = "Mozilla/5.0 (compatible; Watchkeeper probe)"
_MOVED: Final = frozenset({301, 302, 303, 307, 308})
_CHUNK: Final = 65_536


@dataclass(frozen=True, slots=True)
class Limits:
    """What a load may take at most."""

    seconds: float = MOST_SECONDS
    """For everything, redirects included."""
    size: int = MOST_BYTES
    redirects: int = MOST_REDIRECTS


@dataclass(frozen=True, slots=True)
class Measured:
    """One load of one page. A phase that did not take place is absent; it did not take zero seconds."""

    url: str
    """As it was given."""
    page: str
    """What its metrics are named by: host and path."""
    at: datetime
    phases: dict[str, float] = field(default_factory=dict)
    """Seconds of each of `PHASES`: of the last answer, all before it under `Redirect`."""
    status: int | None = None
    """None where nothing answered."""
    redirects: tuple[str, ...] = ()
    """Where the page was found in the end, and on the way: every URL after the first."""
    certificate_days: float | None = None
    """Until the certificate of the last answer ends; None without TLS."""
    size: int = 0
    """Bytes of the last body on the wire."""
    problem: str = ""
    """What went wrong, a sentence; empty where the page was loaded. May hold foreign text."""

    @property
    def total(self) -> float | None:
        """Seconds from the first look-up to the last byte; None where it did not come."""
        return None if self.problem else sum(self.phases.values())

    def points(self, *, phases: bool = False) -> tuple[Point, ...]:
        """Give what is worth a metric: the load time or the failure, the certificate, and the phases if wanted."""
        where = {"Page": self.page, "Source": "probe"}
        found = {"PageFailed": float(bool(self.problem))}
        if self.total is not None:
            found[LOAD] = self.total
        if self.certificate_days is not None:
            found["CertificateDaysLeft"] = self.certificate_days
        if phases and not self.problem:
            found |= {f"{name}Phase": self.phases[name] for name in PHASES if name in self.phases}
        return tuple(Point(name, value, where, self.at) for name, value in found.items())


@dataclass(frozen=True, slots=True)
class HttpProbe:
    """Loads pages through a gate."""

    gate: Gate
    stopwatch: Stopwatch
    limits: Limits = Limits()
    trusted: ssl.SSLContext = field(default_factory=ssl.create_default_context)

    def load(self, url: str, *, at: datetime) -> Measured:
        """Load a page; never raises for what the network or the server does.

        Raises `RefusedError` where `url` itself leads to a place that is not asked.
        """
        site = read(url)
        until = self.stopwatch() + self.limits.seconds
        done = Measured(url, page_name(site), at)
        began = self.stopwatch()
        for _ in range(self.limits.redirects + 1):
            before = self.stopwatch() - began
            try:
                answer = self._ask(site, until)
                done = _with(done, answer, before)
                if not answer.location:
                    return done
                site = site.followed(answer.location)
            except RefusedError as error:
                if done.status is None:
                    raise
                return replace(done, problem=f"a redirect is not followed: {error}")
            except UnreachedError as error:
                return replace(done, problem=str(error))
            done = replace(done, redirects=(*done.redirects, site.url))
        return replace(done, problem=f"more than {self.limits.redirects} redirects, the last to {site.url[:120]}")

    def _ask(self, site: Site, until: float) -> _Answer:
        """Make one request, and time it."""
        marks = [self.stopwatch()]
        addresses = self.gate.addresses(site, seconds=until - marks[0])
        marks.append(self.stopwatch())
        line = connect(addresses, site.port, until=until, stopwatch=self.stopwatch)
        try:
            marks.append(self.stopwatch())
            if site.scheme == "https":
                line = self._secured(line, site, until)
            marks.append(self.stopwatch())
            return self._exchange(_Timed(line, until, self.stopwatch), site, marks)
        except ssl.SSLCertVerificationError as error:
            raise UnreachedError(f"the certificate of {site.host} is not trusted: {error.verify_message}") from None
        except TimeoutError:
            raise UnreachedError(f"{site.host} took longer than {self.limits.seconds:g} s") from None
        except (OSError, http.client.HTTPException) as error:
            said = str(error)[:120] or type(error).__name__
            raise UnreachedError(f"{site.host} did not answer as a web server does: {said}") from None
        finally:
            line.close()

    def _secured(self, raw: socket.socket, site: Site, until: float) -> ssl.SSLSocket:
        raw.settimeout(max(0.001, until - self.stopwatch()))
        return self.trusted.wrap_socket(raw, server_hostname=site.host.rstrip("."))

    def _exchange(self, line: _Timed, site: Site, marks: list[float]) -> _Answer:
        """Send the request and read the answer to its end, or as far as the limits go."""
        line.send(_request(site))
        response = http.client.HTTPResponse(line, method="GET")  # type: ignore[arg-type]
        response.fp.peek(1)
        marks.append(self.stopwatch())
        response.begin()
        location = response.getheader("Location") or "" if response.status in _MOVED else ""
        size = 0
        while not location and size <= self.limits.size and (part := response.read1(_CHUNK)):
            size += len(part)
        if response.length and size <= self.limits.size and not location:
            raise http.client.IncompleteRead(b"", response.length)
        marks.append(self.stopwatch())
        spans = [after - before for before, after in itertools.pairwise(marks)]
        absent = {"Tls": site.scheme == "http", "Dns": site.literal is not None}
        phases = {name: span for name, span in zip(PHASES[1:], spans, strict=True) if not absent.get(name)}
        over = f"the page is larger than {self.limits.size:,} bytes; reading ended there" * (size > self.limits.size)
        return _Answer(response.status, phases, location, size, over, line.certificate())


@dataclass(frozen=True, slots=True)
class _Answer:
    """One answer to one request."""

    status: int
    phases: dict[str, float]
    location: str
    size: int
    problem: str
    ends: datetime | None
    """When the certificate does."""

    def certificate_days(self, at: datetime) -> float | None:
        return None if self.ends is None else (self.ends - at).total_seconds() / 86_400


class _Timed(io.RawIOBase):
    """A connection of which every read has only the time that is left: slow drips do not renew it."""

    def __init__(self, line: socket.socket, until: float, stopwatch: Stopwatch) -> None:
        self._line, self._until, self._stopwatch = line, until, stopwatch

    def _arm(self) -> None:
        left = self._until - self._stopwatch()
        if left <= 0:
            raise TimeoutError
        self._line.settimeout(left)

    def send(self, data: bytes) -> None:
        self._arm()
        self._line.sendall(data)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        self._arm()
        return self._line.recv_into(buffer)

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(self, _CHUNK)

    def certificate(self) -> datetime | None:
        """Give when the certificate ends; None without TLS."""
        found = self._line.getpeercert() if isinstance(self._line, ssl.SSLSocket) else None
        return datetime.fromtimestamp(ssl.cert_time_to_seconds(str(found["notAfter"])), UTC) if found else None


def _with(done: Measured, answer: _Answer, before: float) -> Measured:
    """Give what is known after one more answer."""
    bad = f"the server answered {answer.status}" if answer.status >= 400 else ""
    return replace(
        done,
        status=answer.status,
        phases=({"Redirect": before} if done.redirects else {}) | answer.phases,
        certificate_days=answer.certificate_days(done.at),
        size=answer.size,
        problem=answer.problem or bad,
    )


def page_name(site: Site) -> str:
    """Name a page as a metric's dimension: host and path, never the query; a long one ends in a digest.

    >>> page_name(read("https://shop.example/cart?user=7"))
    'shop.example/cart'
    """
    name = f"{site.authority}{site.path}"
    if len(name) <= 200:
        return name
    return f"{name[:180]}~{hashlib.sha256(name.encode()).hexdigest()[:12]}"


def _request(site: Site) -> bytes:
    lines = (
        f"GET {site.target} HTTP/1.1", f"Host: {site.authority}", f"User-Agent: {AGENT}", "Accept: text/html,*/*;q=0.8",
        "Accept-Encoding: gzip", "Connection: close", "", "",
    )  # fmt: skip
    return "\r\n".join(lines).encode("ascii")
