"""Which addresses a probe may connect to. Pure: what a name resolves to is the caller's.

A probe connects from inside the account's network to a place that somebody typed, or that a foreign server redirects
to. So everything that is not the public internet is refused, unless a setting names its network.
Sources: IANA's special-purpose address registries for IPv4 and IPv6, and RFC 6052 for addresses within addresses.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network
from typing import Final

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_LINK_LOCAL: Final = "link-local, where an instance's credentials are given out"
_REFUSED: Final[tuple[tuple[str, str], ...]] = (
    ("169.254.0.0/16", _LINK_LOCAL),
    ("fe80::/10", _LINK_LOCAL),
    ("fd00:ec2::/32", _LINK_LOCAL),
    ("127.0.0.0/8", "loopback"),
    ("::1/128", "loopback"),
    ("10.0.0.0/8", "private"),
    ("172.16.0.0/12", "private"),
    ("192.168.0.0/16", "private"),
    ("fc00::/7", "private"),
    ("fec0::/10", "private"),
    ("100.64.0.0/10", "shared by a carrier's customers"),
    ("0.0.0.0/8", "this network"),
    ("::/128", "this network"),
    ("192.0.0.0/24", "reserved"),
    ("192.0.2.0/24", "documentation"),
    ("198.51.100.0/24", "documentation"),
    ("203.0.113.0/24", "documentation"),
    ("2001:db8::/32", "documentation"),
    ("3fff::/20", "documentation"),
    ("198.18.0.0/15", "for benchmarks"),
    ("2001:2::/48", "for benchmarks"),
    ("224.0.0.0/4", "multicast"),
    ("ff00::/8", "multicast"),
    ("240.0.0.0/4", "reserved"),
    ("100::/64", "discarded"),
    ("5f00::/16", "reserved"),
    ("64:ff9b:1::/48", "a translation of this network"),
)
REFUSED: Final[tuple[tuple[Network, str], ...]] = tuple((ip_network(text), why) for text, why in _REFUSED)
"""(network, what it is), the narrower before the wider."""
_NAT64: Final = ip_network("64:ff9b::/96")
_COMPATIBLE: Final = ip_network("::/96")


def refusal(address: Address, *, allowed: Sequence[Network] = ()) -> str:
    """Say what keeps a probe from connecting to `address`; empty where nothing does.

    A link-local address must be allowed by a network that is link-local itself: a wide one never opens the way to
    credentials. An address that carries another one is judged by both.

    >>> from ipaddress import ip_address
    >>> refusal(ip_address("127.0.0.1")), refusal(ip_address("8.8.8.8"))
    ('loopback', '')
    """
    plain = address.ipv4_mapped if isinstance(address, IPv6Address) and address.ipv4_mapped else address
    named = next(((net, why) for net, why in REFUSED if _holds(net, plain)), None)
    if named is not None:
        return "" if _is_allowed(plain, named, allowed) else named[1]
    for inner in _carried(plain):
        if found := refusal(inner, allowed=allowed):
            return f"{found} ({inner} within {plain})"
    if plain.is_global or next(_carried(plain), None) is not None or any(_holds(net, plain) for net in allowed):
        return ""
    return "not of the public internet"


def _is_allowed(address: Address, named: tuple[Network, str], allowed: Sequence[Network]) -> bool:
    network, why = named
    return any(_holds(net, address) and (why != _LINK_LOCAL or _within(net, network)) for net in allowed)


def _holds(network: Network, address: Address) -> bool:
    return network.version == address.version and address in network


def _within(inner: Network, outer: Network) -> bool:
    if isinstance(inner, IPv4Network) and isinstance(outer, IPv4Network):
        return inner.subnet_of(outer)
    return isinstance(inner, IPv6Network) and isinstance(outer, IPv6Network) and inner.subnet_of(outer)


def _carried(address: Address) -> Iterator[IPv4Address]:
    """Give the IPv4 addresses within an IPv6 one: 6to4, Teredo, NAT64, and the old compatible form."""
    if isinstance(address, IPv4Address):
        return
    if address.sixtofour is not None:
        yield address.sixtofour
    if address.teredo is not None:
        yield from address.teredo
    if address in _NAT64 or address in _COMPATIBLE:
        yield IPv4Address(int(address) & 0xFFFF_FFFF)
