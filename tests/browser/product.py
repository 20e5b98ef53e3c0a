"""The whole product in processes of its own: demo cloud, collector and dashboard on free ports."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
BEHIND = timedelta(minutes=8)
"""How far behind the real clock the demo cloud starts: so much can be told before it is in the viewer's future.

No more than the ten minutes in which a datapoint may still come: an older gap is never asked for again.
"""


@dataclass
class Product:
    """A running product."""

    url: str
    demo_url: str
    clock: datetime
    """Where the demo cloud's time stands."""

    def advance(self, seconds: int) -> None:
        """Let the demo cloud's time run on; it stands still otherwise."""
        self.post("advance", {"seconds": seconds})
        self.clock += timedelta(seconds=seconds)

    def catch_up(self, *, behind: timedelta, second: int) -> None:
        """Bring the demo cloud's time up to `behind` the real clock, at a `second` of the minute.

        While other tests ran it stood still; a datapoint that comes more than ten minutes late is not asked for again.
        """
        wanted = (datetime.now(UTC) - behind).replace(second=second, microsecond=0)
        self.advance(
            int(max(wanted - self.clock, timedelta(seconds=(second - self.clock.second) % 60)).total_seconds())
        )

    def post(self, control: str, body: dict[str, Any]) -> None:
        request = urllib.request.Request(  # noqa: S310 - loopback
            f"{self.demo_url}/_demo/{control}", data=json.dumps(body).encode(), method="POST"
        )
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - loopback
            assert answer.status == 200


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


@contextmanager
def running(data_dir: Path, *, behind: timedelta = BEHIND, **settings: str) -> Iterator[Product]:
    """Start the product; `settings` are WATCHKEEPER_… variables in lower case."""
    demo, port = free_port(), free_port()
    environ = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("WATCHKEEPER_", "AWS_"))},
        "PYTHONPATH": str(ROOT),
        "WATCHKEEPER_CLOUD": "demo",
        "WATCHKEEPER_DATA_DIR": str(data_dir),
        "WATCHKEEPER_DEMO_PORT": str(demo),
        "WATCHKEEPER_PORT": str(port),
        "WATCHKEEPER_POLL_SECONDS": "5",
        "WATCHKEEPER_REFRESH_SECONDS": "5",
        **{f"WATCHKEEPER_{name.upper()}": value for name, value in settings.items()},
    }
    at = (datetime.now(UTC) - behind).replace(microsecond=0)
    commands = (
        ["-m", "demo", "--port", str(demo), "--at", at.isoformat()],
        ["-m", "collectors"],
        ["streamlit_app.py"],
    )
    processes: list[subprocess.Popen[bytes]] = []
    with (data_dir / "product.log").open("wb") as log:
        try:
            for command, probe in zip(commands, (f"http://127.0.0.1:{demo}/_demo/health", "", ""), strict=True):
                processes.append(
                    subprocess.Popen([sys.executable, *command], cwd=ROOT, env=environ, stdout=log, stderr=log)
                )
                if probe:
                    wait_for(probe, processes)
            wait_for(f"http://127.0.0.1:{port}/healthz", processes)
            yield Product(f"http://127.0.0.1:{port}", f"http://127.0.0.1:{demo}", at)
        finally:
            for process in processes:
                process.terminate()
            for process in processes:
                process.wait(20)


def wait_for(url: str, processes: list[subprocess.Popen[bytes]]) -> None:
    for _ in range(300):
        assert all(process.poll() is None for process in processes), f"a process ended before {url} answered"
        try:
            with urllib.request.urlopen(url, timeout=1) as answer:  # noqa: S310 - loopback
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"nothing answered at {url}")
