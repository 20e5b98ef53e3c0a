"""A probe over HTTP against small servers: what it times, what it refuses, what ends it."""

from __future__ import annotations

import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from collectors.page_load.connecting import Gate
from collectors.page_load.http_probe import HttpProbe, Limits
from collectors.page_load.sites import RefusedError
from tests.unit.collectors.page_load.sites import LOOPBACK, METADATA, FakeResolver, moved, page, probe, serving

AT = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
HOME = FakeResolver({"shop.example": [["127.0.0.1"]]})


def test_a_page_is_loaded_and_each_phase_is_timed() -> None:
    with serving(home=page(b"x" * 3_000)) as port:
        found = probe(HOME).load(f"http://shop.example:{port}/", at=AT)
    assert (found.problem, found.status, found.size) == ("", 200, 3_000)
    assert list(found.phases) == ["Dns", "Connect", "FirstByte", "Content"]
    assert found.total == pytest.approx(sum(found.phases.values()))
    names = {point.name: point for point in found.points(phases=True)}
    assert set(names) == {"PageFailed", "PageLoadTime", "DnsPhase", "ConnectPhase", "FirstBytePhase", "ContentPhase"}
    assert names["PageFailed"].value == 0
    assert names["PageLoadTime"].dimensions == {"Page": f"shop.example:{port}/", "Source": "probe"}


def test_redirects_are_followed_and_counted_apart() -> None:
    with serving(home=moved("/next"), next=moved("/last?x=1"), last=page()) as port:
        found = probe(HOME).load(f"http://shop.example:{port}/", at=AT)
    assert [url.rpartition("/")[2] for url in found.redirects] == ["next", "last?x=1"]
    assert found.phases["Redirect"] > 0
    assert found.page.endswith("/")


def test_a_loop_of_redirects_ends() -> None:
    with serving(home=moved("/")) as port:
        found = probe(HOME, limits=Limits(redirects=3)).load(f"http://shop.example:{port}/", at=AT)
    assert "more than 3 redirects" in found.problem
    assert found.total is None
    assert [(point.name, point.value) for point in found.points()] == [("PageFailed", 1.0)]


@pytest.mark.parametrize(
    "to",
    [
        f"http://{METADATA}/latest/meta-data/", f"http://[::ffff:{METADATA}]/", "http://metadata.example/",
        "http://10.0.0.7/", "http://2852039166/", "http://[fd00:ec2::254]/", "file:///etc/passwd",
    ],
)  # fmt: skip
def test_a_redirect_to_where_credentials_are_is_not_followed(to: str) -> None:
    resolver = FakeResolver({"shop.example": [["127.0.0.1"]], "metadata.example": [[METADATA]]})
    with serving(home=moved(to)) as port:
        found = probe(resolver).load(f"http://shop.example:{port}/", at=AT)
    assert found.problem.startswith("a redirect is not followed: ")


def test_an_address_that_is_not_allowed_is_refused_before_anything_is_sent() -> None:
    with serving(home=page()) as port, pytest.raises(RefusedError, match="loopback"):
        probe(HOME, allowed=False).load(f"http://shop.example:{port}/", at=AT)
    with pytest.raises(RefusedError, match="link-local"):
        probe(HOME).load(f"http://{METADATA}/latest/", at=AT)


def test_one_refused_address_refuses_the_name() -> None:
    mixed = FakeResolver({"shop.example": [["127.0.0.1", METADATA]]})
    with pytest.raises(RefusedError, match="link-local"):
        probe(mixed).load("http://shop.example:8000/", at=AT)


def test_a_name_that_changes_its_address_has_nothing_to_gain() -> None:
    """Rebinding: the check sees a good address, everybody who asks later the one of the credentials."""
    rebinding = FakeResolver({"shop.example": [["127.0.0.1"], [METADATA]]})
    with serving(home=page(), again=moved("/")) as port:
        found = probe(rebinding).load(f"http://shop.example:{port}/", at=AT)
        assert (found.status, rebinding.asked) == (200, ["shop.example"])
        rebinding.asked.clear()
        found = probe(rebinding).load(f"http://shop.example:{port}/again", at=AT)
    assert "link-local" in found.problem


