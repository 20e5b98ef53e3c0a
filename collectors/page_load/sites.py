"""Where a URL leads: read strictly, because two readers of one odd URL are how a check is got round. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final
from urllib.parse import urljoin, urlsplit

from collectors.page_load.addresses import Address

LONGEST_URL: Final = 2_000
"""Characters; browsers and servers agree up to here."""
DEFAULT_PORTS: Final = {"http": 80, "https": 443}
BAD_PORTS: Final = frozenset(
    {1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6679, 6697, 10080, *range(6665, 6670)}
)
"""Above 1023, where browsers refuse HTTP because something else listens. Source: https://fetch.spec.whatwg.org/#port-blocking"""
_NAME: Final = re.compile(r"(?=.{1,253}\.?$)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_-]{1,63}\.?")
_NUMBER: Final = re.compile(r"(?:\d+|0x[0-9a-f]*)")


class RefusedError(ValueError):
    """A probe does not go there. The message says what was given, and what is accepted."""


@dataclass(frozen=True, slots=True)
class Site:
    """One URL, taken apart."""

    url: str
    """As it is asked for, without a fragment."""
    scheme: str
    host: str
    """In lower case: a name, or an address as it is written without brackets."""
    port: int
    target: str
    """What the request line says: path and query."""

    @property
    def literal(self) -> Address | None:
        """The address where the host is one."""
        return _address(self.host)

    @property
    def authority(self) -> str:
        """The `Host` header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def path(self) -> str:
        """The path without the query."""
        return self.target.partition("?")[0]

    def followed(self, location: str) -> Site:
        """Give where a redirect leads; raises `RefusedError`."""
        check_text(location)
        return read(urljoin(self.url, location))


def check_text(url: str) -> None:
    """Refuse what two readers could read in two ways; raises `RefusedError`."""
    if len(url) > LONGEST_URL:
        raise RefusedError(f"the URL has {len(url)} characters; give at most {LONGEST_URL}")
    if not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        raise RefusedError(
            f"{url[:80]!r} holds spaces, backslashes or signs beyond ASCII; write them as %20, and a name as xn--…"
        )


def read(url: str) -> Site:
    """Give the site of a URL; raises `RefusedError`.

    >>> read("https://shop.example/a?b=1").authority
    'shop.example'
    """
    check_text(url)
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise RefusedError(f"{url[:80]!r} is no URL: {error}") from None
    if parts.scheme not in DEFAULT_PORTS:
        raise RefusedError(f"{url[:80]!r} is not http or https; a probe asks for nothing else")
    if "@" in parts.netloc:
        raise RefusedError(f"the URL of {(parts.hostname or '')[:80]!r} holds a user name; leave out all before the @")
    scheme, host = parts.scheme, check_host(parts.hostname or "")
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    site = Site("", scheme, host, check_port(DEFAULT_PORTS[scheme] if port is None else port), target)
    return Site(f"{scheme}://{site.authority}{target}", scheme, host, site.port, target)


def check_host(host: str) -> str:
    """Give a name or an address in its one usual form; raises `RefusedError`."""
    if _address(host) is not None:
        return host
    if ":" in host or _NUMBER.fullmatch(host.rstrip(".").rpartition(".")[2]):
        # Browsers and libraries read 2130706433, 0x7f.1 and 0177.0.0.1 as addresses, each in its own way.
        raise RefusedError(f"host {host[:80]!r} is a number; write an address as 192.0.2.1 or [2001:db8::1]")
    if not _NAME.fullmatch(host):
        raise RefusedError(f"host {host[:80]!r} is no name; write it as shop.example.com")
    return host


def check_port(port: int) -> int:
    """Give back a port where a web server may be; raises `RefusedError`."""
    if port in {80, 443} or (port > 1023 and port not in BAD_PORTS):
        return port
    raise RefusedError(f"port {port} is not asked: other services listen there; use 80, 443 or one from 1024 on")


def _address(host: str) -> Address | None:
    try:
        found = ip_address(host)
    except ValueError:
        return None
    scoped = isinstance(found, IPv6Address) and found.scope_id is not None
    return None if scoped or (isinstance(found, IPv4Address) and str(found) != host) else found
