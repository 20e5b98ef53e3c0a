"""Demo clouds that tests talk to over the wire."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from cloud.clients import Clients
from core.timespan import Timespan
from tests.wire.clouds import Cloud, bare_cloud, cloud_process


@pytest.fixture(scope="session")
def cloud() -> Iterator[Cloud]:
    """The demo world in a process of its own, standing still; for tests that only read."""
    with cloud_process("--seed", "1") as running:
        yield running


@pytest.fixture
def fresh_cloud() -> Iterator[Cloud]:
    """The demo world in a process of its own, for one test that changes it or moves its time."""
    with cloud_process("--seed", "1") as running:
        yield running


@pytest.fixture
def bare() -> Iterator[Cloud]:
    """A cloud with nothing in it, in this process, for one test; moto's own state is shared."""
    with bare_cloud() as running:
        yield running


EVER = Timespan(datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))


@pytest.fixture(autouse=True)
def ledger_is_the_endpoints_count(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Hold every test that reads a cloud through the meter to this: what the ledger counted is what arrived there.

    A test that goes through a failing proxy has an endpoint of its own, and compares with that.
    """
    made: list[Clients] = []
    make = Clients.__init__

    def noted(self: Clients, *arguments: Any, **options: Any) -> None:
        make(self, *arguments, **options)
        made.append(self)

    monkeypatch.setattr(Clients, "__init__", noted)
    names = [name for name in ("cloud", "fresh_cloud", "bare", "counting", "priced") if name in request.fixturenames]
    found: list[Cloud] = [request.getfixturevalue(name) for name in names]
    before = {each.url: Counter(each.get("/_demo/calls/watchkeeper")) for each in found}
    yield
    for each in found:
        meters = {c.settings.data_dir: c.meter for c in made if c.settings.demo_endpoint == each.url}
        counted: Counter[str] = Counter()
        for meter in meters.values():
            for total in meter.totals(EVER):
                counted[f"{total.service}:{total.operation}"] += total.calls
        if meters:
            assert counted == Counter(each.get("/_demo/calls/watchkeeper")) - before[each.url]
