"""Processes that are killed, an endpoint that fails in every way, a full disk: the count at the endpoint is right."""

from __future__ import annotations

import random
import shutil
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cloud.settings import Settings
from collectors.custom import Metrics
from tests.unit.collectors.endpoint import Endpoint
from tests.unit.collectors.pushed import Arrivals
from tests.unit.collectors.test_custom import wait_for

ROOT = Path(__file__).parents[3]
PROCESS = "tests.unit.collectors.pushing_process"
Put = Callable[[Any], Any]


def started(endpoint: Endpoint, folder: Path, name: str, first: int, step: int) -> subprocess.Popen[str]:
    command = [
        sys.executable,
        "-m",
        PROCESS,
        str(endpoint.port),
        str(folder),
        str(folder / name),
        str(first),
        str(step),
    ]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def lines(path: Path) -> list[int]:
    return [int(line) for line in path.read_text().split()] if path.exists() else []


def metrics_in(endpoint: Endpoint, folder: Path, **options: Any) -> Metrics:
    settings = Settings(cloud="demo", demo_port=endpoint.port, data_dir=folder)
    return Metrics("Shop", settings=settings, flush_seconds=3600, **options)


def failing_at_times(arrivals: Arrivals, chance: random.Random) -> Put:
    """Give an endpoint that takes three of five requests and fails the others in its five ways."""

    def answer(request: Any) -> Any:
        what = chance.choice(["ok", "ok", "ok", "ok", "lost", "500 after", "500", "throttled", "hung up"])
        if what in {"ok", "lost", "500 after"}:
            arrivals.take(request)
        failures: dict[str, Any] = {
            "ok": {},
            "lost": None,
            "hung up": None,
            "throttled": (400, {"__type": "Throttling", "message": "Rate exceeded"}),
        }
        return failures.get(what, (500, {"__type": "InternalServiceFault"}))

    return answer


@pytest.mark.parametrize("seed", [1, 2])
def test_processes_that_are_killed_at_random_lose_nothing_they_accepted(
    endpoint: Endpoint, tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two processes on one spool, killed in turn while the endpoint fails in every way."""
    monkeypatch.setattr("collectors.custom_flushing.FIRST_PAUSE", 0.01)
    arrivals, chance = Arrivals(), random.Random(seed)
    endpoint.answers["PutMetricData"] = failing_at_times(arrivals, chance)
    kills = 4
    running = [started(endpoint, tmp_path, f"accepted-{n}", n, 10) for n in range(2)]
    for kill in range(kills):
        at_least = 200 + chance.randrange(2000)
        path = tmp_path / f"accepted-{kill}"
        wait_for(lambda path=path, at_least=at_least: len(lines(path)) > at_least)  # type: ignore[misc]
        running[kill].send_signal(signal.SIGKILL)
        assert running[kill].wait() == -signal.SIGKILL, running[kill].communicate()
        if len(running) < kills:
            running.append(started(endpoint, tmp_path, f"accepted-{len(running)}", len(running), 10))
    for process in running:
        process.communicate()

    endpoint.answers["PutMetricData"] = arrivals.take
    metrics = metrics_in(endpoint, tmp_path)
    assert metrics.flush().failed is None
    counts, status = metrics.status().counts, metrics.status()
    metrics.close()
    accepted = {number for n in range(kills) for number in lines(tmp_path / f"accepted-{n}")}
    arrived = Counter({int(value): count for (_, value), count in arrivals.values.items()})
    assert accepted <= set(arrived), "nothing accepted is lost"
    assert len(set(arrived) - accepted) <= kills, "a put that the kill kept from being written down, at most"
    assert arrived.total() - len(arrived) <= counts.repeated, "what came twice is counted"
    assert counts.delivered == len(arrived)
    assert (status.waiting, counts.damaged, counts.dropped, counts.rejected) == (0, 0, 0, 0)


def test_a_socket_that_hangs_is_given_up_and_the_batch_counted_as_repeated(
    endpoint: Endpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cloud.clients.PUSH_SECONDS", 0.2)
    arrivals, release = Arrivals(), threading.Event()

    def hanging(request: Any) -> Any:
        arrivals.take(request)
        release.wait(30)
        return {}

    endpoint.answers["PutMetricData"] = hanging
    metrics = metrics_in(endpoint, tmp_path)
    metrics.put("N", 1)
    assert metrics.flush().failed is not None
    release.set()
    assert metrics.flush().failed is None
    assert metrics.status().counts.repeated == 1
    assert arrivals.values == {("N", 1.0): 2}
    metrics.close()


@pytest.mark.parametrize(
    ("answer", "repeated"),
    [
        ((400, {"__type": "Throttling", "message": "Rate exceeded"}), 0),
        ((429, {"__type": "TooManyRequestsException"}), 0),
        ((403, {"__type": "AccessDenied", "message": "no"}), 0),
        ((500, {"__type": "InternalServiceFault"}), 2),
        ((503, {"__type": "ServiceUnavailable"}), 2),
        (None, 2),
    ],
)
def test_what_fails_is_tried_again_and_is_repeated_only_where_it_may_have_arrived(
    endpoint: Endpoint, tmp_path: Path, answer: Any, repeated: int
) -> None:
    arrivals = Arrivals()
    endpoint.answers["PutMetricData"] = lambda _: answer
    metrics = metrics_in(endpoint, tmp_path)
    metrics.put("N", 1)
    for _ in range(2):
        assert metrics.flush().failed is not None
    assert metrics.status().trouble
    endpoint.answers["PutMetricData"] = arrivals.take
    assert metrics.flush().failed is None
    counts = metrics.status().counts
    assert (counts.delivered, counts.repeated, counts.requests) == (1, repeated, 3)
    assert metrics.status().trouble == ""
    metrics.close()


def test_a_cap_that_is_reached_makes_it_wait(endpoint: Endpoint, tmp_path: Path, monkeypatch: Any) -> None:
    """Beyond the free million a call costs money, and the cap is zero: nothing leaves, nothing is lost."""
    monkeypatch.setattr("cloud.metering.Meter._used_by", lambda *_: 1_000_000)
    metrics = metrics_in(endpoint, tmp_path)
    metrics.put("N", 1)
    failed = metrics.flush().failed
    assert "the monthly cap on our own calls is $0.00" in str(failed)
    assert endpoint.asked == []
    assert metrics.status().waiting == 1
    metrics.close()


def namespaces() -> bool:
    unshare = shutil.which("unshare")
    return (
        bool(unshare)
        and subprocess.run([str(unshare), "-rm", "true"], capture_output=True, check=False).returncode == 0
    )


@pytest.mark.skipif(not namespaces(), reason="this machine gives no disk of our own: unshare -rm does not work")
def test_on_a_full_disk_accepted_stays_accepted_and_delivery_makes_room(endpoint: Endpoint, tmp_path: Path) -> None:
    arrivals = Arrivals()
    endpoint.answers["PutMetricData"] = arrivals.take
    disk, accepted = tmp_path / "disk", tmp_path / "accepted"
    disk.mkdir()
    warm = f"mount -t tmpfs -o size=1400k none {disk} && exec {sys.executable} -m {PROCESS} {endpoint.port} {disk}"
    run = subprocess.run(
        ["unshare", "-rm", "sh", "-c", f"{warm} {accepted} 0 1 --until-full"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert run.returncode == 0, run.stderr
    assert "takes no more: No space left on device" in run.stdout
    arrived = {int(value): count for (_, value), count in arrivals.values.items()}
    assert arrived == dict.fromkeys(lines(accepted), 1)
    assert len(arrived) > 10_000
