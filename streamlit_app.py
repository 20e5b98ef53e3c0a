"""The web application: settings, the script that Streamlit runs, our routes and headers.

`python streamlit_app.py` serves it.
"""

from __future__ import annotations

import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import streamlit as st

from cloud.settings import Settings, SettingsError, load
from core import lifeline
from dashboard import cached, serving, warmup
from dashboard.beacon import BeaconDesk

ROOT = Path(__file__).parent


def clock() -> datetime:
    """Give the instant now; the only clock of the dashboard."""
    return datetime.now(UTC)  # noqa: TID251 - the dashboard's one clock


def read_settings() -> Settings:
    """Give the settings, or end with a line for each that cannot be used."""
    try:
        return load()
    except SettingsError as error:
        sys.exit(f"Watchkeeper cannot start:\n{error}")


settings = read_settings()
beacon_desk = BeaconDesk(settings, clock=clock, stopwatch=time.monotonic)
cached.provide(lambda: cached.build(settings, clock=clock, beacons=beacon_desk.beacons))


@asynccontextmanager
async def lifespan(_: st.App) -> AsyncIterator[dict[str, Any] | None]:
    """Pay at the start what viewers would pay; stop what reads in the background when the server stops."""
    warmup.settle()
    yield None
    cached.close()
    beacon_desk.close()


app = st.App(
    ROOT / "dashboard" / "main.py",
    routes=serving.build_routes(cached.is_ready, beacon_desk.route()),
    middleware=serving.build_middleware(),
    lifespan=lifespan,
)

if __name__ == "__main__":
    lifeline.follow()
    app.run(config=serving.server_options(settings))
