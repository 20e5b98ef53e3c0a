"""What every test gets: no way outside, no credentials of the person who runs it, a `__main__` that stays itself."""

from __future__ import annotations

import ipaddress
import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from cloud.database import Place
from tests import postgres
from tests.places import NewPlace, new_prefix

for name in [name for name in os.environ if name.startswith("AWS_")]:
    del os.environ[name]
os.environ["AWS_CONFIG_FILE"] = os.environ["AWS_SHARED_CREDENTIALS_FILE"] = os.devnull
os.environ["AWS_EC2_METADATA_DISABLED"] = "true"

# A slow machine is no mistake of the code; no test here is about time.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

_connect = socket.socket.connect


def _stays_here(address: Any) -> bool:
    if not isinstance(address, tuple):
        return True  # a Unix socket
    host = address[0]
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _guarded(self: socket.socket, address: Any) -> None:
    if not _stays_here(address):
        raise AssertionError(f"a test tried to reach {address!r}; tests talk to this machine only")
    _connect(self, address)


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket.socket, "connect", _guarded)


@pytest.fixture(autouse=True)
def _main_stays_main() -> Iterator[None]:
    """AppTest puts the page's script in place of `__main__`; a process spawned later would run the page."""
    main = sys.modules["__main__"]
    yield
    sys.modules["__main__"] = main


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[postgres.Server]:
    """The one server of a run. In CI its tests fail where there is none; a person's are left out."""
    with postgres.serving() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def new_place(request: pytest.FixtureRequest, tmp_path: Path) -> NewPlace:
    """Gives empty places for shared data; a test that asks for this runs on both kinds."""
    if request.param == "sqlite":
        return lambda: Place(tmp_path / new_prefix())
    server: postgres.Server = request.getfixturevalue("postgres_server")
    return lambda: Place(tmp_path, server.url, new_prefix())


@pytest.fixture
def place(new_place: NewPlace) -> Place:
    """An empty place for shared data; a test that asks for this runs on both kinds."""
    return new_place()