def test_an_error_of_the_server_is_a_failure_with_its_status() -> None:
    with serving() as port:
        found = probe(HOME).load(f"http://shop.example:{port}/nothing", at=AT)
    assert (found.status, found.problem) == (404, "the server answered 404")


def test_a_page_that_is_too_large_is_not_read_to_its_end() -> None:
    with serving(home=page(b"x" * 500_000)) as port:
        found = probe(HOME, limits=Limits(size=100_000)).load(f"http://shop.example:{port}/", at=AT)
    assert "larger than 100,000 bytes" in found.problem
    assert found.size < 300_000


def dripping(handler: BaseHTTPRequestHandler) -> None:
    try:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nX: ")
        for _ in range(100):
            handler.wfile.write(b"x")
            handler.wfile.flush()
            time.sleep(0.05)
    except OSError:
        handler.close_connection = True


def test_drops_of_an_answer_do_not_renew_the_time_limit() -> None:
    began = time.perf_counter()
    with serving(home=dripping) as port:
        found = probe(HOME, limits=Limits(seconds=0.3)).load(f"http://shop.example:{port}/", at=AT)
    assert "took longer than 0.3 s" in found.problem
    assert time.perf_counter() - began < 3


@pytest.mark.parametrize(
    "answer",
    [b"", b"garbage\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", b"HTTP/1.1 200 OK\r\n" * 300],
)
def test_what_is_no_web_server_is_said_so(answer: bytes) -> None:
    with once(answer) as port:
        found = probe(HOME).load(f"http://shop.example:{port}/", at=AT)
    assert "did not answer as a web server does" in found.problem


def test_a_name_that_is_not_known_and_a_port_where_nobody_listens() -> None:
    assert "not known" in probe(HOME).load("http://other.example/", at=AT).problem
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        found = probe(HOME).load(f"http://shop.example:{unused.getsockname()[1]}/", at=AT)
    assert "did not answer on port" in found.problem


def test_a_resolver_that_hangs_does_not_hang_the_probe() -> None:
    hang = threading.Event()

    def never(_name: str, _port: int) -> list[str]:
        hang.wait(5)
        return []

    slow = HttpProbe(Gate(LOOPBACK, never), time.perf_counter, Limits(0.2))
    assert "was not resolved in time" in slow.load("http://shop.example/", at=AT).problem
    hang.set()


@contextmanager
def once(answer: bytes, context: ssl.SSLContext | None = None) -> Iterator[int]:
    """Listen, and answer every connection with the same bytes."""
    listener = socket.create_server(("127.0.0.1", 0))

    def run() -> None:
        while True:
            try:
                line, _ = listener.accept()
                with context.wrap_socket(line, server_side=True) if context else line as wrapped:
                    wrapped.recv(4_096)
                    wrapped.sendall(answer)
            except ssl.SSLError:
                continue
            except OSError:
                return

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    subprocess.run(
        [
            "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", path, "-out", f"{path}.crt",
            "-days", "30", "-subj", "/CN=shop.example", "-addext", "subjectAltName=DNS:shop.example",
        ],
        check=True,
        capture_output=True,
    )  # fmt: skip
    path.write_bytes(path.read_bytes() + Path(f"{path}.crt").read_bytes())
    return path


def test_tls_is_timed_for_the_name_and_says_how_long_the_certificate_lasts(certificate: Path) -> None:
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificate)
    trusting = ssl.create_default_context(cafile=f"{certificate}.crt")
    names = FakeResolver({"shop.example": [["127.0.0.1"]], "other.example": [["127.0.0.1"]]})
    with once(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", server) as port:
        tls = HttpProbe(Gate(LOOPBACK, names), time.perf_counter, Limits(), trusting)
        found = tls.load(f"https://shop.example:{port}/", at=datetime.now(UTC))
        foreign = tls.load(f"https://other.example:{port}/", at=AT)
        untrusted = probe(names).load(f"https://shop.example:{port}/", at=AT)
    assert list(found.phases) == ["Dns", "Connect", "Tls", "FirstByte", "Content"]
    assert found.certificate_days is not None
    assert 29 < found.certificate_days <= 30
    assert "certificate of other.example is not trusted" in foreign.problem
    assert "certificate of shop.example is not trusted" in untrusted.problem
