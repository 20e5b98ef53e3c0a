"""Clients that wait for no turn: what a test reads is not paced."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from cloud.caps import Caps
from cloud.clients import Clients
from cloud.metering import Meter
from cloud.pacing import Pacer
from cloud.settings import Settings
from core.money import ZERO, Money
from tests.unit.collectors.endpoint import ACCOUNTS, Endpoint, Ticking


class _Time:
    """Time that passes while somebody waits, and at no other time."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def pass_by(self, seconds: float) -> None:
        self.now += seconds


def unpaced(endpoint: Endpoint, data_dir: Path, *, cap: Money = ZERO, clock: Ticking | None = None) -> Clients:
    """Give clients of the demo kind that speak with the endpoint as fast as they can."""
    settings = Settings(cloud="demo", demo_port=endpoint.port, data_dir=data_dir, accounts=ACCOUNTS)
    time = _Time()
    pacer = Pacer(clock=time, sleep=time.pass_by)
    return Clients(settings, Meter(settings.data_dir, clock=clock or Ticking(), caps=Caps(cap), pacer=pacer))


@pytest.fixture
def make_clients() -> Callable[..., Clients]:
    return unpaced
