"""Which addresses and URLs a probe goes to."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.page_load.addresses import REFUSED, refusal
from collectors.page_load.sites import BAD_PORTS, RefusedError, read

INSIDE = [
    "169.254.169.254", "fe80::1", "fe80::1%eth0", "fd00:ec2::254", "127.0.0.1", "127.255.255.255", "::1", "10.0.0.1",
    "172.16.0.1", "172.31.255.255", "192.168.1.1", "fc00::1", "100.64.0.1", "100.127.255.255", "0.0.0.0", "::",  # noqa: S104
    "224.0.0.1", "255.255.255.255", "ff02::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1",
    "2002:7f00:1::", "2002:a9fe:a9fe::1", "64:ff9b::a9fe:a9fe", "64:ff9b::7f00:1", "64:ff9b:1::a00:1",
    "192.0.2.7", "198.18.0.1", "240.0.0.1", "2001:db8::1", "2001:0:a9fe:a9fe::1",
]  # fmt: skip
OUTSIDE = ["8.8.8.8", "1.1.1.1", "100.63.255.255", "100.128.0.0", "172.32.0.0", "11.0.0.0", "2606:4700::1111",
           "::ffff:8.8.8.8", "64:ff9b::808:808"]  # fmt: skip


@pytest.mark.parametrize("text", INSIDE)
def test_what_is_not_the_public_internet_is_refused(text: str) -> None:
    assert refusal(ip_address(text))


@pytest.mark.parametrize("text", OUTSIDE)
def test_the_public_internet_is_not(text: str) -> None:
    assert refusal(ip_address(text)) == ""


@given(st.ip_addresses(v=4), st.sampled_from(["mapped", "6to4", "nat64", "compatible"]))
def test_an_address_within_another_is_judged_as_itself(inner: IPv4Address, form: str) -> None:
    number = int(inner)
    outer = {
        "mapped": (0xFFFF << 32) | number,
        "6to4": (0x2002 << 112) | (number << 80),
        "nat64": (0x64FF9B << 96) | number,
        "compatible": number,
    }[form]
    if refusal(inner):
        assert refusal(IPv6Address(outer))


@given(st.ip_addresses())
def test_nothing_that_is_refused_is_public_and_every_range_is_refused(address: IPv4Address | IPv6Address) -> None:
    within = any(net.version == address.version and address in net for net, _ in REFUSED)
    assert not within or refusal(address)
    if isinstance(address, IPv4Address) and not refusal(address):
        assert address.is_global
        assert not address.is_multicast


def test_a_network_is_allowed_by_name_and_credentials_only_by_their_own() -> None:
    private, metadata = ip_address("10.1.2.3"), ip_address("169.254.169.254")
    assert refusal(private, allowed=[ip_network("10.1.0.0/16")]) == ""
    assert refusal(private, allowed=[ip_network("10.2.0.0/16")])
    assert refusal(ip_address("::ffff:10.1.2.3"), allowed=[ip_network("10.1.0.0/16")]) == ""
    assert refusal(metadata, allowed=[ip_network("0.0.0.0/0"), ip_network("169.0.0.0/8")])
    assert refusal(ip_address("64:ff9b::a9fe:a9fe"), allowed=[ip_network("0.0.0.0/0"), ip_network("::/0")])
    assert refusal(metadata, allowed=[ip_network("169.254.169.254/32")]) == ""


def test_a_url_is_taken_apart() -> None:
    site = read("HTTPS://Shop.Example:8443/a/b?c=d#e")
    assert (site.scheme, site.host, site.port, site.target) == ("https", "shop.example", 8443, "/a/b?c=d")
    assert site.url == "https://shop.example:8443/a/b?c=d"
    assert read("http://[2606:4700::1111]/").authority == "[2606:4700::1111]"
    assert site.followed("/x").url == "https://shop.example:8443/x"
    assert site.followed("//other.example/y").host == "other.example"


@pytest.mark.parametrize(
    "url",
    [
        "http://2130706433/", "http://0x7f000001/", "http://0x7f.1/", "http://0177.0.0.1/", "http://127.1/",
        "http://127.0.0.1./", "http://1.2.3.4.5/", "http://0/", "http://[::1%25lo]/", "http://[fe80::1%eth0]/",
        "http://good.example@169.254.169.254/", "http://good.example:80@evil.example/", "http://@evil.example/",
        "http://good.example\\@evil.example/", "http://good.example\t.evil.example/", "http://①②⑦.⓪.⓪.①/",
        "data:text/html,x", "http://good.example /", "http://good%2eexample/",
        "http:///x", "http://", "//good.example/",
        "good.example",
        "file:///etc/passwd", "gopher://good.example/", "ftp://good.example/", "javascript:alert(1)",
        "http://good.example:22/", "http://good.example:25/", "http://good.example:6667/", "http://good.example:0/",
        "http://good.example:99999/", "http://good.example:x/", "http://-bad-.example/", "http://a..b/",
        "http://good.example/" + "x" * 2_000, "http://good.example/\r\nHost: evil",
    ],
)  # fmt: skip
def test_odd_urls_are_refused_with_a_sentence(url: str) -> None:
    with pytest.raises(RefusedError, match=r"\w"):
        read(url)


@pytest.mark.parametrize("location", ["file:///etc/passwd", "http://0x7f.1/", "http://u@x.example/", "http://a\\b/"])
def test_redirects_are_read_as_strictly(location: str) -> None:
    with pytest.raises(RefusedError):
        read("https://shop.example/").followed(location)


@given(st.text(max_size=80))
def test_reading_never_fails_in_another_way_and_is_stable(text: str) -> None:
    for url in (text, f"http://{text}", f"https://shop.example/{text}", f"http://shop.example:{text}/"):
        try:
            site = read(url)
        except RefusedError:
            continue
        assert read(site.url) == site
        assert site.port in {80, 443} or (site.port > 1023 and site.port not in BAD_PORTS)
        assert site.literal is None or str(site.literal).count(".") in {0, 3}
