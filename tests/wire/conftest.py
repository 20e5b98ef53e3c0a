"""Demo clouds that tests talk to over the wire."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

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
