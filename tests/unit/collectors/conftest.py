"""Endpoint, clients and store of a test of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from cloud.clients import Clients
from cloud.database import Place
from collectors.store import Store
from core.money import Money
from tests.unit.collectors.endpoint import Endpoint, clients_of, serving


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    for name in list(os.environ):
        if name.startswith(("AWS_", "WATCHKEEPER_")):
            monkeypatch.delenv(name)


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with serving() as endpoint:
        yield endpoint


@pytest.fixture
def make_clients() -> Callable[..., Clients]:
    """How the clients of a test are made; a folder of tests may have its own way."""
    return clients_of


@pytest.fixture
def clients(endpoint: Endpoint, tmp_path: Path, make_clients: Callable[..., Clients]) -> Iterator[Clients]:
    clients = make_clients(endpoint, tmp_path)
    yield clients
    clients.close()


@pytest.fixture
def rich(endpoint: Endpoint, tmp_path: Path, make_clients: Callable[..., Clients]) -> Iterator[Clients]:
    """Clients that may spend."""
    clients = make_clients(endpoint, tmp_path, cap=Money(Decimal(100)))
    yield clients
    clients.close()


@pytest.fixture
def store(place: Place) -> Iterator[Store]:
    store = Store(place)
    yield store
    store.close()
